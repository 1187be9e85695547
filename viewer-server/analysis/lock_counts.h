/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOCK_COUNTS_H
#define CTRACE_LOCK_COUNTS_H

/*
 * Which locks cost how much, and which threads wait for each other in a circle.
 *
 *     ctrace_lock_counts_init(&counts, &waits, trace, &settings)
 *       counts.rows                   locks that are held first, each group by total
 *     ctrace_lock_counts_finish(&counts)
 *     ctrace_lock_cycles_init(&cycles, &waits)
 *       cycles.items                  the waits of each cycle, one after the other
 *     ctrace_lock_cycles_finish(&cycles)
 *
 * A wait that touches the range counts whole; one that is not over counts to the trace's end; one
 * that was left counts in neither. Percentiles are of the nearest rank, exact.
 *
 * Thread: any, own object.  Allocates: 32 bytes a wait, and the rows.
 */

#include "viewer-server/analysis/lock_waits.h"

struct ctrace_lock_row {
	uint64_t pid, lock;
	unsigned kind;		       /* of its first wait */
	uint64_t count;		       /* waits, with those that are not over */
	uint64_t waiting;	       /* not over */
	uint64_t total, p50, p99, max; /* ns */
	uint64_t holder,
		holder_count; /* who had it most often when a wait began; tid 0: not known */
	uint64_t threads;     /* how many have waited for it */
	/* Where most of its time was waited, and where most of that was ended, as far as stacks
	 * are known: rows of FRAMES, 0: not known. */
	uint32_t waited_in, let_go_in;
	/* Likewise, where the holder was in most of it; and the longest wait of which that is
	 * known, NULL: of none. */
	uint32_t held_in;
	const struct ctrace_seen_wait *held;
	uint64_t known, known_total; /* waits whose stack is known, and their ns */
	const struct ctrace_seen_wait *longest;
	const struct ctrace_seen_wait *waits; /* all of the lock, also those not counted */
	size_t wait_count;
};

/* The waits are borrowed. */
struct ctrace_lock_counts {
	struct ctrace_lock_row *rows; /* owned */
	size_t count;
};

struct ctrace_lock_settings {
	uint64_t start, end;	 /* ns; end UINT64_MAX: to the end */
	const uint64_t *threads; /* who waits: tids, ascending; of none, all */
	uint32_t thread_count;
	bool is_of_held; /* only locks that are held: no conditions, semaphores, … */
};

enum ctrace_status ctrace_lock_counts_init(struct ctrace_lock_counts *counts,
					   const struct ctrace_lock_waits *waits,
					   const struct ctrace_trace *trace,
					   const struct ctrace_lock_settings *settings);
/* Does the wait count? */
bool ctrace_lock_is_counted(const struct ctrace_lock_settings *settings,
			    const struct ctrace_seen_wait *wait);
void ctrace_lock_counts_finish(struct ctrace_lock_counts *counts);

/* Each wait's holder is the thread of the next one of its cycle, the last one's that of the first.
 */
struct ctrace_lock_cycles {
	const struct ctrace_seen_wait **items; /* owned; the waits are borrowed */
	size_t *ends;			       /* owned; behind the last wait of each cycle */
	size_t count, item_count;
};

enum ctrace_status ctrace_lock_cycles_init(struct ctrace_lock_cycles *cycles,
					   const struct ctrace_lock_waits *waits);
void ctrace_lock_cycles_finish(struct ctrace_lock_cycles *cycles);

#endif
