/* SPDX-License-Identifier: MIT */

/* Copies of stacks; see stack_copy.h. */

#include "tracer/preload/stack_copy.h"

#include "tracer/unwind/readable.h"

#define PAGE_BYTES CTRACE_READABLE_PAGE

/* Of the stack above `from`: to the end of its page, and of the next one if that is there. */
static size_t stack_bytes(uintptr_t from)
{
	size_t in_page = PAGE_BYTES - from % PAGE_BYTES;

	if (in_page >= CTRACE_STACK_COPY_BYTES || !ctrace_is_readable(from + in_page)) {
		return in_page < CTRACE_STACK_COPY_BYTES ? in_page : CTRACE_STACK_COPY_BYTES;
	}
	return CTRACE_STACK_COPY_BYTES;
}

void ctrace_stack_copy(struct ctrace_arg args[CTRACE_STACK_COPY_ARGS],
		       const struct ctrace_caller_frame *frame)
{
	size_t left = stack_bytes(frame->stack_pointer);
	const char *from = (const char *)frame->stack_pointer; /* NOLINT: our own stack */

	args[0] = (struct ctrace_arg){.word = frame->caller};
	args[1] = (struct ctrace_arg){.word = frame->stack_pointer};
	args[2] = (struct ctrace_arg){.word = frame->frame_pointer};
	for (unsigned i = 0; i < CTRACE_STACK_PIECES; i++) {
		size_t piece = left < CTRACE_STACK_PIECE_BYTES ? left : CTRACE_STACK_PIECE_BYTES;

		args[CTRACE_STACK_COPY_WORDS + i] =
			(struct ctrace_arg){.word = piece, .bytes = from};
		from += piece;
		left -= piece;
	}
}
