/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_SEEN_H
#define CTRACE_RING_SEEN_H

/*
 * What a collector may read of a ring in one pass: decided once, the same for every
 * session, while the owner and its signal handlers go on writing.
 *
 *     ctrace_ring_see               positions, losses: records before them are committed
 *     ctrace_ring_seen_take_over    out of the reach of an owner that overwrites
 *     …sessions read [from, to)…
 *
 * Handlers' records are seen together with what they interrupted, or left for the next
 * pass, so that time never falls. Thread: the collector.
 */

#include "tracer/src/ring/gap.h"
#include "tracer/src/ring/ring.h"

struct ctrace_ring_seen {
	uint64_t now; /* ticks */
	uint64_t from, to;
	const uint8_t *copy; /* of [from, to), where the owner may be overwriting; else NULL */
	struct ctrace_gap_seen gap;	   /* before `from` */
	const struct ctrace_segment *next; /* where positions from next->from on are; NULL: none */
	uint64_t nested_to[CTRACE_NESTED_LEVELS];
	uint64_t lost[CTRACE_REASONS];
	uint64_t lost_first[CTRACE_REASONS], lost_last[CTRACE_REASONS];
	bool has_nested, has_lost;
	bool is_possible; /* by what a ring can hold */
};

/* Where the collector is in the ring of a level of handlers. */
static inline uint64_t ctrace_ring_nested_tail(const struct ctrace_ring *ring, unsigned level)
{
	return atomic_load_explicit(&ring->shared->nested_tail[level], memory_order_relaxed);
}

/*
 * Look. `nested_passes` counts for how many passes handlers' records had to wait in a row.
 * `is_last`: also take what a handler wrote while the event it interrupted is unfinished.
 */
void ctrace_ring_see(struct ctrace_ring_seen *seen, const struct ctrace_ring *ring,
		     unsigned *nested_passes, bool is_last);

/* Take what was looked at out of the owner's reach, or leave it where it is safe. */
void ctrace_ring_seen_take_over(struct ctrace_ring_seen *seen, const struct ctrace_ring *ring,
				bool is_last);

#endif
