/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_OWN_H
#define CTRACE_PERF_OWN_H

/*
 * Perf events of the threads of our own process, which run already. An event of a
 * thread on a processor is inherited by the threads that it makes; but a thread that was made while
 * the list was read may have been missed by its maker's event, or be in both. So each thread that
 * is found has events of its own, and where a record came by two ways, one is taken:
 *
 *     thread 7 ── event 7 ──► records of 7                  its own: taken
 *        └─ made thread 8 ── inherited event 7 ──► of 8     8 was found, too: passed over
 *                         └─ event 8 ──► of 8               its own: taken
 *        └─ made thread 9 later ── inherited ──► of 9       the first way it came: taken
 */

#include "format/map.h"
#include "tracer/sources/perf/perf_record.h"

struct ctrace_perf_ways {
	struct ctrace_map tid_by_event; /* whose event it is */
	struct ctrace_map way_by_tid;	/* the thread by whose event its records come */
};

/* An event of this number in the kernel is this thread's own. False without memory. */
bool ctrace_perf_ways_add(struct ctrace_perf_ways *ways, uint64_t event, uint32_t tid);

/* Is this record taken? */
bool ctrace_perf_ways_take(struct ctrace_perf_ways *ways, const struct ctrace_perf_record *record);

/* Takes zeroed ones. */
void ctrace_perf_ways_finish(struct ctrace_perf_ways *ways);

#endif
