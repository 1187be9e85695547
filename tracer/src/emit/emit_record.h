/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_EMIT_RECORD_H
#define CTRACE_EMIT_RECORD_H

/*
 * A record on its way into a ring, for both ways there: the fast one of emit.c, and the slow one,
 * emit_slow.c, that takes everything unusual.
 *
 * Thread: the ring's.  Signal handler: yes.  Blocks: as the policy says.  Allocates: a first
 * event's ring.
 */

#include "tracer/src/emit/emit.h"

struct ctrace_emit_record {
	uint32_t code; /* with CTRACE_END_BIT for ends */
	unsigned count;
	const struct ctrace_arg *args;
	uint64_t bytes;
	uintptr_t frame; /* stack pointer of the function that the program called */
};

static inline struct ctrace_loss_count *ctrace_emit_loss_of(const struct ctrace_ring *ring,
							    enum ctrace_loss reason)
{
	return &ring->shared->lost[reason];
}

/* The words of `args`, from `at` on. */
void ctrace_emit_put_args(const struct ctrace_level_place *place, uint64_t at,
			  const struct ctrace_arg *args, unsigned count);

/* The record, and what stands in its way: a first event's ring is made, room is found, what a jump
 * cut off is cleared. Its code, or 0: it is lost, and counted. */
unsigned ctrace_emit_slow(const struct ctrace_emit_record *record);
/* One without arguments. */
unsigned ctrace_emit_word_slow(uint32_t code, uintptr_t frame);

#endif
