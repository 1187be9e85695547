/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_SELFTEST_H
#define CTRACE_PERF_SELFTEST_H

/*
 * Do the kernel's stamps, in ticks, lie where they must? The recorder names itself
 * again and again, reads its clock just before and after, and the kernel's record of
 * each naming has to lie between the two. Any user may do it.
 */

#include "tracer/sources/kernel/clock_anchors.h"
#include "tracer/sources/source.h"

/*
 * One run: what it found is added to `counts`. Does nothing where perf does not open.
 * Blocks: for a quarter of a millisecond.  Allocates: yes.
 */
void ctrace_perf_selftest(struct ctrace_clock_anchors *anchors,
			  struct ctrace_source_counts *counts);

#endif
