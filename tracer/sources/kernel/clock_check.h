/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CLOCK_CHECK_H
#define CTRACE_CLOCK_CHECK_H

/*
 * The clock's self-test: calls of our own between two readings of the recorder's
 * clock, and the kernel's stamps of the same calls, which must lie between them.
 *
 *     ctrace_clock_check_run(&check)             calls; the kernel records them
 *       ctrace_clock_check_stamp(&check, ticks)  each stamp, in any order
 *     ctrace_clock_check_add(&check, &counts)    compared, if there is one of each call
 */

#include "tracer/sources/source.h"

#define CTRACE_CLOCK_CHECK_CALLS 64u

struct ctrace_clock_check {
	struct {
		uint64_t before, after; /* ticks */
	} calls[CTRACE_CLOCK_CHECK_CALLS];
	uint64_t stamps[CTRACE_CLOCK_CHECK_CALLS];
	unsigned stamp_count; /* more than there are calls: not all are ours */
};

/* The system call that it makes. */
long ctrace_clock_check_call(void);

void ctrace_clock_check_run(struct ctrace_clock_check *check);
void ctrace_clock_check_stamp(struct ctrace_clock_check *check, uint64_t ticks);
void ctrace_clock_check_add(struct ctrace_clock_check *check, struct ctrace_source_counts *counts);

#endif
