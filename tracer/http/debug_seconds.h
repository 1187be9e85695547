/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_SECONDS_H
#define CTRACE_DEBUG_SECONDS_H

/* The parameters `seconds` and `last` of /debug/pprof/trace. */

#include <stdbool.h>
#include <stdint.h>

/*
 * A positive decimal number: "5", "0.2", ".5", "1e1", "+2". What is absent (NULL), no
 * such number, or not above zero means the default of one second, as in Go.
 * False: above CTRACE_DEBUG_SECONDS_MAX.
 *
 * Thread: any.  Blocks: no.  Allocates: no.  Not touched by the locale.
 */
bool ctrace_debug_seconds_parse(const char *text, int64_t *duration_ns);

/* The same numbers, but nothing is taken for what it does not say: false also for those. */
bool ctrace_debug_last_parse(const char *text, int64_t *last_ns);

#endif
