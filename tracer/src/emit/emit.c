/* SPDX-License-Identifier: MIT */

/*
 * Emitting: what the macros of <ctrace/trace.h> call. The one-word records are
 * written by emit.h; here are records with arguments, and the stack of TRACE_BEGINs.
 * What is unusual goes the slow way, emit_slow.c.
 */

#include "tracer/src/emit/emit.h"

#include "tracer/src/emit/emit_record.h"
#include "tracer/src/emit/gc.h"

#include <string.h>

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

void ctrace_emit_put_args(const struct ctrace_level_place *place, uint64_t at,
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

unsigned ctrace_emit(unsigned code)
{
	if (__builtin_expect(ctrace_emit_word(ctrace_self, code, 0, ctrace_counter_read), 1)) {
		return code;
	}
	return ctrace_emit_word_slow(code, ctrace_stack_pointer());
}

void ctrace_emit_end(unsigned code)
{
	if (__builtin_expect(
		    !ctrace_emit_word(ctrace_self, code, CTRACE_END_BIT, ctrace_counter_read), 0)) {
		ctrace_emit_word_slow(code | CTRACE_END_BIT, ctrace_stack_pointer());
	}
}

/* Is there room as far as this side knows? */
static bool has_room(const struct ctrace_level *level, uint64_t head,
		     const struct ctrace_emit_record *record)
{
	return head + record->bytes <= atomic_load_explicit(&level->limit, memory_order_relaxed);
}

/* False: take the slow path, nothing was written. */
CTRACE_HOT bool emit_record(const struct ctrace_emit_record *record)
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
	ctrace_emit_put_args(place, head + 8, record->args, record->count);
	ctrace_level_commit(level, place, head + record->bytes);
	return true;
}

unsigned ctrace_emit_args(unsigned code, const struct ctrace_arg *args, unsigned count)
{
	const struct ctrace_emit_record record = {.code = code,
						  .args = args,
						  .count = count,
						  .bytes = 8 + args_bytes(args, count),
						  .frame = ctrace_stack_pointer()};

	return __builtin_expect(emit_record(&record), 1) ? code : ctrace_emit_slow(&record);
}

void ctrace_emit_leave(unsigned code, uint64_t id)
{
	const struct ctrace_arg arg = {.word = id, .bytes = NULL};
	const struct ctrace_emit_record record = {.code = code | CTRACE_END_BIT,
						  .args = &arg,
						  .count = 1,
						  .bytes = 16,
						  .frame = ctrace_stack_pointer()};

	if (__builtin_expect(!emit_record(&record), 0)) {
		ctrace_emit_slow(&record);
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
		ctrace_loss_add(ctrace_emit_loss_of(ring, CTRACE_LOSS_SPAN_DEPTH), 1,
				ctrace_clock_ticks());
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
static bool emit_end_and_begin(unsigned ended, const struct ctrace_emit_record *begun)
{
	struct ctrace_level *level = &ctrace_self->levels[0];
	const struct ctrace_level_place *place = &ctrace_self->places[0];
	struct ctrace_emit_record both = *begun;
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
	ctrace_emit_put_args(place, head + 16, begun->args, begun->count);
	ctrace_level_commit(level, place, head + both.bytes);
	return true;
}

void ctrace_next(unsigned code, const struct ctrace_arg *args, unsigned count)
{
	const struct ctrace_emit_record begun = {.code = code,
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
