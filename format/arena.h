/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ARENA_H
#define CTRACE_ARENA_H

/* Many small pieces of memory that stay where they are until all of them go. A zeroed arena is
 * empty. */

#include <stddef.h>

struct ctrace_arena_block; /* owns the pieces; a stack, the newest on top */

struct ctrace_arena {
	struct ctrace_arena_block *top;
};

/* A place to go back to: what was taken since then is given back. */
struct ctrace_arena_mark {
	struct ctrace_arena_block *top;
	size_t used;
};

void ctrace_arena_finish(struct ctrace_arena *arena);
/* `size` bytes aligned for any type, or NULL. */
void *ctrace_arena_take(struct ctrace_arena *arena, size_t size);
struct ctrace_arena_mark ctrace_arena_mark(const struct ctrace_arena *arena);
void ctrace_arena_rewind(struct ctrace_arena *arena, struct ctrace_arena_mark mark);

#endif
