/* SPDX-License-Identifier: MIT */

/*
 * TRACE_LOG: formats on the caller's stack with stb_sprintf, which takes no lock
 * and no memory, and so may run in a signal handler.
 */

#include "tracer/src/limits.h"

#include <ctrace/trace.h>
#include <stdarg.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-align"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_SPRINTF_NOUNALIGNED /* whole words only where they may stand */
#define STB_SPRINTF_STATIC
#define STB_SPRINTF_IMPLEMENTATION
#include <stb/stb_sprintf.h>
#pragma GCC diagnostic pop

void ctrace_log(unsigned code, const char *format, ...)
{
	char text[CTRACE_LOG_BYTES_MAX];
	struct ctrace_arg arg = {.bytes = text};
	va_list values;
	int size;

	va_start(values, format);
	size = stbsp_vsnprintf(text, (int)sizeof(text), format, values);
	va_end(values);
	arg.word = size < 0 ? 0 : (uint64_t)size;
	if (arg.word >= sizeof(text)) {
		arg.word = sizeof(text) - 1;
	}
	ctrace_emit_args(code, &arg, 1);
}
