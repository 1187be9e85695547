/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TOP_SLEEP_LINES_H
#define CTRACE_TOP_SLEEP_LINES_H

/*
 * Sleeps by what a line says of their stacks: stacks that differ in what it leaves out (a line
 * within a function, what is within the C library) are one.
 *
 *     ctrace_top_sleep_lines_init(&lines, &sums, trace, 6)
 *       lines.items                      the most time first
 *     ctrace_top_sleep_lines_finish(&lines)
 */

#include "viewer-server/analysis/sleep_sums.h"

struct ctrace_top_sleep_line {
	char *text; /* owned */
	struct ctrace_sleep_sum sum;
	uint64_t longest; /* ns */
};

struct ctrace_top_sleep_lines {
	struct ctrace_top_sleep_line *items; /* owned */
	uint32_t count;
};

/* At most `functions` of a stack. False: no memory. Undo with _finish, also after a failure. */
bool ctrace_top_sleep_lines_init(struct ctrace_top_sleep_lines *lines,
				 const struct ctrace_sleep_sums *sums,
				 const struct ctrace_trace *trace, unsigned functions);
void ctrace_top_sleep_lines_finish(struct ctrace_top_sleep_lines *lines);

#endif
