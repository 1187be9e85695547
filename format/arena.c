/* SPDX-License-Identifier: MIT */
/* Blocks of 64 KiB, filled from the front; a large piece gets a block of its own size. */

#include "format/arena.h"

#include <stdlib.h>

#define BLOCK_BYTES (64u << 10)
#define ALIGN	    16u

struct ctrace_arena_block {
	struct ctrace_arena_block *below;
	size_t used, capacity;
	_Alignas(ALIGN) char bytes[];
};

static void drop_top(struct ctrace_arena *arena)
{
	struct ctrace_arena_block *top = arena->top;

	arena->top = top->below;
	free(top);
}

void ctrace_arena_finish(struct ctrace_arena *arena)
{
	while (arena->top != NULL) {
		drop_top(arena);
	}
}

static struct ctrace_arena_block *push(struct ctrace_arena *arena, size_t size)
{
	size_t capacity = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct ctrace_arena_block *block = malloc(sizeof(*block) + capacity);

	if (block != NULL) {
		*block = (struct ctrace_arena_block){.below = arena->top, .capacity = capacity};
		arena->top = block;
	}
	return block;
}

void *ctrace_arena_take(struct ctrace_arena *arena, size_t size)
{
	struct ctrace_arena_block *block = arena->top;

	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (block == NULL || size > block->capacity - block->used) {
		block = push(arena, size);
	}
	if (block == NULL) {
		return NULL;
	}
	void *piece = block->bytes + block->used;
	block->used += size;
	return piece;
}

struct ctrace_arena_mark ctrace_arena_mark(const struct ctrace_arena *arena)
{
	return (struct ctrace_arena_mark){
		.top = arena->top,
		.used = arena->top == NULL ? 0 : arena->top->used,
	};
}

void ctrace_arena_rewind(struct ctrace_arena *arena, struct ctrace_arena_mark mark)
{
	while (arena->top != mark.top) {
		drop_top(arena);
	}
	if (arena->top != NULL) {
		arena->top->used = mark.used;
	}
}
