/* SPDX-License-Identifier: MIT */

/* Stacks that are told whole; see told_stack.h. */

#include "tracer/preload/told_stack.h"

#include "tracer/unwind/row_cache.h"
#include "tracer/unwind/stack_walk.h"

void ctrace_told_stack_start(void)
{
	ctrace_reach_start();
}

void ctrace_told_stack(struct ctrace_arg args[CTRACE_MEMORY_TOLD_ARGS],
		       struct ctrace_told_stack *stack, const struct ctrace_caller_frame *frame)
{
	const struct ctrace_walk_frame innermost = {
		.address = frame->caller,
		.stack_pointer = frame->stack_pointer,
		.frame_pointer = frame->frame_pointer,
	};
	size_t words = 1;

	stack->words[0] = ctrace_row_generation();
	words += ctrace_stack_walk_once(&innermost, stack->words + 1);
	args[0] = (struct ctrace_arg){.word = frame->caller << CTRACE_MEMORY_NUMBER_BITS};
	args[1] = (struct ctrace_arg){.word = 8 * words, .bytes = (const void *)stack->words};
}
