/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PRELOAD_STACKS_HOST_H
#define TESTS_PRELOAD_STACKS_HOST_H

/*
 * Blocks of which the program says itself where it got them: before each, the C library's
 * backtrace() is asked in the same function. No two have the same size. What was noted is printed
 * at the end, a line a block:
 *
 *     SIZE file+0xoffset file+0xoffset …        the innermost first, one byte before where each
 * goes on
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A size that no other block has; where the caller is has been noted for it. Signal handler: yes.
 */
__attribute__((noinline)) size_t note_stack(void);
/* Likewise for what is not asked of backtrace(): no line is printed. */
size_t unnoted_size(void);
void print_notes(void);
/* Of the forked child from now on. */
void forget_notes(void);
/* Blocks from functions of many kinds; `library` may be called back through libc. */
void get_in_shapes(void);
/* In C++, of stacks_shapes.cpp. */
void get_in_classes(void);
/* Blocks and locks where a stack ends and another thread's memory begins; prints how many rounds.
 * `astray` calls `get` with a frame pointer that lies so far above the stack pointer. */
void get_at_the_edge(void (*astray)(void (*get)(void), uintptr_t distance));

#ifdef __cplusplus
}
#endif

#define APART __attribute__((noinline, noclone))
/* Behind the call there is something to do: it is none that a compiler makes a jump of. */
#define AFTER_CALL() __asm__ volatile("" ::: "memory")
#define GET_BLOCK()                                                                                \
	do {                                                                                       \
		void *volatile got = malloc(note_stack());                                         \
                                                                                                   \
		free(got);                                                                         \
		AFTER_CALL();                                                                      \
	} while (0)

#endif
