/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_GROWTH_H
#define CTRACE_RING_GROWTH_H

/*
 * A ring that is full goes on in memory of twice the size. Positions are
 * continuous: segment k has those from `grown_from[k - 1]` on, segment 0 is what the
 * ring was made with.
 *
 *     owner      ──full──► next segment ──told──► writes there
 *     collector  tail … from in the old segment, from … published in the new one;
 *                once the tail is there, it has settled: the old one is over
 *
 * One step at a time: until the collector has settled (grown == settled) the owner
 * neither grows again nor discards.
 *
 * The order of stores, for who reads a ring from outside or after it was killed at any
 * instruction of this:
 *
 *     1. the segment is made, all of its space with it. Nobody knows of it: a file
 *        without meaning, if it ends here
 *     2. grown_from[grown], then grown + 1 (release). `published` is still at `from`:
 *        there is nothing in the new segment, and all of the old one counts
 *     3. the owner's level stands in the new segment; records; published (release)
 *        moves beyond `from`. Who sees that it did sees 2
 *     4. the collector has read the old segment: tail (release) at `from` or beyond
 *     5. settled + 1 (release): who reads begins in the new segment. Killed between 4
 *        and 5, the old one is opened once more, and nothing of it is left to take
 *     6. the old memory goes back: a file's name goes only now
 *
 * Memory goes back in 6 by the collector, whose process it is. In a ring directory the
 * collector may be another process, so there the owner does it, the next time it
 * looks how far the collector is. The first file stays: it has the shared page.
 *
 * A ring in private memory whose thread is gone goes back to the memory it was made with; one
 * in a ring directory keeps its size for the next thread.
 *
 *     [G] grown: release by the owner behind the segment and before it publishes from
 *         there; the collector looks at published first, then here, acquire.
 *         settled: release by the collector behind its last look at the old memory;
 *         acquire by the owner.
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

/* Has the collector still to settle in the newest segment? Thread: the owner. */
bool ctrace_growth_is_pending(const struct ctrace_ring *ring);

/* In a ring directory: give back what the collector has left. Thread: the owner, level 0 claimed.
 */
void ctrace_growth_give_back_old(struct ctrace_ring *ring);
static inline void ctrace_growth_tidy(struct ctrace_ring *ring)
{
	if (ring->old.data != NULL) {
		ctrace_growth_give_back_old(ring);
	}
}

/*
 * The segment behind the one at ring->data; NULL: there is none, or it cannot be had.
 * *published is what may be read then. Thread: the collector, which looked at it before.
 */
const struct ctrace_segment *ctrace_growth_look(const struct ctrace_ring *ring,
						uint64_t *published);

/* The tail is in the new segment: it is the only one from here on. Thread: the collector. */
void ctrace_growth_settle(struct ctrace_ring *ring);

/* Back to the first memory, of a private one. Thread: the collector, ring empty and nobody's. */
void ctrace_growth_undo(struct ctrace_ring *ring);

#endif
