/* SPDX-License-Identifier: MIT */

/* Taking what an owner may be giving up; see gap.h. */

#include "tracer/src/ring/gap.h"

#include "tracer/src/ring/ring_record.h"

#include <string.h>

/* Each other try means that the owner filled a quarter of its ring meanwhile. */
#define TRIES 64u

static _Atomic bool is_expected;

void ctrace_gaps_expect(void)
{
	atomic_store_explicit(&is_expected, true, memory_order_relaxed);
}

bool ctrace_gaps_are_expected(void)
{
	return atomic_load_explicit(&is_expected, memory_order_relaxed);
}

static uint64_t relaxed(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

static void read_gap(struct ctrace_gap_seen *seen, const struct ctrace_ring_shared *shared,
		     uint64_t tail)
{
	const struct ctrace_gap *gap = &shared->gaps[tail & CTRACE_TAIL_SLOT];

	seen->position = tail & ~CTRACE_TAIL_BITS;
	seen->is_new = (tail & CTRACE_TAIL_TAKEN) == 0 && relaxed(&gap->count) > 0;
	seen->count = relaxed(&gap->count);
	seen->first = relaxed(&gap->first);
	seen->last = relaxed(&gap->last);
	seen->spans_count = relaxed(&gap->spans_count);
	if (seen->spans_count > CTRACE_GAP_SPANS_MAX) {
		seen->spans_count = 0; /* of a ring whose memory was harmed */
	}
	/* Torn, if the owner goes on meanwhile; who calls asks again then. */
	for (uint64_t i = 0; i < seen->spans_count; i++) {
		seen->spans[i] = relaxed(&gap->spans[i]);
	}
}

struct ctrace_gap_seen ctrace_gap_look(const struct ctrace_ring_shared *shared)
{
	struct ctrace_gap_seen seen;
	/* [D] acquire. */
	uint64_t tail = atomic_load_explicit(&shared->tail, memory_order_acquire), after = tail;

	for (unsigned i = 0; i < TRIES; i++) {
		tail = after;
		read_gap(&seen, shared, tail);
		/* [O] acquire: the gap before the second look. */
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&shared->tail, memory_order_acquire);
		if (after == tail) {
			break;
		}
	}
	return seen;
}

static void copy_words(const struct ctrace_ring *ring, uint64_t from, uint64_t to, uint64_t *copy)
{
	for (uint64_t at = from; at < to; at += 8) {
		*copy++ = ctrace_record_word(ring->data, ring->mask, at);
	}
}

/* The tail may have moved on; the swap takes what is behind it. False: nothing was taken. */
static bool swap_tail(const struct ctrace_ring *ring, struct ctrace_gap_seen *seen, uint64_t to,
		      bool is_last)
{
	struct ctrace_ring_shared *shared = ring->shared;
	uint64_t tail = atomic_load_explicit(&shared->tail, memory_order_acquire), mark;

	for (unsigned i = 0; i < TRIES; i++) {
		read_gap(seen, shared, tail);
		if (seen->position >= to && !is_last) {
			return false;
		}
		mark = (seen->position < to ? to : seen->position) | (tail & CTRACE_TAIL_SLOT) |
		       CTRACE_TAIL_TAKEN;
		/* [D] acquire-release; [T]: copying before reuse. */
		if (atomic_compare_exchange_strong_explicit(&shared->tail, &tail, mark,
							    memory_order_acq_rel,
							    memory_order_acquire)) {
			return true;
		}
	}
	return false;
}

struct ctrace_gap_seen ctrace_gap_take(const struct ctrace_ring *ring, uint64_t *to, bool is_last,
				       uint64_t *copy)
{
	struct ctrace_gap_seen seen;
	uint64_t from = ctrace_ring_tail(ring->shared);

	if (*to - from <= ring->data_bytes) {
		copy_words(ring, from, *to, copy);
	}
	/* [O] acquire. */
	atomic_thread_fence(memory_order_acquire);
	if (!swap_tail(ring, &seen, *to, is_last)) {
		seen.is_new = false;
		*to = seen.position;
	} else if (seen.position >= *to) {
		*to = seen.position;
	} else if (seen.position > from) {
		memmove(copy, copy + (seen.position - from) / 8, *to - seen.position);
	}
	return seen;
}
