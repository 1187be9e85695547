/* SPDX-License-Identifier: MIT */

/*
 * The slow path that everything unusual takes: a thread's first event, a full ring, a
 * signal handler that interrupted an emit, a claim left behind by longjmp.
 */

#include "tracer/src/emit/emit_record.h"
#include "tracer/src/emit/handler.h"
#include "tracer/src/emit/policy.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/ring/ring_growth.h"
#include "tracer/src/sites/gate.h"

/* Four quarters of a ring are all of it; the collector may have moved the tail by less. */
#define ROOM_TRIES 16u

static uint64_t refused_so_far(const struct ctrace_ring *ring)
{
	return atomic_load_explicit(&ctrace_emit_loss_of(ring, CTRACE_LOSS_RING_FULL)->count,
				    memory_order_relaxed) +
	       atomic_load_explicit(&ctrace_emit_loss_of(ring, CTRACE_LOSS_TOO_BIG)->count,
				    memory_order_relaxed);
}

/* How many events a claim that a jump left has lost, and not counted yet. */
static uint64_t cut_off_events(const struct ctrace_ring *ring, const struct ctrace_level *level)
{
	uintptr_t frame = atomic_load_explicit(&level->frame, memory_order_relaxed);

	if ((frame & CTRACE_FRAME_OF_REFUSED) != 0 &&
	    refused_so_far(ring) !=
		    atomic_load_explicit(&level->lost_before, memory_order_relaxed)) {
		return 0; /* counted before it was cut off */
	}
	return (frame & CTRACE_FRAME_OF_TWO) != 0 ? 2 : 1;
}

/* Is an emit of this level under way? The claim first: a handler that emits between moves head on.
 */
static bool is_claimed(const struct ctrace_level *level)
{
	uint64_t claim = atomic_load_explicit(&level->claim, memory_order_relaxed);

	ctrace_step();
	return claim == atomic_load_explicit(&level->head, memory_order_relaxed);
}

/* Make a cut-off claim ours: handlers, which are below, then leave it alone. */
static bool take_cut_off_claim(struct ctrace_level *level, uintptr_t frame)
{
	uintptr_t claimed = atomic_load_explicit(&level->frame, memory_order_relaxed);

	if (frame < (claimed & ~CTRACE_FRAME_MARKS) || ctrace_handler_is_on_own_stack()) {
		return false;
	}
	atomic_store_explicit(&level->frame, frame | (claimed & CTRACE_FRAME_MARKS),
			      memory_order_relaxed);
	ctrace_step();
	return true;
}

/*
 * A claim whose frame has been left can only come from a jump out of a signal
 * handler that had interrupted it. Clear it; the record it never finished is lost.
 */
static bool clear_cut_off_claim(const struct ctrace_ring *ring, unsigned index, uintptr_t frame)
{
	struct ctrace_level *level = &ring->control->levels[index];
	uint64_t published, count;

	if (!take_cut_off_claim(level, frame)) {
		return false;
	}
	if (!is_claimed(level)) {
		return true; /* a handler was faster */
	}
	published =
		atomic_load_explicit(ring->control->places[index].published, memory_order_relaxed);
	if (published != atomic_load_explicit(&level->head, memory_order_relaxed)) {
		/* Cut off between the two stores of a commit: this is the second. [H] release. */
		atomic_store_explicit(&level->head, published, memory_order_release);
		return true;
	}
	/* Counted once it is gone, or a jump out of here would have it counted again. */
	count = cut_off_events(ring, level);
	ctrace_level_unclaim(level);
	if (count > 0) {
		ctrace_loss_add(ctrace_emit_loss_of(ring, CTRACE_LOSS_SIGNAL_DEPTH), count,
				ctrace_clock_ticks());
	}
	return true;
}

void ctrace_emit_settle(struct ctrace_ring *ring)
{
	for (unsigned i = 0; i < CTRACE_LEVELS; i++) {
		if (is_claimed(&ring->control->levels[i])) {
			clear_cut_off_claim(ring, i, CTRACE_FRAME_OF_NONE);
		}
	}
}

/* Claim as often as it takes: a void claim means that a handler emitted meanwhile, which is
 * progress. */
static bool claim_level(const struct ctrace_ring *ring, unsigned index, uintptr_t frame,
			uint64_t *head)
{
	struct ctrace_level *level = &ring->control->levels[index];

	while (!ctrace_level_claim(level, head)) {
		if (is_claimed(level) && !clear_cut_off_claim(ring, index, frame)) {
			return false;
		}
	}
	/* Not ours, which is deeper than that of an emit on the fast path: they are compared. */
	atomic_store_explicit(&level->frame, frame, memory_order_relaxed);
	return true;
}

/* Look how far the collector is: it stands at *tail. Ends may use what is kept for them. */
static bool make_room(struct ctrace_ring *ring, unsigned level, uint64_t head,
		      const struct ctrace_emit_record *record, uint64_t *tail)
{
	const struct ctrace_room room = ctrace_ring_refresh(ring, level);
	bool is_end = (record->code & CTRACE_END_BIT) != 0;

	if (level == 0) {
		ctrace_growth_tidy(ring);
	}
	if (room.is_bell) {
		ctrace_gate_ring_bell();
	}
	*tail = room.tail;
	return head + record->bytes <= (is_end ? room.end_limit : room.limit);
}

/* Make room by what the policy says; each time round, the tail has moved. */
static bool find_room(struct ctrace_ring *ring, unsigned level, uint64_t head,
		      const struct ctrace_emit_record *record)
{
	uint64_t tail;

	for (unsigned tries = 0; !make_room(ring, level, head, record, &tail); tries++) {
		if (level > 0 || tries == ROOM_TRIES ||
		    !ctrace_policy_find_room(ring, tail, record->bytes)) {
			return false;
		}
	}
	return true;
}

/* Noted before it is counted, counted before the claim ends: a jump away leaves it counted once. */
static void count_no_room(struct ctrace_ring *ring, unsigned index,
			  const struct ctrace_emit_record *record)
{
	struct ctrace_level *level = &ring->control->levels[index];
	bool is_too_big = record->bytes > (ring->control->places[index].mask + 1) / 2;

	atomic_store_explicit(&level->lost_before, refused_so_far(ring), memory_order_relaxed);
	ctrace_step();
	atomic_store_explicit(&level->frame, record->frame | CTRACE_FRAME_OF_REFUSED,
			      memory_order_relaxed);
	ctrace_step();

	ctrace_loss_add(
		ctrace_emit_loss_of(ring, is_too_big ? CTRACE_LOSS_TOO_BIG : CTRACE_LOSS_RING_FULL),
		1, ctrace_clock_ticks());
}

/* The level is claimed at `head`: write there, or count and give the claim up. */
static bool write_claimed(struct ctrace_ring *ring, unsigned index, uint64_t head,
			  const struct ctrace_emit_record *record)
{
	struct ctrace_level *level = &ring->control->levels[index];
	const struct ctrace_level_place *place = &ring->control->places[index];

	if (!find_room(ring, index, head, record)) {
		count_no_room(ring, index, record);
		ctrace_level_unclaim(level);
		return false;
	}
	if (index > 0) {
		atomic_store_explicit(
			&ring->shared->nested_hold[index - 1],
			atomic_load_explicit(&ring->control->levels[0].head, memory_order_relaxed),
			memory_order_relaxed);
	}
	ctrace_place_word(place, head, ctrace_clock_ticks() << 16 | record->code);
	ctrace_emit_put_args(place, head + 8, record->args, record->count);
	ctrace_level_commit(level, place, head + record->bytes);
	return true;
}

unsigned ctrace_emit_slow(const struct ctrace_emit_record *record)
{
	struct ctrace_ring *ring = ctrace_thread_ring_for_event();
	uint64_t head;

	if (ring == NULL) {
		return 0;
	}
	for (unsigned i = 0; i < CTRACE_LEVELS; i++) {
		if (claim_level(ring, i, record->frame, &head)) {
			return write_claimed(ring, i, head, record) ? record->code : 0;
		}
	}
	ctrace_loss_add(ctrace_emit_loss_of(ring, CTRACE_LOSS_SIGNAL_DEPTH), 1,
			ctrace_clock_ticks());
	return 0;
}

unsigned ctrace_emit_word_slow(uint32_t code, uintptr_t frame)
{
	const struct ctrace_emit_record record = {.code = code, .bytes = 8, .frame = frame};

	return ctrace_emit_slow(&record);
}
