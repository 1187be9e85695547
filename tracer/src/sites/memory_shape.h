/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MEMORY_SHAPE_H
#define CTRACE_MEMORY_SHAPE_H

/*
 * Sites of memory (SPEC 8.5): what the arguments of their records are, told by the site's kind and
 * the letters of its schema. All are words, but for addresses of a stack, which are a string.
 *
 *     ALLOC    u u u                 address, size, pool: TRACE_ALLOC; the stack is the site itself
 *              u u p                 address, size, caller: every block of an allocator
 *              u u u h s             address, size, weight, where: a sample, with its stack
 *              u u h                 address, size, where: every block, with its stack
 *              u u h s               the same, and that stack
 *     REALLOC  u u u p               from, to, size, caller
 *              u u u h               from, to, size, where
 *              u u u h s             the same, and that stack
 *     FREE     u                     address
 *              u u                   address, pool
 *     POOL     u u i                 pool, address, size; the site's name is the pool's
 *     LOCK_STACK  u h s              of no memory: a lock (SPEC 8.6), and where its thread was
 *
 * `where` is the caller's address << 16 | the number of a stack, which is of this thread and stands
 * for what last came with it: a word that says how often modules have gone, and the addresses where
 * its functions go on, the innermost first, at most 64. 0: of no other record, as samples and locks
 * have it.
 */

#include "tracer/src/sites/entry.h"

/* The category of sites of malloc and its relatives: no list chooses by it. */
#define CTRACE_MEMORY_OF_MALLOC "malloc"

/* Words of a sample before `where`. */
#define CTRACE_MEMORY_STACK_LEAD 3u

/* Of a schema: `where`, and a stack. */
#define CTRACE_MEMORY_TOLD_ARGS	  2u
#define CTRACE_MEMORY_TOLD_SCHEMA "h\0s\0"

/* Words before `where` where a number may stand for a stack, at most. */
#define CTRACE_MEMORY_NUMBERED_LEAD_MAX 3u
#define CTRACE_MEMORY_NUMBER_BITS	16u
/* Numbers of stacks that a thread has at a time. */
#define CTRACE_MEMORY_NUMBERS_MAX (16u << 10)
#define CTRACE_MEMORY_FRAMES_MAX  64u

enum ctrace_memory_shape {
	CTRACE_MEMORY_NONE, /* no site of memory, or not as above */
	CTRACE_MEMORY_OWN,
	CTRACE_MEMORY_CALLER,
	CTRACE_MEMORY_STACK,
	CTRACE_MEMORY_KNOWN,
	CTRACE_MEMORY_TOLD,
	CTRACE_MEMORY_REALLOC,
	CTRACE_MEMORY_REALLOC_KNOWN,
	CTRACE_MEMORY_REALLOC_TOLD,
	CTRACE_MEMORY_FREE,
	CTRACE_MEMORY_FREE_OWN,
	CTRACE_MEMORY_POOL,
	CTRACE_MEMORY_LOCK_STACK,
};

/* `types` are of enum ctrace_arg_type. Thread: any.  Signal handler: yes. */
enum ctrace_memory_shape ctrace_memory_shape(unsigned kind, const uint8_t *types, unsigned count);

#endif
