/* SPDX-License-Identifier: MIT */

/* Walking stacks inside the program; see stack_walk.h. */

#include "tracer/unwind/stack_walk.h"

#include "tracer/unwind/row_cache.h"
#include "tracer/unwind/row_find.h"

#include <stddef.h>
#include <string.h>

/* In what the kernel pushes for a handler, above where that returns to: registers of who was
 * interrupted. The layout of ucontext_t, which is the kernel's. */
#define SIGNAL_FRAME_POINTER 120u
#define SIGNAL_STACK_POINTER 160u
#define SIGNAL_ADDRESS	     168u

/* Odd numbers without a pattern, for each place of a frame. Of the constructor. */
static uint64_t factors[CTRACE_WALK_FRAMES_MAX];

enum step {
	STEP_CALLER,
	STEP_WHOLE, /* there is no caller, or no way to it that another time would be there */
	STEP_CUT,
};

struct walk {
	struct ctrace_standing_stack *standing;
	struct ctrace_walk_room *room;
	struct ctrace_walk_frame at; /* the next one that is to be added */
	struct ctrace_reach reach;
	uint32_t generation;
	uint32_t below; /* standing frames from here on lie within: they are over */
	bool has_signal;
	bool is_guess; /* a frame was crossed of which nothing is said */
};

/* ---- one step outward ---- */

static uint64_t row_for(const struct walk *walk, uintptr_t address)
{
	uint64_t row = ctrace_row_get(address, walk->generation);
	bool is_lasting;

	if (__builtin_expect(row != CTRACE_ROW_NONE, 1)) {
		return row;
	}
	row = ctrace_row_find(address, &is_lasting);
	if (is_lasting) {
		ctrace_row_put(address, walk->generation, row);
	}
	return row;
}

/* A frame's word. Behind a guess it may be anywhere, and so it must be where nothing goes away. */
static bool read_word(struct walk *walk, uintptr_t at, uintptr_t *word)
{
	return (!walk->is_guess || ctrace_reach_is_lasting(&walk->reach, at)) &&
	       ctrace_reach_word(&walk->reach, at, word);
}

/* The interrupted function goes on at the very address, not behind a call. */
static enum step step_over_signal(struct walk *walk)
{
	struct ctrace_walk_frame *at = &walk->at;
	uintptr_t pushed = at->stack_pointer;

	walk->has_signal = true;
	if (!read_word(walk, pushed + SIGNAL_FRAME_POINTER, &at->frame_pointer) ||
	    !read_word(walk, pushed + SIGNAL_STACK_POINTER, &at->stack_pointer) ||
	    !read_word(walk, pushed + SIGNAL_ADDRESS, &at->address)) {
		return STEP_CUT;
	}
	at->address++;
	return STEP_CALLER;
}

/* Where the frame ends, by its row. False: that cannot be. */
static bool find_end(struct walk *walk, uint64_t row, uintptr_t *end)
{
	const struct ctrace_walk_frame *at = &walk->at;

	switch (ctrace_row_kind(row)) {
	case CTRACE_ROW_STACK:
		*end = at->stack_pointer + ctrace_row_distance(row);
		return true;
	case CTRACE_ROW_FRAME:
	case CTRACE_ROW_GUESS:
		*end = at->frame_pointer + ctrace_row_distance(row);
		break;
	default:
		if (at->frame_pointer < at->stack_pointer ||
		    !read_word(walk, at->frame_pointer - ctrace_row_distance(row), end)) {
			return false;
		}
		break;
	}
	return *end >= at->stack_pointer + 8;
}

/* The caller's frame pointer. */
static bool find_frame_pointer(struct walk *walk, uint64_t row, uintptr_t end)
{
	struct ctrace_walk_frame *at = &walk->at;
	uint64_t saved = ctrace_row_saved(row);

	if (ctrace_row_kind(row) == CTRACE_ROW_REALIGNED) {
		at->saved_at = at->frame_pointer;
	} else {
		at->saved_at = saved != 0 ? end - 8 - 8 * saved : 0;
	}
	return at->saved_at == 0 || (at->saved_at >= at->stack_pointer &&
				     read_word(walk, at->saved_at, &at->frame_pointer));
}

/* `added` is the frame as it was put down: what its row says of it is put there too. */
static void note_row(struct ctrace_walk_frame *added, uint64_t row)
{
	enum ctrace_row_kind kind = ctrace_row_kind(row);

	added->uses_frame_pointer = kind == CTRACE_ROW_FRAME || kind == CTRACE_ROW_GUESS ||
				    kind == CTRACE_ROW_REALIGNED;
	added->has_frame_pointer = kind == CTRACE_ROW_STACK && ctrace_row_saved(row) == 0;
	added->is_apart = kind == CTRACE_ROW_REALIGNED;
}

static enum step step(struct walk *walk, struct ctrace_walk_frame *added)
{
	struct ctrace_walk_frame *at = &walk->at;
	uint64_t row = row_for(walk, at->address - 1);
	uintptr_t end;

	note_row(added, row);
	switch (ctrace_row_kind(row)) {
	case CTRACE_ROW_OUTERMOST:
	case CTRACE_ROW_UNKNOWN:
		return STEP_WHOLE;
	case CTRACE_ROW_SIGNAL:
		return step_over_signal(walk);
	case CTRACE_ROW_GUESS:
		walk->is_guess = true;
		break;
	default:
		break;
	}
	if (!find_end(walk, row, &end) || !find_frame_pointer(walk, row, end) ||
	    !read_word(walk, end - 8, &at->address)) {
		return STEP_CUT;
	}
	at->stack_pointer = end;
	return at->address == 0 ? STEP_WHOLE : STEP_CALLER;
}

/* ---- along what stands ---- */

static uintptr_t word_at(uintptr_t at)
{
	return *(const uintptr_t *)
		at; /* NOLINT: in the thread's own stack, above its stack pointer */
}

/* Is `outer` still who has called `frame`? */
static bool is_caller(const struct ctrace_walk_frame *outer, const struct ctrace_walk_frame *frame)
{
	return word_at(outer->stack_pointer - 8) == outer->address && !frame->is_apart &&
	       (!outer->needs_frame_pointer || outer->saved_at == 0 ||
		word_at(outer->saved_at) == outer->frame_pointer);
}

/* Of the frame `from` and those further out, at most `most`: how many stand, the first one given?
 */
static uint32_t count_standing(const struct ctrace_walk_frame *from, uint32_t most)
{
	const struct ctrace_walk_frame *frame = from, *last = from - (most - 1);

	while (frame > last && is_caller(frame - 1, frame)) {
		frame--;
	}
	return (uint32_t)(from - frame) + 1;
}

static bool is_same_frame(const struct ctrace_walk_frame *frame, const struct ctrace_walk_frame *at)
{
	return frame->stack_pointer == at->stack_pointer && frame->address == at->address &&
	       (!frame->needs_frame_pointer || frame->frame_pointer == at->frame_pointer);
}

bool ctrace_stack_stands(const struct ctrace_standing_stack *standing,
			 const struct ctrace_walk_frame *innermost)
{
	uint32_t count = standing->count;
	const struct ctrace_walk_frame *top = &standing->frames[count - 1];

	if (count == 0 || !is_same_frame(top, innermost) ||
	    standing->generation != ctrace_row_generation()) {
		return false;
	}
	if (count >= CTRACE_WALK_FRAMES_MAX) {
		count = CTRACE_WALK_FRAMES_MAX;
	} else if (!standing->is_whole) {
		return false;
	}
	return count_standing(top, count) == count;
}

/* The standing frame that is the next one; NULL: none is. */
static struct ctrace_walk_frame *find_standing(struct walk *walk)
{
	struct ctrace_walk_frame *frames = walk->standing->frames, *frame;

	while (walk->below > 0 && frames[walk->below - 1].stack_pointer < walk->at.stack_pointer) {
		walk->below--;
	}
	if (walk->below == 0) {
		return NULL;
	}
	frame = &frames[walk->below - 1];
	return is_same_frame(frame, &walk->at) ? frame : NULL;
}

/* These stand, but who called the outermost has changed: they are put down as if walked. What
 * nobody needed until now of frame pointers is read again. */
static void take_as_walked(struct walk *walk, const struct ctrace_walk_frame *from, uint32_t count)
{
	struct ctrace_walk_room *room = walk->room;

	for (uint32_t i = 0; i < count; i++) {
		struct ctrace_walk_frame frame = *(from - i);

		if (i == 0) {
			frame = walk->at;
			frame.uses_frame_pointer = from->uses_frame_pointer;
			frame.has_frame_pointer = from->has_frame_pointer;
			frame.is_apart = from->is_apart;
		} else if (frame.saved_at != 0) {
			frame.frame_pointer = word_at(frame.saved_at);
		} else {
			frame.frame_pointer = room->frames[room->walked - 1].frame_pointer;
		}
		room->frames[room->walked++] = frame;
	}
	walk->below -= count;
	walk->at = room->frames[room->walked - 1];
}

/* True: the rest of the stack stands. */
static bool join(struct walk *walk)
{
	struct ctrace_standing_stack *standing = walk->standing;
	struct ctrace_walk_room *room = walk->room;
	struct ctrace_walk_frame *from = find_standing(walk);
	uint32_t wanted = CTRACE_WALK_FRAMES_MAX - room->walked, most, count;

	if (from == NULL) {
		return false;
	}
	most = walk->below < wanted ? walk->below : wanted;
	count = count_standing(from, most);
	if (count == wanted || (count == walk->below && standing->is_whole)) {
		from->frame_pointer = walk->at.frame_pointer;
		from->saved_at = walk->at.saved_at;
		room->joined = count;
		return true;
	}
	take_as_walked(walk, from, count);
	return false;
}

/* ---- what stands from now on ---- */

/* There is no room for all: what is further out than anybody asks goes. */
static void drop_outermost(struct ctrace_standing_stack *standing, uint32_t kept, uint32_t *below)
{
	memmove(standing->frames, standing->frames + (*below - kept),
		kept * sizeof(standing->frames[0]));
	*below = kept;
	standing->is_whole = false;
}

static void keep(struct walk *walk, bool is_whole)
{
	struct ctrace_standing_stack *standing = walk->standing;
	struct ctrace_walk_room *room = walk->room;
	uint32_t below = room->joined > 0 ? walk->below : 0;
	bool is_needed;

	if (below + room->walked > CTRACE_STANDING_FRAMES_MAX) {
		drop_outermost(standing, room->joined, &below);
	}
	if (below == 0) {
		standing->is_whole = is_whole;
	}
	is_needed = below > 0 ? standing->frames[below - 1].needs_frame_pointer : !is_whole;
	for (uint32_t i = room->walked; i > 0; i--) {
		struct ctrace_walk_frame *frame = &standing->frames[below++];

		*frame = room->frames[i - 1];
		is_needed = frame->uses_frame_pointer || (frame->has_frame_pointer && is_needed);
		frame->needs_frame_pointer = is_needed;
	}
	standing->count = below;
	room->standing = below - room->walked;
}

/* ---- the walk ---- */

/* Returns how it ended. */
static enum step walk_outward(struct walk *walk, bool can_join)
{
	struct ctrace_walk_room *room = walk->room;
	enum step result = STEP_CALLER;

	while (result == STEP_CALLER && room->walked < CTRACE_WALK_FRAMES_MAX) {
		uint32_t before = room->walked;

		if (can_join && join(walk)) {
			return STEP_WHOLE;
		}
		if (room->walked == before) {
			room->frames[room->walked++] = walk->at;
		}
		result = step(walk, &room->frames[room->walked - 1]);
		can_join = can_join && !walk->has_signal;
	}
	return result == STEP_CALLER ? STEP_CUT : result;
}

/* Only of the thread's own stack: its words can be read without asking. */
static bool can_stand(const struct walk *walk)
{
	return walk->standing != NULL && walk->reach.is_own && !walk->has_signal &&
	       walk->at.stack_pointer <= walk->standing->own.high;
}

static void begin(struct walk *walk, const struct ctrace_own_stack *own)
{
	struct ctrace_standing_stack *standing = walk->standing;

	ctrace_reach_begin(&walk->reach, own, walk->at.stack_pointer);
	walk->generation = ctrace_row_generation();
	if (standing != NULL) {
		if (standing->generation != walk->generation) {
			standing->count = 0;
			standing->generation = walk->generation;
		}
		walk->below = standing->count;
	}
	walk->room->walked = walk->room->joined = walk->room->standing = 0;
}

void ctrace_stack_walk(struct ctrace_standing_stack *standing, struct ctrace_walk_room *room,
		       const struct ctrace_walk_frame *innermost)
{
	static const struct ctrace_own_stack nothing;
	struct walk walk = {.standing = standing, .room = room, .at = *innermost};
	enum step end;

	begin(&walk, standing != NULL ? &standing->own : &nothing);
	end = walk_outward(&walk, can_stand(&walk));
	room->is_kept = can_stand(&walk);
	if (room->is_kept) {
		keep(&walk, end == STEP_WHOLE);
	} else if (standing != NULL && !walk.has_signal) {
		ctrace_reach_learn(&walk.reach, &standing->own, walk.at.stack_pointer,
				   end == STEP_WHOLE);
	}
}

uint32_t ctrace_stack_walk_once(const struct ctrace_walk_frame *innermost, uint64_t *addresses)
{
	static const struct ctrace_own_stack nothing;
	struct walk walk = {.at = *innermost};
	struct ctrace_walk_frame noted;
	enum step result = STEP_CALLER;
	uint32_t count = 0;

	ctrace_reach_begin(&walk.reach, &nothing, walk.at.stack_pointer);
	walk.generation = ctrace_row_generation();
	while (result == STEP_CALLER && count < CTRACE_WALK_FRAMES_MAX) {
		addresses[count++] = walk.at.address;
		result = step(&walk, &noted);
	}
	return count;
}

/* ---- what came of it ---- */

static uint64_t scrambled(uint64_t x)
{
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return x ^ x >> 32;
}

void ctrace_stack_walk_start(void)
{
	ctrace_reach_start();
	for (uint64_t i = 0; i < CTRACE_WALK_FRAMES_MAX; i++) {
		factors[i] = scrambled((i + 1) * UINT64_C(0x9e3779b97f4a7c15)) | 1;
	}
}

/* A sum of products, each of which waits for no other, as in a chain it would. */
uint64_t ctrace_walk_hash(const struct ctrace_standing_stack *standing,
			  const struct ctrace_walk_room *room, uint64_t mix)
{
	const struct ctrace_walk_frame *outward =
		room->joined > 0 ? &standing->frames[room->standing - 1] : NULL;
	uint64_t sum = scrambled(mix + 1);

	for (uint32_t i = 0; i < room->walked; i++) {
		sum += room->frames[i].address * factors[i];
	}
	for (uint32_t i = 0; i < room->joined; i++) {
		sum += (outward - i)->address * factors[room->walked + i];
	}
	sum = scrambled(sum);
	return sum != 0 ? sum : 1;
}

uint32_t ctrace_walk_addresses(const struct ctrace_standing_stack *standing,
			       const struct ctrace_walk_room *room, uint64_t *addresses)
{
	for (uint32_t i = 0; i < room->walked; i++) {
		addresses[i] = room->frames[i].address;
	}
	for (uint32_t i = 0; i < room->joined; i++) {
		addresses[room->walked + i] = standing->frames[room->standing - 1 - i].address;
	}
	return room->walked + room->joined;
}
