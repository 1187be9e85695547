/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_TOLD_STACK_H
#define CTRACE_PRELOAD_TOLD_STACK_H

/*
 * The calling thread's stack as arguments of a record (memory_shape.h): who called, and the
 * addresses where the 64 innermost functions go on. Nothing is kept of it, and nothing is mapped.
 *
 *     struct ctrace_told_stack stack;
 *       ctrace_told_stack(&args[n], &stack, &frame)      then record args, while `stack` is there
 *
 * Only words of frames are read in which functions are that have not returned: nobody may take
 * away the stack below them. What lies further along a stack may be another's, and go at any
 * moment.
 *
 * Cost: 8 ns a function, a system call of 0.1 us for each page of the stack; 1 us for each function
 * that is met for the first time. Stack: 3 KiB at most.
 *
 * Thread: any, its own stack.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include "tracer/preload/caller_frame.h"
#include "tracer/src/library/face.h"
#include "tracer/src/sites/memory_shape.h"

struct ctrace_told_stack {
	uint64_t words[1 + CTRACE_MEMORY_FRAMES_MAX];
};

#pragma GCC visibility push(hidden)
/* Once, by the constructor, on the program's first thread. */
void ctrace_told_stack_start(void);

/* Fills `args`, which point into `stack`. */
void ctrace_told_stack(struct ctrace_arg args[CTRACE_MEMORY_TOLD_ARGS],
		       struct ctrace_told_stack *stack, const struct ctrace_caller_frame *frame);
#pragma GCC visibility pop

#endif
