/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_CLOCK_H
#define CTRACE_TRACEFS_CLOCK_H

/*
 * The clock of an instance: the recorder's own where the kernel has it (x86-tsc, mono_raw), else
 * one whose stamps are converted by anchors.
 */

#include "tracer/sources/kernel/clock_anchors.h"
#include "tracer/sources/source.h"

struct ctrace_tracefs_clock {
	const char *name; /* as trace_clock names it */
	bool is_own;	  /* stamps are ticks */
	struct ctrace_clock_anchors anchors;
};

/* Choose the best that the instance has, and set it. */
bool ctrace_tracefs_clock_set(struct ctrace_tracefs_clock *clock, int directory,
			      struct ctrace_source_answer *answer);

const char *ctrace_tracefs_clock_name(const struct ctrace_tracefs_clock *clock);

/* Before each round of conversions. */
void ctrace_tracefs_clock_round(struct ctrace_tracefs_clock *clock);

uint64_t ctrace_tracefs_clock_ticks(const struct ctrace_tracefs_clock *clock, uint64_t stamp);
/* And back. */
uint64_t ctrace_tracefs_clock_stamp(const struct ctrace_tracefs_clock *clock, uint64_t ticks);

#endif
