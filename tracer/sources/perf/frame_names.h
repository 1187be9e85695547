/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FRAME_NAMES_H
#define CTRACE_FRAME_NAMES_H

/*
 * Functions, files and lines for the frames of a trace, before it is closed, so that
 * it can be read on any machine. One module after the other, so that the debugging information
 * of only one is in memory.
 */

#include "tracer/sources/perf/module_table.h"
#include "tracer/sources/perf/stack_table.h"

struct ctrace_names_report {
	uint32_t named, unnamed; /* frames */
	char text[200];		 /* empty, or what was given up and why */
};

/* Rows of FRAMES for all that can be found. Blocks: on the disk.  Allocates: yes. */
void ctrace_frame_names(struct ctrace_stacks *stacks, struct ctrace_modules *modules,
			struct ctrace_names_report *report);

#endif
