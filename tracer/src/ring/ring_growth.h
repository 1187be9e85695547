/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_GROWTH_H
#define CTRACE_RING_GROWTH_H

/*
 * A ring that is full goes on in memory of twice the size. Positions are
 * continuous: the new segment has those from `next.from` on.
 *
 *     owner      ──full──► next = {data, bytes, from}, is_growing ──► writes there
 *     collector  tail … from in the old segment, from … published in the new one;
 *                once the tail is there: old memory goes back, is_growing is over
 *
 * One step at a time: while is_growing the owner neither grows again nor discards.
 * Once its thread is gone, a ring goes back to the memory it was made with. Rings of
 * a ring directory do not grow: a stranger finds all of them in one file.
 *
 *     [G] is_growing: release by the owner behind next and before it publishes from there;
 *         the collector looks at published first, then here, acquire. Back: release by the
 *         collector behind its last look at the old memory; acquire by the owner.
 */

#include "tracer/src/ring/ring.h"

#include <stdbool.h>
#include <stddef.h>

/* How large rings may become, for all from now on; a ring that is larger stays as it is. */
void ctrace_growth_set_max(size_t bytes);

/*
 * Twice the memory for level 0. False: it is as large as it may be, or there is none.
 * Thread: the owner, level 0 claimed.  Signal handler: yes.  Blocks: no.  Allocates: maps.
 */
bool ctrace_growth_try(struct ctrace_ring *ring);

/* The segment behind the one at ring->data; NULL: there is none. Thread: the collector, after it
 * has looked at `published`; the owner. */
const struct ctrace_segment *ctrace_growth_pending(const struct ctrace_ring *ring);

/* The tail is in the new segment: it is the only one from here on. Thread: the collector. */
void ctrace_growth_settle(struct ctrace_ring *ring);

/* Back to the first memory. Thread: the collector, ring empty and nobody's. */
void ctrace_growth_undo(struct ctrace_ring *ring);

#endif
