/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DISCARD_H
#define CTRACE_DISCARD_H

/*
 * Overwriting: the owner's half; the collector's is in gap.h. The owner of a full ring gives its
 * oldest quarter up, and the collector takes what is left, without either waiting for the other.
 *
 *     owner      walks whole records from the tail, counts them, writes the gap that
 *                the tail does not name, and moves the tail by compare-and-swap
 *     collector  copies tail to published, then moves the tail by compare-and-swap;
 *                what of its copy lies before the tail it found may be torn: it is
 *                counted in the gap, and thrown away
 *
 * Whoever comes second finds another tail, and looks again. The owner walks bytes
 * that only it writes, so what it reads is whole whatever the collector does. At
 * every instruction the sum of written and lost is exact: the swap is the loss.
 *
 *     [D] tail: acquire-release in both swaps. The gap before the tail that names it.
 *     [O] fences: the owner's release after its swap, before it overwrites; the collector's
 *         acquire after its copy, before its swap: who copied a new word sees the new tail.
 */

#include "tracer/src/ring/ring.h"

#include <stdint.h>

/*
 * Give up the oldest quarter of level 0, which was full with its tail at `seen_tail`; nothing if
 * the collector was quicker. Either way the tail stands elsewhere afterwards. Costs a look at each
 * record it gives up.
 * Thread: the owner, level 0 claimed.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */
void ctrace_discard_oldest(struct ctrace_ring *ring, uint64_t seen_tail);

#endif
