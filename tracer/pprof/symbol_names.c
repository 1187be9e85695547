/* SPDX-License-Identifier: MIT */

/* Demangling by the C++ runtime's own function; see symbol_names.h. */

#include "tracer/pprof/symbol_names.h"

#include "tracer/src/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* <cxxabi.h> is for C++ only. It refuses names that nest too deep. */
extern char *__cxa_demangle(const char *mangled, char *output, size_t *size, int *status);

const char *ctrace_symbol_name(const char *symbol, char *text, size_t size)
{
	char *readable = NULL;
	int status;

	if (strncmp(symbol, "_Z", 2) == 0 && strlen(symbol) <= CTRACE_MANGLED_BYTES_MAX) {
		readable = __cxa_demangle(symbol, NULL, NULL, &status);
	}
	snprintf(text, size, "%s", readable != NULL ? readable : symbol);
	free(readable);
	return text;
}
