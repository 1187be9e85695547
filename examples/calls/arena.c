/* SPDX-License-Identifier: MIT */
/* TRACE_POOL, TRACE_ALLOC, TRACE_FREE: an arena that gives out what it got in one piece. See
 * `ctrace heap`. */

#include <ctrace/trace.h>
#include <stdlib.h>
#include <unistd.h>

#define ARENA_BYTES 65536

struct arena {
	char *memory;
	size_t used;
};

static void *arena_get(struct arena *arena, size_t size)
{
	char *block = arena->memory + arena->used;

	arena->used += (size + 15) & ~(size_t)15;
	TRACE_ALLOC(arena, block, size);
	return block;
}

/* All of it at once: blocks are told of one by one before. */
static void arena_clear(struct arena *arena, void **blocks, int count)
{
	for (int i = 0; i < count; i++) {
		TRACE_FREE(arena, blocks[i]);
	}
	arena->used = 0;
}

int main(void)
{
	struct arena arena = {malloc(ARENA_BYTES), 0};
	void *blocks[100];

	TRACE_POOL(&arena, "requests", arena.memory, ARENA_BYTES);
	for (int request = 0; request < 10; request++) {
		for (int i = 0; i < 100; i++) {
			blocks[i] = arena_get(&arena, 16 + (size_t)(i % 7) * 50);
		}
		usleep(200);
		arena_clear(&arena, blocks, 100);
	}
	TRACE_POOL(&arena, "requests", arena.memory, -ARENA_BYTES);
	free(arena.memory);
	return 0;
}
