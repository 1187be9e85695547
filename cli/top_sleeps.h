/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TOP_SLEEPS_H
#define CTRACE_TOP_SLEEPS_H

/* What `ctrace top` says of where threads slept. Nothing where nobody looked. */

#include "viewer-server/analysis/sleep_sums.h"

#include <stdio.h>

/* `rows` at most; 0: all. False: no memory. */
bool ctrace_top_sleeps_text(FILE *out, const struct ctrace_sleep_sums *sums,
			    const struct ctrace_trace *trace, uint64_t rows);
/* A member of an object with a comma before it. */
void ctrace_top_sleeps_json(FILE *out, const struct ctrace_sleep_sums *sums,
			    const struct ctrace_trace *trace);

#endif
