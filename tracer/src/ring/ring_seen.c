/* SPDX-License-Identifier: MIT */

/* Looking at a ring whose owner goes on writing; see ring_seen.h. */

#include "tracer/src/ring/ring_seen.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/ring/ring_growth.h"

#include <stdlib.h>

/* How often to look whether an interrupted emit has ended before leaving its handlers' records for
 * later. */
#define NESTED_TRIES 200
/* From outside it cannot be seen that an interrupted emit gave up: so many passes, then no more. */
#define NESTED_PASSES 20
/* How often to look again because a handler wrote meanwhile. */
#define LOOKS 4

/* A copy of the ring at hand; the collector is one thread. */
static uint64_t *copy_room;
static size_t copy_bytes;

/* From outside, only a record that was published shows that its emit is over. */
static bool is_published(const struct ctrace_ring *ring, uint64_t hold)
{
	return atomic_load_explicit(&ring->shared->published, memory_order_acquire) > hold;
}

static bool is_emit_over(const struct ctrace_ring *ring, uint64_t hold)
{
	const struct ctrace_level *level;
	uint64_t head;

	if (ring->control == NULL) {
		return is_published(ring, hold);
	}
	level = &ring->control->levels[0];
	/* [H] acquire: if the claim is over, so is its publishing. */
	head = atomic_load_explicit(&level->head, memory_order_acquire);
	return head != atomic_load_explicit(&level->claim, memory_order_acquire) ||
	       is_published(ring, hold);
}

/*
 * A record that a handler interrupted may carry a time before the handler's own,
 * and be written after them: wait until it is.
 */
static bool wait_for_interrupted(const struct ctrace_ring *ring, uint64_t hold)
{
	for (int i = 0; i < NESTED_TRIES; i++) {
		if (is_emit_over(ring, hold)) {
			return true;
		}
	}
	return false;
}

/* What handlers wrote. False: an emit they interrupted is not over. */
static bool look_at_nested(struct ctrace_ring_seen *seen, const struct ctrace_ring *ring,
			   unsigned level)
{
	/* [P] acquire. */
	uint64_t to =
		atomic_load_explicit(&ring->shared->nested_published[level], memory_order_acquire);
	uint64_t hold =
		atomic_load_explicit(&ring->shared->nested_hold[level], memory_order_relaxed);

	seen->nested_to[level] = to;
	if (to == ctrace_ring_nested_tail(ring, level)) {
		return true;
	}
	seen->has_nested = true;
	return wait_for_interrupted(ring, hold);
}

/* Is so much waiting that order must give way? */
static bool is_pressing(const struct ctrace_ring_seen *seen, const struct ctrace_ring *ring)
{
	uint64_t tail = ctrace_ring_tail(ring->shared);
	bool is_half_full = seen->to - tail > ring->data_bytes / 2;

	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		is_half_full =
			is_half_full || seen->nested_to[i] - ctrace_ring_nested_tail(ring, i) >
						CTRACE_NESTED_BYTES / 2;
	}
	return is_half_full;
}

/* Leave all records for the next pass. */
static void leave_all(struct ctrace_ring_seen *seen, const struct ctrace_ring *ring)
{
	seen->to = ctrace_ring_tail(ring->shared);
	seen->has_nested = false;
	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		seen->nested_to[i] = ctrace_ring_nested_tail(ring, i);
	}
}

static void look_at_lost(struct ctrace_ring_seen *seen, const struct ctrace_ring *ring)
{
	for (unsigned i = 0; i < CTRACE_LOSS_OVERWRITTEN; i++) {
		const struct ctrace_loss_count *lost = &ring->shared->lost[i];

		/* [L] acquire: the count before the times. */
		seen->lost[i] = atomic_load_explicit(&lost->count, memory_order_acquire);
		seen->lost_first[i] = atomic_load_explicit(&lost->first, memory_order_relaxed);
		seen->lost_last[i] = atomic_load_explicit(&lost->last, memory_order_relaxed);
		seen->has_lost =
			seen->has_lost ||
			seen->lost[i] != atomic_load_explicit(&lost->seen, memory_order_relaxed);
	}
}

/* Have handlers written more since we looked? Their records may be older than some we saw after. */
static bool has_more_nested(const struct ctrace_ring_seen *seen, const struct ctrace_ring *ring)
{
	bool has_more = false;

	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		has_more = has_more ||
			   atomic_load_explicit(&ring->shared->nested_published[i],
						memory_order_acquire) != seen->nested_to[i];
	}
	return has_more;
}

/*
 * Handlers' records first, then the thread's own, so that what they interrupted is
 * there; then again the handlers', so that nothing older than what we saw is missing.
 */
static bool try_look(struct ctrace_ring_seen *seen, const struct ctrace_ring *ring)
{
	bool is_ready = true;

	seen->has_nested = false;
	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		is_ready = look_at_nested(seen, ring, i) && is_ready;
	}
	/* [P] acquire; before [G], so that what is published behind a new segment shows it. */
	seen->to = atomic_load_explicit(&ring->shared->published, memory_order_acquire);
	seen->next = ctrace_growth_look(ring, &seen->to);
	return is_ready && !has_more_nested(seen, ring);
}

/* Might the owner be overwriting while we read? From outside it cannot be known. */
static bool may_discard(const struct ctrace_ring *ring)
{
	return ring->control == NULL ? !ring->is_still : ctrace_gaps_are_expected();
}

static bool is_between(uint64_t tail, uint64_t to, uint64_t size)
{
	return to - tail <= size && ((to | tail) & 7) == 0;
}

/* Each segment holds no more than it has room for. The tail may be beyond the first already. */
static bool is_in_segments(const struct ctrace_ring_seen *seen, const struct ctrace_ring *ring,
			   uint64_t tail)
{
	const struct ctrace_segment *next = seen->next;

	if (next == NULL || seen->to <= next->from) {
		return is_between(tail, seen->to, ring->data_bytes);
	}
	return (next->from <= tail || is_between(tail, next->from, ring->data_bytes)) &&
	       is_between(next->from > tail ? next->from : tail, seen->to, next->bytes);
}

/* Positions of a ring whose memory nobody overwrote. */
static bool is_possible(const struct ctrace_ring_seen *seen, const struct ctrace_ring *ring)
{
	uint64_t tail = ctrace_ring_tail(ring->shared);
	/* A living owner that overwrites may have given up more than we saw. */
	bool is_good = is_in_segments(seen, ring, tail) ||
		       (may_discard(ring) && tail > seen->to && ((seen->to & 7) == 0));

	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		is_good = is_good && is_between(ctrace_ring_nested_tail(ring, i),
						seen->nested_to[i], CTRACE_NESTED_BYTES);
	}
	return is_good;
}

/* A time from which to complete those of the records. */
static uint64_t about_now(const struct ctrace_ring *ring)
{
	struct ctrace_gap_seen gap;
	uint64_t about, looked;

	if (!ring->is_still) {
		return ctrace_clock_ticks();
	}
	/* Of a dead thread: the latest time that is known before what its ring holds. */
	about = atomic_load_explicit(&ring->shared->start, memory_order_relaxed);
	looked = atomic_load_explicit(&ring->shared->looked, memory_order_relaxed);
	about = looked > about ? looked : about;
	gap = ctrace_gap_look(ring->shared);
	return gap.is_new && gap.last > about ? gap.last : about;
}

void ctrace_ring_see(struct ctrace_ring_seen *seen, const struct ctrace_ring *ring,
		     unsigned *nested_passes, bool is_last)
{
	bool is_ready = false;

	*seen = (struct ctrace_ring_seen){.now = 0};
	look_at_lost(seen, ring);
	for (int i = 0; i < LOOKS && !is_ready; i++) {
		is_ready = try_look(seen, ring);
	}
	*nested_passes = is_ready ? 0 : *nested_passes + 1;
	seen->is_possible = is_possible(seen, ring);
	if (!is_ready && !is_last && *nested_passes < NESTED_PASSES && !is_pressing(seen, ring)) {
		leave_all(seen, ring);
	}
	seen->now = about_now(ring);
}

/* Room for a copy of all of a ring. */
static bool need_copy_room(size_t bytes)
{
	if (copy_bytes < bytes) {
		free(copy_room);
		copy_room = malloc(bytes);
		copy_bytes = copy_room != NULL ? bytes : 0;
	}
	return copy_room != NULL;
}

void ctrace_ring_seen_take_over(struct ctrace_ring_seen *seen, const struct ctrace_ring *ring,
				bool is_last)
{
	const struct ctrace_ring_shared *shared = ring->shared;

	/* While a ring is growing its owner does not discard. */
	if (!may_discard(ring) || seen->next != NULL) {
		seen->gap = ctrace_gap_look(shared);
	} else if (need_copy_room(ring->data_bytes)) {
		seen->gap = ctrace_gap_take(ring, &seen->to, is_last, copy_room);
		seen->copy = (const uint8_t *)copy_room;
	} else {
		leave_all(seen, ring);
		seen->gap.position = seen->to;
	}
	seen->gap.last = seen->gap.last < seen->now ? seen->gap.last : seen->now;
	seen->gap.first = seen->gap.first < seen->gap.last ? seen->gap.first : seen->gap.last;
	seen->from = seen->gap.position;
	seen->is_possible = seen->copy == NULL || seen->to - seen->from <= ring->data_bytes;
	seen->lost[CTRACE_LOSS_OVERWRITTEN] =
		seen->gap.is_new ? seen->gap.count
				 : atomic_load_explicit(&shared->lost[CTRACE_LOSS_OVERWRITTEN].seen,
							memory_order_relaxed);
}
