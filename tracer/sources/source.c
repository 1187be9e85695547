/* SPDX-License-Identifier: MIT */
/* What sources have in common; see source.h. */

#include "tracer/sources/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct ctrace_source *ctrace_source_find(const char *name, size_t size)
{
	for (const struct ctrace_source *const *at = ctrace_source_list; *at != NULL; at++) {
		if (strlen((*at)->name) == size && memcmp((*at)->name, name, size) == 0) {
			return *at;
		}
	}
	return NULL;
}

void ctrace_source_refuse(struct ctrace_source_answer *answer, const char *remedy, const char *why,
			  ...)
{
	va_list arguments;

	answer->is_available = false;
	snprintf(answer->remedy, sizeof(answer->remedy), "%s", remedy);
	va_start(arguments, why);
	vsnprintf(answer->why, sizeof(answer->why), why, arguments);
	va_end(arguments);
}
