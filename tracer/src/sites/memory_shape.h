/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MEMORY_SHAPE_H
#define CTRACE_MEMORY_SHAPE_H

/*
 * Sites of memory (SPEC 8.5): what the arguments of their records are, told by the site's kind and
 * the letters of its schema. All are words, but for pieces of a stack, which are strings.
 *
 *     ALLOC    u u u                 address, size, pool: TRACE_ALLOC; the stack is the site itself
 *              u u p                 address, size, caller: every block of an allocator
 *              u u u h h h s s s s   address, size, weight, where it was called from, stack and
 *                                    frame pointer there, a copy of the stack from there on
 *     REALLOC  u u u p               from, to, size, caller
 *     FREE     u                     address
 *              u u                   address, pool
 *     POOL     u u i                 pool, address, size; the site's name is the pool's
 */

#include "tracer/src/sites/entry.h"

/* The category of sites of malloc and its relatives: no list chooses by it. */
#define CTRACE_MEMORY_OF_MALLOC "malloc"

#define CTRACE_STACK_PIECES	 4u
#define CTRACE_STACK_PIECE_BYTES CTRACE_STRING_ARG_BYTES_MAX
#define CTRACE_STACK_COPY_BYTES	 (CTRACE_STACK_PIECES * CTRACE_STACK_PIECE_BYTES)
/* Words before the pieces. */
#define CTRACE_STACK_COPY_LEAD 6u

enum ctrace_memory_shape {
	CTRACE_MEMORY_NONE, /* no site of memory, or not as above */
	CTRACE_MEMORY_OWN,
	CTRACE_MEMORY_CALLER,
	CTRACE_MEMORY_STACK,
	CTRACE_MEMORY_REALLOC,
	CTRACE_MEMORY_FREE,
	CTRACE_MEMORY_FREE_OWN,
	CTRACE_MEMORY_POOL,
};

/* `types` are of enum ctrace_arg_type. Thread: any.  Signal handler: yes. */
enum ctrace_memory_shape ctrace_memory_shape(unsigned kind, const uint8_t *types, unsigned count);

#endif
