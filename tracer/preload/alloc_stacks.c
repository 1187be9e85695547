/* SPDX-License-Identifier: MIT */

/* Numbers of whole stacks; see alloc_stacks.h. */

#include "tracer/preload/alloc_stacks.h"

#include "tracer/preload/stack_memory.h"
#include "tracer/src/sites/memory_shape.h"
#include "tracer/unwind/row_cache.h"
#include "tracer/unwind/row_find.h"

#define NUMBER_BITS CTRACE_MEMORY_NUMBER_BITS

bool ctrace_alloc_stacks_start(void)
{
	if (!ctrace_rows_can_be_found() || !ctrace_stack_memory_start()) {
		return false;
	}
	ctrace_stack_walk_start();
	return true;
}

/* ---- the table of what was told ---- */

static _Atomic uint64_t *set_of(struct ctrace_stack_memory *memory, uint64_t hash)
{
	return memory->told[hash >> 32 & (CTRACE_TOLD_SETS - 1)];
}

static const _Atomic uint64_t *place_of(const struct ctrace_stack_memory *memory, uint32_t number)
{
	return &memory->told[0][0] + (number - 1);
}

/* Where this hash is, or is to be: an empty place of its set, or one that it chooses. */
static uint32_t number_for(struct ctrace_stack_memory *memory, uint64_t hash, bool *is_told)
{
	_Atomic uint64_t *set = set_of(memory, hash);
	uint32_t first = (uint32_t)(set - &memory->told[0][0]) + 1;
	uint32_t way = (uint32_t)(hash >> 48) % CTRACE_TOLD_WAYS;

	*is_told = false;
	for (uint32_t i = 0; i < CTRACE_TOLD_WAYS; i++) {
		uint64_t found = atomic_load_explicit(&set[i], memory_order_relaxed);

		if (found == hash) {
			*is_told = true;
			return first + i;
		}
		if (found == 0) {
			return first + i;
		}
	}
	return first + way;
}

/* ---- one stack ---- */

/* A walk that was left by a jump would count for ever: on the same stack, who is above it has left
 * it. */
static bool is_left(const struct ctrace_stack_memory *memory, uintptr_t stack_pointer)
{
	const struct ctrace_own_stack *own = &memory->standing.own;

	return memory->entered >= own->low && memory->entered < stack_pointer &&
	       stack_pointer < own->high;
}

static uint32_t enter(struct ctrace_stack_memory *memory, uintptr_t stack_pointer)
{
	uint32_t depth = atomic_load_explicit(&memory->depth, memory_order_relaxed);

	if (depth > 0 && is_left(memory, stack_pointer)) {
		depth = 0;
	}
	if (depth == 0) {
		memory->entered = stack_pointer;
	}
	atomic_store_explicit(&memory->depth, depth + 1, memory_order_relaxed);
	/* Handlers on this thread see it before anything is touched. */
	atomic_signal_fence(memory_order_seq_cst);
	return depth;
}

static void tell(struct ctrace_alloc_stack *stack, struct ctrace_stack_room *room,
		 const struct ctrace_standing_stack *standing)
{
	room->words[0] = ctrace_row_generation();
	stack->bytes = room->words;
	stack->size =
		8 * (1 + (size_t)ctrace_walk_addresses(standing, &room->walk, room->words + 1));
}

/* As the last one: its number, 0 if it is another's by now. */
static uint32_t number_of_last(const struct ctrace_stack_memory *memory)
{
	uint32_t number = memory->last_number;

	return number != 0 && atomic_load_explicit(place_of(memory, number),
						   memory_order_relaxed) == memory->last_hash
		       ? number
		       : 0;
}

/* Of the thread itself, not interrupted by it. */
__attribute__((noinline)) static uint32_t walk_and_number(struct ctrace_alloc_stack *stack,
							  const struct ctrace_walk_frame *innermost)
{
	struct ctrace_stack_memory *memory = stack->memory;
	struct ctrace_stack_room *room = &memory->rooms[0];
	bool is_told;
	uint32_t number;

	ctrace_stack_walk(&memory->standing, &room->walk, innermost);
	stack->hash = ctrace_walk_hash(&memory->standing, &room->walk, memory->standing.generation);
	number = number_for(memory, stack->hash, &is_told);
	if (room->walk.is_kept) {
		memory->last_hash = stack->hash;
		memory->last_number = number;
	}
	if (!is_told) {
		tell(stack, room, &memory->standing);
	}
	return number;
}

static void walk_within(struct ctrace_alloc_stack *stack, const struct ctrace_walk_frame *innermost)
{
	struct ctrace_stack_room *room = &stack->memory->rooms[stack->depth];

	ctrace_stack_walk(NULL, &room->walk, innermost);
	tell(stack, room, NULL);
}

void ctrace_alloc_stack_begin(struct ctrace_alloc_stack *stack,
			      const struct ctrace_caller_frame *frame)
{
	const struct ctrace_walk_frame innermost = {
		.address = frame->caller,
		.stack_pointer = frame->stack_pointer,
		.frame_pointer = frame->frame_pointer,
	};
	struct ctrace_stack_memory *memory = ctrace_stack_memory();
	uint32_t number = 0;

	stack->memory = memory;
	stack->size = 0;
	stack->where = frame->caller << NUMBER_BITS;
	if (memory == NULL || frame->caller == 0) {
		stack->memory = NULL;
		return;
	}
	stack->depth = enter(memory, frame->stack_pointer);
	if (stack->depth == 0) {
		if (ctrace_stack_stands(&memory->standing, &innermost)) {
			number = number_of_last(memory);
		}
		stack->where |= number != 0 ? number : walk_and_number(stack, &innermost);
	} else if (stack->depth < CTRACE_STACK_DEPTHS) {
		walk_within(stack, &innermost);
	}
}

void ctrace_alloc_stack_end(struct ctrace_alloc_stack *stack, bool is_recorded)
{
	struct ctrace_stack_memory *memory = stack->memory;
	uint32_t number = (uint32_t)stack->where & ((1u << NUMBER_BITS) - 1);

	if (memory == NULL || memory != ctrace_stack_mine.memory ||
	    atomic_load_explicit(&memory->stamp, memory_order_relaxed) != ctrace_stack_mine.stamp) {
		return; /* a handler has forked meanwhile: this is another's */
	}
	if (stack->size > 0 && number != 0 && is_recorded) {
		atomic_store_explicit(&memory->told[0][0] + (number - 1), stack->hash,
				      memory_order_relaxed);
	}
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&memory->depth, stack->depth, memory_order_relaxed);
}
