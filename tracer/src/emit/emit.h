/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_EMIT_H
#define CTRACE_EMIT_H

/*
 * The fast half of emitting, inline: claim, look for room, read the clock,
 * store one word, publish. bench/emit.c builds the same lines over a fake clock.
 *
 * Measured on an AMD Zen 4 at 2.6 GHz: see bench/emit.
 */

#include "tracer/src/clock/clock.h"
#include "tracer/src/ring/ring.h"

#include <ctrace/trace.h>

#define CTRACE_HOT __attribute__((always_inline)) static inline

/* This thread's control block; one of the three below while it has none. Static TLS: 8 bytes. */
extern __thread struct ctrace_control *ctrace_self __attribute__((tls_model("initial-exec")));

/* All zero, so that every emit takes the slow path: no ring yet, making one, exited. */
extern struct ctrace_control ctrace_control_none;
extern struct ctrace_control ctrace_control_making;
extern struct ctrace_control ctrace_control_gone;

/* Order against a signal handler on this thread; no instruction. */
CTRACE_HOT void ctrace_step(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/*
 * Claim the level; false if an emit is under way there, or if a handler that emitted
 * between the two loads of head made the claim void. *head is where to write.
 */
CTRACE_HOT bool ctrace_level_claim(struct ctrace_level *level, uint64_t *head)
{
	*head = atomic_load_explicit(&level->head, memory_order_relaxed);
	if (__builtin_expect(atomic_load_explicit(&level->claim, memory_order_relaxed) == *head,
			     0)) {
		return false;
	}
	ctrace_stack_note(&level->frame);
	ctrace_step();
	/* [H] release: the record before is published, where the collector sees this claim. */
	atomic_store_explicit(&level->claim, *head, memory_order_release);
	ctrace_step();
	return __builtin_expect(atomic_load_explicit(&level->head, memory_order_relaxed) == *head,
				1);
}

/*
 * As above, for two records with one claim. The lowest bit of the frame says so, to who counts
 * what a jump cut off; it stands before the claim does, so no claim ever stands without it.
 */
CTRACE_HOT bool ctrace_level_claim_two(struct ctrace_level *level, uint64_t *head)
{
	*head = atomic_load_explicit(&level->head, memory_order_relaxed);
	if (atomic_load_explicit(&level->claim, memory_order_relaxed) == *head) {
		return false;
	}
	atomic_store_explicit(&level->frame, ctrace_stack_pointer() | CTRACE_FRAME_OF_TWO,
			      memory_order_relaxed);
	ctrace_step();
	/* [H] release, as above. */
	atomic_store_explicit(&level->claim, *head, memory_order_release);
	ctrace_step();
	return atomic_load_explicit(&level->head, memory_order_relaxed) == *head;
}

/*
 * Give a claim up with nothing written. Head stands still, so an emit that we, a handler,
 * interrupted between its two stores goes on and takes the frame it finds for its own:
 * leave one that no frame is above. Only once the claim is gone: a claim that is cut off
 * with this frame would stand for ever.
 */
CTRACE_HOT void ctrace_level_unclaim(struct ctrace_level *level)
{
	ctrace_step();
	atomic_store_explicit(&level->claim, CTRACE_UNCLAIMED, memory_order_relaxed);
	ctrace_step();
	atomic_store_explicit(&level->frame, CTRACE_FRAME_OF_NONE, memory_order_relaxed);
}

/* Commit everything up to `head`, and with the same store unclaim. */
CTRACE_HOT void ctrace_level_commit(struct ctrace_level *level,
				    const struct ctrace_level_place *place, uint64_t head)
{
	/* [P] release: records before the mark. Met by the acquire [P] in drain. */
	atomic_store_explicit(place->published, head, memory_order_release);
	ctrace_step();
	/* [H] release: published before. Met by the acquire [H] where the collector asks whether a
	 * claim is over. */
	atomic_store_explicit(&level->head, head, memory_order_release);
}

CTRACE_HOT void ctrace_place_word(const struct ctrace_level_place *place, uint64_t position,
				  uint64_t word)
{
	/* Atomic since the collector may be copying what is given up (discard.h [D]); a plain store
	 * to the processor. */
	atomic_store_explicit((_Atomic uint64_t *)(void *)(place->data + (position & place->mask)),
			      word, memory_order_relaxed);
}

/*
 * One record of one word. False: take the slow path, nothing was written.
 * `end_bit` is constant where this is inlined: ends may go further than begins.
 * `clock` is the counter; without one, limits of 0 send every event the slow way.
 */
CTRACE_HOT bool ctrace_emit_word(struct ctrace_control *control, uint32_t code, uint32_t end_bit,
				 uint64_t (*clock)(void))
{
	struct ctrace_level *level = &control->levels[0];
	const struct ctrace_level_place *place = &control->places[0];
	uint64_t head;

	if (__builtin_expect(!ctrace_level_claim(level, &head), 0)) {
		return false;
	}
	if (__builtin_expect(
		    head >= atomic_load_explicit(end_bit ? &level->end_limit : &level->limit,
						 memory_order_relaxed),
		    0)) {
		ctrace_level_unclaim(level);
		return false;
	}
	ctrace_place_word(place, head, clock() << 16 | code | end_bit);
	ctrace_level_commit(level, place, head + 8);
	return true;
}

/*
 * The thread ends, and no emit of it can be under way: one that it was cancelled in the
 * middle of is counted as lost. Thread: the ring's owner.
 */
void ctrace_emit_settle(struct ctrace_ring *ring);

#endif
