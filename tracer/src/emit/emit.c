/* SPDX-License-Identifier: MIT */

/*
 * Emitting: what the macros of <ctrace/trace.h> call. The one-word records are
 * written by emit.h; here are records with arguments, the stack of TRACE_BEGINs,
 * and the slow path that everything unusual takes: a thread's first event, a full
 * ring, a signal handler that interrupted an emit, a claim left behind by longjmp.
 */

#include "tracer/src/emit/emit.h"

#include "tracer/src/emit/gc.h"
#include "tracer/src/emit/handler.h"
#include "tracer/src/emit/policy.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/ring/ring_growth.h"
#include "tracer/src/sites/gate.h"

#include <string.h>

/* Four quarters of a ring are all of it; the collector may have moved the tail by less. */
#define ROOM_TRIES 16u

struct record {
	uint32_t code; /* with CTRACE_END_BIT for ends */
	unsigned count;
	const struct ctrace_arg *args;
	uint64_t bytes;
	uintptr_t frame; /* stack pointer of the function that the program called */
};

static uint64_t padded(uint64_t size)
{
	return (size + 7) & ~UINT64_C(7);
}

static uint64_t args_bytes(const struct ctrace_arg *args, unsigned count)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < count; i++) {
		bytes += 8 + (args[i].bytes != NULL ? padded(args[i].word) : 0);
	}
	return bytes;
}

/* Whole words but for the last, whose rest is zero. */
static uint64_t put_string(const struct ctrace_level_place *place, uint64_t at,
			   const struct ctrace_arg *arg)
{
	uint64_t left = arg->word;
	const char *from = arg->bytes;
	uint64_t word;

	for (; left >= 8; left -= 8, from += 8, at += 8) {
		memcpy(&word, from, 8);
		ctrace_place_word(place, at, word);
	}
	if (left > 0) {
		word = 0;
		memcpy(&word, from, left);
		ctrace_place_word(place, at, word);
		at += 8;
	}
	return at;
}

static void put_args(const struct ctrace_level_place *place, uint64_t at,
		     const struct ctrace_arg *args, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		ctrace_place_word(place, at, args[i].word);
		at += 8;
		if (args[i].bytes != NULL) {
			at = put_string(place, at, &args[i]);
		}
	}
}

static struct ctrace_loss_count *loss_of(const struct ctrace_ring *ring, enum ctrace_loss reason)
{
	return &ring->shared->lost[reason];
}

static uint64_t refused_so_far(const struct ctrace_ring *ring)
{
	return atomic_load_explicit(&loss_of(ring, CTRACE_LOSS_RING_FULL)->count,
				    memory_order_relaxed) +
	       atomic_load_explicit(&loss_of(ring, CTRACE_LOSS_TOO_BIG)->count,
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
		ctrace_loss_add(loss_of(ring, CTRACE_LOSS_SIGNAL_DEPTH), count,
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

/* Is there room as far as this side knows? */
static bool has_room(const struct ctrace_level *level, uint64_t head, const struct record *record)
{
	return head + record->bytes <= atomic_load_explicit(&level->limit, memory_order_relaxed);
}

/* Look how far the collector is: it stands at *tail. Ends may use what is kept for them. */
static bool make_room(struct ctrace_ring *ring, unsigned level, uint64_t head,
		      const struct record *record, uint64_t *tail)
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
		      const struct record *record)
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
static void count_no_room(struct ctrace_ring *ring, unsigned index, const struct record *record)
{
	struct ctrace_level *level = &ring->control->levels[index];
	bool is_too_big = record->bytes > (ring->control->places[index].mask + 1) / 2;

	atomic_store_explicit(&level->lost_before, refused_so_far(ring), memory_order_relaxed);
	ctrace_step();
	atomic_store_explicit(&level->frame, record->frame | CTRACE_FRAME_OF_REFUSED,
			      memory_order_relaxed);
	ctrace_step();

	ctrace_loss_add(loss_of(ring, is_too_big ? CTRACE_LOSS_TOO_BIG : CTRACE_LOSS_RING_FULL), 1,
			ctrace_clock_ticks());
}

/* The level is claimed at `head`: write there, or count and give the claim up. */
static bool write_claimed(struct ctrace_ring *ring, unsigned index, uint64_t head,
			  const struct record *record)
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
	put_args(place, head + 8, record->args, record->count);
	ctrace_level_commit(level, place, head + record->bytes);
	return true;
}

static unsigned emit_slow(const struct record *record)
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
	ctrace_loss_add(loss_of(ring, CTRACE_LOSS_SIGNAL_DEPTH), 1, ctrace_clock_ticks());
	return 0;
}

__attribute__((noinline)) static unsigned emit_word_slow(uint32_t code, uintptr_t frame)
{
	const struct record record = {.code = code, .bytes = 8, .frame = frame};

	return emit_slow(&record);
}

unsigned ctrace_emit(unsigned code)
{
	if (__builtin_expect(ctrace_emit_word(ctrace_self, code, 0, ctrace_counter_read), 1)) {
		return code;
	}
	return emit_word_slow(code, ctrace_stack_pointer());
}

void ctrace_emit_end(unsigned code)
{
	if (__builtin_expect(
		    !ctrace_emit_word(ctrace_self, code, CTRACE_END_BIT, ctrace_counter_read), 0)) {
		emit_word_slow(code | CTRACE_END_BIT, ctrace_stack_pointer());
	}
}

/* False: take the slow path, nothing was written. */
CTRACE_HOT bool emit_record(const struct record *record)
{
	struct ctrace_level *level = &ctrace_self->levels[0];
	const struct ctrace_level_place *place = &ctrace_self->places[0];
	uint64_t head;

	if (__builtin_expect(!ctrace_level_claim(level, &head), 0)) {
		return false;
	}
	if (__builtin_expect(!has_room(level, head, record), 0)) {
		ctrace_level_unclaim(level);
		return false;
	}
	ctrace_place_word(place, head, ctrace_counter_read() << 16 | record->code);
	put_args(place, head + 8, record->args, record->count);
	ctrace_level_commit(level, place, head + record->bytes);
	return true;
}

unsigned ctrace_emit_args(unsigned code, const struct ctrace_arg *args, unsigned count)
{
	const struct record record = {.code = code,
				      .args = args,
				      .count = count,
				      .bytes = 8 + args_bytes(args, count),
				      .frame = ctrace_stack_pointer()};

	return __builtin_expect(emit_record(&record), 1) ? code : emit_slow(&record);
}

void ctrace_emit_leave(unsigned code, uint64_t id)
{
	const struct ctrace_arg arg = {.word = id, .bytes = NULL};
	const struct record record = {.code = code | CTRACE_END_BIT,
				      .args = &arg,
				      .count = 1,
				      .bytes = 16,
				      .frame = ctrace_stack_pointer()};

	if (__builtin_expect(!emit_record(&record), 0)) {
		emit_slow(&record);
	}
}

/*
 * The codes of open TRACE_BEGINs; a 0 stands for one that was off or lost. A handler's
 * begins and ends are balanced, so it leaves the count as it found it; the count moves
 * before the code is stored, so that the handler does not use the same place.
 */
static void push_code(struct ctrace_control *control, unsigned code)
{
	uint32_t depth = atomic_load_explicit(&control->begins, memory_order_relaxed);

	if (control->ring == NULL) {
		return;
	}
	atomic_store_explicit(&control->begins, depth + 1, memory_order_relaxed);
	ctrace_step();
	if (depth < CTRACE_BEGINS_MAX) {
		atomic_store_explicit(&control->codes[depth], (uint16_t)code, memory_order_relaxed);
	}
}

static unsigned pop_code(struct ctrace_control *control)
{
	uint32_t depth = atomic_load_explicit(&control->begins, memory_order_relaxed);
	unsigned code = 0;

	if (depth == 0) {
		return 0;
	}
	if (depth <= CTRACE_BEGINS_MAX) {
		code = atomic_load_explicit(&control->codes[depth - 1], memory_order_relaxed);
	}
	ctrace_step();
	atomic_store_explicit(&control->begins, depth - 1, memory_order_relaxed);
	return code;
}

static bool is_stack_full(const struct ctrace_control *control)
{
	return atomic_load_explicit(&control->begins, memory_order_relaxed) >= CTRACE_BEGINS_MAX;
}

/* Without a ring: forked just now. */
static void count_too_deep(const struct ctrace_ring *ring)
{
	if (ring != NULL) {
		ctrace_loss_add(loss_of(ring, CTRACE_LOSS_SPAN_DEPTH), 1, ctrace_clock_ticks());
	}
}

void ctrace_begin(unsigned code, const struct ctrace_arg *args, unsigned count)
{
	if (code != 0 && is_stack_full(ctrace_self)) {
		count_too_deep(ctrace_self->ring);
		code = 0;
	}
	if (code != 0) {
		code = count == 0 ? ctrace_emit(code) : ctrace_emit_args(code, args, count);
	}
	push_code(ctrace_self, code);
}

static void end_gc(unsigned code, uint64_t live, uint64_t freed)
{
	const struct ctrace_arg args[CTRACE_GC_END_WORDS] = {{.word = live}, {.word = freed}};

	ctrace_emit_args(code | CTRACE_END_BIT, args, CTRACE_GC_END_WORDS);
}

static bool is_of_gc(unsigned code)
{
	return (code & CTRACE_GC_CODE) != 0;
}

void ctrace_end(void)
{
	unsigned code = pop_code(ctrace_self);

	if (__builtin_expect(is_of_gc(code), 0)) {
		end_gc(code, 0, 0);
	} else if (code != 0) {
		ctrace_emit_end(code);
	}
}

void ctrace_gc_begin(unsigned code, uint64_t kind)
{
	const struct ctrace_arg arg = {.word = kind};

	if (code != 0 && is_stack_full(ctrace_self)) {
		count_too_deep(ctrace_self->ring);
		code = 0;
	}
	if (code != 0) {
		code = ctrace_emit_args(code, &arg, 1);
	}
	push_code(ctrace_self, code != 0 ? code | CTRACE_GC_CODE : 0);
}

/* Of what was begun last, whatever it was. */
void ctrace_gc_end(uint64_t live, uint64_t freed)
{
	unsigned code = pop_code(ctrace_self);

	if (is_of_gc(code)) {
		end_gc(code, live, freed);
	} else if (code != 0) {
		ctrace_emit_end(code);
	}
}

/* Both records at one time, or neither. */
static bool emit_end_and_begin(unsigned ended, const struct record *begun)
{
	struct ctrace_level *level = &ctrace_self->levels[0];
	const struct ctrace_level_place *place = &ctrace_self->places[0];
	struct record both = *begun;
	uint64_t head, ticks;

	both.bytes += 8;
	if (!ctrace_level_claim_two(level, &head)) {
		return false;
	}
	if (!has_room(level, head, &both)) {
		ctrace_level_unclaim(level);
		return false;
	}
	ticks = ctrace_counter_read();
	ctrace_place_word(place, head, ticks << 16 | ended | CTRACE_END_BIT);
	ctrace_place_word(place, head + 8, ticks << 16 | begun->code);
	put_args(place, head + 16, begun->args, begun->count);
	ctrace_level_commit(level, place, head + both.bytes);
	return true;
}

void ctrace_next(unsigned code, const struct ctrace_arg *args, unsigned count)
{
	const struct record begun = {.code = code,
				     .args = args,
				     .count = count,
				     .bytes = 8 + args_bytes(args, count),
				     .frame = ctrace_stack_pointer()};
	unsigned ended = pop_code(ctrace_self);

	if (__builtin_expect(is_of_gc(ended), 0)) {
		end_gc(ended, 0, 0);
		ended = 0;
	}
	if (code != 0 && ended != 0 && emit_end_and_begin(ended, &begun)) {
		push_code(ctrace_self, code);
		return;
	}
	if (ended != 0) {
		ctrace_emit_end(ended);
	}
	ctrace_begin(code, args, count);
}
