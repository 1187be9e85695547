/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_POLICY_H
#define CTRACE_POLICY_H

/*
 * What happens to an event that finds its thread's ring full. Only emit's slow
 * path asks; docs/rings.md is the user's view.
 *
 *     drop        the ring grows (ring_growth.h); if it may not, the event is lost and counted
 *     overwrite   the oldest quarter of the ring is lost and counted (discard.h)
 *     block       the ring grows; if it may not, the thread waits a bounded time for the
 *                 collector, then as drop
 *
 * Signal handlers that interrupted an emit write to small rings of their own,
 * which always drop.
 */

#include "tracer/src/ring/ring.h"

#include <stdbool.h>
#include <stdint.h>

enum ctrace_policy { CTRACE_POLICY_DROP, CTRACE_POLICY_OVERWRITE, CTRACE_POLICY_BLOCK };

/* "drop", "overwrite", "block": what it is, or -1. */
int ctrace_policy_named(const char *name);

/*
 * From now on. Thread: the collector between two passes, or any while there is no
 * collector: it must know whether rings it reads may be discarded from.
 */
void ctrace_policy_set(enum ctrace_policy policy);

/* How long an event may wait under `block`. Thread: any. */
void ctrace_policy_set_block_ms(unsigned milliseconds);

/*
 * The ring is full at level 0, which the caller has claimed: it was, with the collector at
 * `tail`. True: look again, there may be room for `bytes` now. False: the event is lost.
 *
 * Whoever decides compares with that tail, not with a later one: a collector that has emptied
 * the ring since has nothing more to move it for.
 *
 * Thread: the owner.  Signal handler: yes.  Blocks: under `block`, outside of handlers, a
 * bounded time.  Allocates: maps.
 */
bool ctrace_policy_find_room(struct ctrace_ring *ring, uint64_t tail, uint64_t bytes);

#endif
