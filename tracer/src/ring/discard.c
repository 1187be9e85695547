/* SPDX-License-Identifier: MIT */

/* Giving up the oldest records; see discard.h. */

#include "tracer/src/ring/discard.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/ring/ring_record.h"

/* A gap in the making. */
struct walk {
	uint64_t count, first, last, now;
	uint64_t spans_count;
	uint64_t too_many; /* begins that found no room in `spans`, still open */
	uint64_t spans[CTRACE_GAP_SPANS_MAX];
};

static void note_begin(struct walk *walk, uint64_t word)
{
	if (walk->too_many > 0 || walk->spans_count == CTRACE_GAP_SPANS_MAX) {
		walk->too_many++;
		return;
	}
	walk->spans[walk->spans_count++] = word;
}

/* Where the begin of `code` stands that is open innermost; spans_count: nowhere. */
static uint64_t find_begin(const struct walk *walk, unsigned code, uint64_t *begins_from)
{
	uint64_t at = walk->spans_count;

	while (at > 0 && (walk->spans[at - 1] & CTRACE_END_BIT) == 0) {
		if (ctrace_record_code(walk->spans[at - 1]) == code) {
			return at - 1;
		}
		at--;
	}
	*begins_from = at;
	return walk->spans_count;
}

/* It closes a begin of this walk with all above it, or one from before, which is outside all. */
static void note_end(struct walk *walk, uint64_t word)
{
	uint64_t begins_from = 0, at;

	if (walk->too_many > 0) {
		walk->too_many--;
		return;
	}
	at = find_begin(walk, ctrace_record_code(word), &begins_from);
	if (at < walk->spans_count) {
		walk->spans_count = at;
		return;
	}
	walk->spans_count = begins_from;
	if (walk->spans_count < CTRACE_GAP_SPANS_MAX) {
		walk->spans[walk->spans_count++] = word;
	}
}

static void note_record(struct walk *walk, uint64_t word)
{
	uint64_t ticks = ctrace_record_ticks(word, walk->now);

	walk->first = walk->count == 0 || ticks < walk->first ? ticks : walk->first;
	walk->last = walk->count == 0 || ticks > walk->last ? ticks : walk->last;
	walk->count++;
	if (!ctrace_record_is_span(word)) {
		return;
	}
	if ((word & CTRACE_END_BIT) != 0) {
		note_end(walk, word);
	} else {
		note_begin(walk, word);
	}
}

/* Whole records from `from` to the first that begins at `to` or behind. */
static uint64_t walk_records(const struct ctrace_level_place *place, struct walk *walk,
			     uint64_t from, uint64_t to)
{
	while (from < to) {
		note_record(walk, ctrace_record_word(place->data, place->mask, from));
		from += ctrace_record_bytes(place->data, place->mask, from);
	}
	return from;
}

static uint64_t relaxed(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

/* Go on with the gap before the tail if the collector has not taken it: it is the same one. */
static void continue_gap(struct walk *walk, const struct ctrace_gap *gap, uint64_t *before)
{
	uint64_t count = relaxed(&gap->count);

	walk->first = relaxed(&gap->first);
	walk->last = relaxed(&gap->last);
	walk->spans_count = relaxed(&gap->spans_count);
	for (uint64_t i = 0; i < walk->spans_count; i++) {
		walk->spans[i] = relaxed(&gap->spans[i]);
	}
	/* Only whether it is 0 matters to what follows; the sum is put right by `before`. */
	walk->count = count;
	*before = 0;
}

static void put_gap(struct ctrace_gap *gap, const struct walk *walk, uint64_t before)
{
	atomic_store_explicit(&gap->count, before + walk->count, memory_order_relaxed);
	atomic_store_explicit(&gap->first, walk->first, memory_order_relaxed);
	atomic_store_explicit(&gap->last, walk->last, memory_order_relaxed);
	atomic_store_explicit(&gap->spans_count, walk->spans_count, memory_order_relaxed);
	for (uint64_t i = 0; i < walk->spans_count; i++) {
		atomic_store_explicit(&gap->spans[i], walk->spans[i], memory_order_relaxed);
	}
}

void ctrace_discard_oldest(struct ctrace_ring *ring, uint64_t seen_tail)
{
	struct ctrace_ring_shared *shared = ring->shared;
	const struct ctrace_level_place *place = &ring->control->places[0];
	struct walk walk = {.now = ctrace_clock_ticks()};
	/* [D] acquire: which gap is free to be written. */
	uint64_t tail = atomic_load_explicit(&shared->tail, memory_order_acquire);
	uint64_t slot = tail & CTRACE_TAIL_SLOT, from = tail & ~CTRACE_TAIL_BITS;
	uint64_t to = from + (place->mask + 1) / 4, before = relaxed(&shared->gaps[slot].count);
	uint64_t published = relaxed(&shared->published);

	/* A ring that was emptied meanwhile has no quarter to give up. */
	if (from != seen_tail) {
		return;
	}
	if ((tail & CTRACE_TAIL_TAKEN) == 0 && before > 0) {
		continue_gap(&walk, &shared->gaps[slot], &before);
	}
	to = walk_records(place, &walk, from, to < published ? to : published);
	put_gap(&shared->gaps[1 - slot], &walk, before);
	/* [D] acquire-release: the gap before the tail that names it. If the collector was quicker,
	 * the gap names nothing, and there is room. */
	if (!atomic_compare_exchange_strong_explicit(&shared->tail, &tail, to | (1 - slot),
						     memory_order_acq_rel, memory_order_acquire)) {
		return;
	}
	/* [O] release. */
	atomic_thread_fence(memory_order_release);
}
