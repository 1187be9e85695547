/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_STACK_MEMORY_H
#define CTRACE_PRELOAD_STACK_MEMORY_H

/*
 * What a thread keeps of its stacks, and how it comes by it; see alloc_stacks.h.
 *
 *     | link | wiped in a forked child: owner, standing stack, room, table of what was told |
 *
 * Memories are never given back: a thread that is gone leaves its own to the next that comes.
 * Whether it is gone the kernel is asked, when one is looked for.
 */

#include "tracer/src/sites/memory_shape.h"
#include "tracer/unwind/stack_walk.h"

#include <stdatomic.h>

/* Interrupted walks, one within the other; deeper ones have no stacks. */
#define CTRACE_STACK_DEPTHS 4u
#define CTRACE_TOLD_WAYS    4u
#define CTRACE_TOLD_SETS    (CTRACE_MEMORY_NUMBERS_MAX / CTRACE_TOLD_WAYS)

/* One walk, and the words that tell of it. */
struct ctrace_stack_room {
	struct ctrace_walk_room walk;
	uint64_t words[1 + CTRACE_WALK_FRAMES_MAX];
};

struct ctrace_stack_memory {
	_Atomic int32_t owner;	/* [M] a thread's number; 0: nobody's */
	_Atomic uint64_t stamp; /* of who took it: no other has the same */
	_Atomic uint32_t depth; /* of walks under way */
	uintptr_t entered;	/* the stack pointer of the outermost of these */
	uint64_t last_hash;	/* of the last walk that was kept */
	uint32_t last_number;
	struct ctrace_standing_stack standing;
	struct ctrace_stack_room rooms[CTRACE_STACK_DEPTHS];
	_Alignas(64) _Atomic uint64_t told[CTRACE_TOLD_SETS][CTRACE_TOLD_WAYS];
};

#pragma GCC visibility push(hidden)
/* The calling thread's; its own half of it, which says whether the other is still its. */
extern __thread struct ctrace_stack_mine {
	struct ctrace_stack_memory *memory;
	uint64_t stamp;
} ctrace_stack_mine __attribute__((tls_model("initial-exec")));

/* Once, by a constructor. False: threads will have none. */
bool ctrace_stack_memory_start(void);

/* The thread has none, or it is in a child of who had: it gets one. NULL: there is none to be had.
 */
struct ctrace_stack_memory *ctrace_stack_memory_take(void);
#pragma GCC visibility pop

static inline struct ctrace_stack_memory *ctrace_stack_memory(void)
{
	struct ctrace_stack_memory *memory = ctrace_stack_mine.memory;

	if (__builtin_expect(memory != NULL &&
				     atomic_load_explicit(&memory->stamp, memory_order_relaxed) ==
					     ctrace_stack_mine.stamp,
			     1)) {
		return memory;
	}
	return ctrace_stack_memory_take();
}

#endif
