/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TOP_STACK_H
#define CTRACE_TOP_STACK_H

/* A stack in the tables of `ctrace top`. */

#include "format/reader.h"

#include <stdio.h>

/* "usleep < caller < main", from what the program called to sleep on, at most `most` functions of
 * it; " < …" where there are more. What would move the cursor becomes '?'. */
void ctrace_top_stack_text(FILE *out, const struct ctrace_trace *trace, uint32_t stack,
			   unsigned most);
/* One function of it. */
void ctrace_top_stack_function(FILE *out, const struct ctrace_trace *trace,
			       const struct ctrace_frame_row *frame);
/* An array of {"function", "file", "line"}, innermost first, all of it. */
void ctrace_top_stack_json(FILE *out, const struct ctrace_trace *trace, uint32_t stack);
/* One of them. */
void ctrace_top_stack_frame_json(FILE *out, const struct ctrace_trace *trace,
				 const struct ctrace_frame_row *frame);

#endif
