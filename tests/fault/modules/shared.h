/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TEST_SHARED_H
#define CTRACE_TEST_SHARED_H

/* Sites in a header, which every file that includes it has: one site in the trace. */

#include <ctrace/trace.h>

static inline int shared_inline(int n)
{
	TRACE_SPAN_C("shared", "shared inline", TRACE_I64("n", n));
	return n + 1;
}

#endif
