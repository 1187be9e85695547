/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_ALLOC_STACKS_H
#define CTRACE_PRELOAD_ALLOC_STACKS_H

/*
 * The whole stack of every block (CTRACE_ALLOC=stacks), cheaply: each thread numbers the stacks
 * that it has told of. A record has the number; the first record of a stack has its addresses
 * besides.
 *
 *     ctrace_alloc_stack_begin(&stack, &frame)      where: who called, and the number
 *       record with stack.where; and with stack.bytes if stack.size is not 0
 *     ctrace_alloc_stack_end(&stack, is_recorded)   now the number is known
 *
 * A number is a place in a table of 16,384 hashes, and is used again: who reads the records takes
 * the last addresses that came with it. A record that is lost leaves it unknown, and so tells it
 * again later. A number of 0 is not remembered: addresses come with it, or there is only the
 * caller.
 *
 * A handler that interrupts this walks in room of its own, and tells its addresses whole with the
 * number 0.
 *
 * What a thread needs is mapped at its first block, 160 KiB of which it touches what it uses. It is
 * wiped in a forked child, whose ring has been told of nothing; and goes to another thread when its
 * own is gone.
 *
 *              | begin, end of T | of a handler on T | of others
 *     on T     |        1        |         2         |  ok: only whose memory it is, is shared
 *     1: nothing of it comes in between.   2: a depth, and room for each.
 *     [M] owner: acquire-release by who takes a memory; it is met by who takes it next.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no (maps a thread's memory).  errno:
 * kept.
 */

#include "tracer/preload/caller_frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_alloc_stack {
	uint64_t where;	   /* the caller's address << 16 | the number */
	const void *bytes; /* what is to be told: the generation of modules, and addresses; a word
			      each */
	size_t size;	   /* in bytes; 0: it is known */
	/* of alloc_stacks.c */
	struct ctrace_stack_memory *memory;
	uint64_t hash;
	uint32_t depth;
};

#pragma GCC visibility push(hidden)
/* Can stacks be walked here? Then once, by the constructor. */
bool ctrace_alloc_stacks_start(void);

void ctrace_alloc_stack_begin(struct ctrace_alloc_stack *stack,
			      const struct ctrace_caller_frame *frame);
void ctrace_alloc_stack_end(struct ctrace_alloc_stack *stack, bool is_recorded);
#pragma GCC visibility pop

#endif
