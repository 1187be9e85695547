/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STACK_REACH_H
#define CTRACE_STACK_REACH_H

/*
 * Which words of a stack may be read. What is known of a thread's own stack is kept, and grows; of
 * any other (coroutines, alternate stacks of handlers) each page is asked for, each time.
 *
 *     ctrace_reach_begin(&reach, &own, stack_pointer)
 *       ctrace_reach_word(&reach, at, &word)       false: it cannot be read
 *     ctrace_reach_learn(&reach, …)                the walk has come to an end that says whose
 * stack it is
 *
 * A stack is the thread's own if its outermost frame ends where the C library begins a thread's
 * (below its control block) or the kernel the program's, or if it goes on in what is known already;
 * and every page between can be read. Such a stack stays as long as its thread.
 *
 * That a page can be read does not say that it is there a moment later: another thread may take it
 * away. Nobody does that to the frames of functions that have not returned, and where a walk knows
 * its way it reads no other words. Where it guesses it may come anywhere: then only words will do
 * that are there as long as the thread (ctrace_reach_is_lasting).
 *
 * Thread: any, its own.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include "tracer/unwind/readable.h"

/* Known of the thread's own stack; zeroed: nothing. */
struct ctrace_own_stack {
	uintptr_t low, high;
};

struct ctrace_reach {
	uintptr_t low, high; /* what may be read */
	uintptr_t begin;     /* the stack pointer */
	uintptr_t own_high;  /* of what is known */
	bool is_own;	     /* the stack pointer is in it */
};

/* The word below `stack_pointer` has been there: a return address has just been taken from it. */
static inline void ctrace_reach_begin(struct ctrace_reach *reach,
				      const struct ctrace_own_stack *own, uintptr_t stack_pointer)
{
	uintptr_t page = (stack_pointer - 8) & ~(uintptr_t)(CTRACE_READABLE_PAGE - 1);

	reach->begin = stack_pointer;
	reach->is_own = stack_pointer >= own->low && stack_pointer < own->high;
	reach->own_high = own->high;
	reach->low = reach->is_own ? own->low : page;
	reach->high = reach->is_own ? own->high : page + CTRACE_READABLE_PAGE;
}

#pragma GCC visibility push(hidden)
/* The calling thread is the program's first: its stack is the kernel's. Once, by a constructor. */
void ctrace_reach_start(void);

/* Can the page of `at` be read? Then it is in reach. */
bool ctrace_reach_further(struct ctrace_reach *reach, uintptr_t at);

/* Is the word at `at`, above reach->begin, in a stack that is the thread's own, whatever else
 * holds? Of threads that have walked nothing yet this knows 12 KiB, of the program's first one all.
 */
bool ctrace_reach_is_lasting(const struct ctrace_reach *reach, uintptr_t at);

/* A walk from reach->begin has come to this stack pointer: that of the outermost frame, or not. */
void ctrace_reach_learn(const struct ctrace_reach *reach, struct ctrace_own_stack *own,
			uintptr_t stack_pointer, bool is_outermost);
#pragma GCC visibility pop

static inline bool ctrace_reach_word(struct ctrace_reach *reach, uintptr_t at, uintptr_t *word)
{
	if (__builtin_expect(at % 8 != 0 || at < reach->low || at >= reach->high, 0) &&
	    (at % 8 != 0 || !ctrace_reach_further(reach, at))) {
		return false;
	}
	*word = *(const uintptr_t *)at; /* NOLINT: a stack is made of numbers */
	return true;
}

#endif
