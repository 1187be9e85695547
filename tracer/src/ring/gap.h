/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_GAP_H
#define CTRACE_GAP_H

/*
 * Overwriting: the collector's half of discard.h, where the picture is.
 */

#include "tracer/src/ring/ring.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * From now on owners in this process may discard: for good, since one may be about to.
 * Thread: the collector between two passes, or any while there is no collector.
 */
void ctrace_gaps_expect(void);
bool ctrace_gaps_are_expected(void);

/* A gap as the collector found it, and where it ends. */
struct ctrace_gap_seen {
	uint64_t position; /* the tail */
	uint64_t count;	   /* of all gaps so far */
	bool is_new;	   /* not taken before: what follows holds */
	uint64_t first, last;
	uint64_t spans_count;
	uint64_t spans[CTRACE_GAP_SPANS_MAX];
};

/* The tail and its gap, at one instant. Thread: any. */
struct ctrace_gap_seen ctrace_gap_look(const struct ctrace_ring_shared *shared);

/*
 * Take [tail, to) of a ring that may be discarded from: `copy`, of a whole ring's bytes, then
 * holds it, its first byte at copy[0]. Returns the gap before it. If nothing is left before
 * `to`, nothing is taken, unless `is_last`: then the gap is.
 * Thread: the collector.
 */
struct ctrace_gap_seen ctrace_gap_take(const struct ctrace_ring *ring, uint64_t *to, bool is_last,
				       uint64_t *copy);

#endif
