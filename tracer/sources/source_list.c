/* SPDX-License-Identifier: MIT */
/* All sources; see source.h. */

#include "tracer/sources/source.h"

#include "tracer/sources/alloc_source.h"
#include "tracer/sources/bpf/bpf_source.h"
#include "tracer/sources/lock_source.h"
#include "tracer/sources/perf/perf_samples.h"
#include "tracer/sources/perf/perf_sched.h"
#include "tracer/sources/perf/perf_switch.h"
#include "tracer/sources/preload_source.h"
#include "tracer/sources/span_source.h"
#include "tracer/sources/tracefs/tracefs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct ctrace_source *const ctrace_source_list[] = {
	&ctrace_source_spans,
	&ctrace_source_tracefs,
	&ctrace_source_bpf,
	&ctrace_source_perf_sched,
	&ctrace_source_perf_switch,
	&ctrace_source_perf_samples,
	&ctrace_source_preload,
	&ctrace_source_alloc,
	&ctrace_source_alloc_full,
	&ctrace_source_locks,
	NULL,
};

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
