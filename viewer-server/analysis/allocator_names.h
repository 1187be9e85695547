/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ALLOCATOR_NAMES_H
#define CTRACE_ALLOCATOR_NAMES_H

/*
 * Which functions are an allocator's (glibc's, and those that take its place), and which stacks
 * lead through one.
 *
 * Thread: any, own object.
 */

#include "format/reader.h"

#include <stdbool.h>

/* By its name as stacks have it, mangled or not. */
bool ctrace_is_allocator(struct ctrace_bytes function);

/* What is known of stacks so far. */
struct ctrace_allocator_stacks {
	const struct ctrace_trace *trace; /* borrows until finish */
	uint8_t *known;			  /* owned; by stack: 0 not looked at, 1 no, 2 yes */
	uint32_t count;
};

/* CTRACE_ERR_NO_MEMORY, or done. Undo with _finish, also after a failure. */
enum ctrace_status ctrace_allocator_stacks_init(struct ctrace_allocator_stacks *stacks,
						const struct ctrace_trace *trace);
void ctrace_allocator_stacks_finish(struct ctrace_allocator_stacks *stacks);

/* Is one of its functions an allocator's? Each stack is looked at once. */
bool ctrace_allocator_stacks_have(struct ctrace_allocator_stacks *stacks, uint32_t stack);

#endif
