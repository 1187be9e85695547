/* SPDX-License-Identifier: MIT */

/* What of a stack can be read; see stack_reach.h. */

#include "tracer/unwind/stack_reach.h"

#include <stddef.h>

#define PAGE CTRACE_READABLE_PAGE
/* Above a thread's first frame are its variables and its control block. */
#define ABOVE_FRAMES_MAX (64u << 10)
/* What the loader and the kernel put between the program's first frame and what the loader calls
 * the stack's end. */
#define AROUND_END_MAX 4096u
/* A stack of more is looked at again each time: the pages of one look are so many at most. */
#define LEARNED_MAX (1u << 20)

/* Threads' stacks begin below their control block, and none is smaller than 16 KiB with it. */
#define THREAD_STACK_MIN (12u << 10)
/* The kernel keeps at least so much free below the end of the program's stack for its growth. */
#define PROGRAM_STACK_MIN (8u << 20)

/* The loader's: where the kernel began the program's stack. */
extern void *__libc_stack_end __attribute__((weak));

static uintptr_t first_thread;

static uintptr_t this_thread(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

static uintptr_t end_of_program(void)
{
	return &__libc_stack_end != NULL ? (uintptr_t)__libc_stack_end : 0;
}

/* A library that another thread has loaded does not know which is the first one. */
void ctrace_reach_start(void)
{
	if (end_of_program() - (uintptr_t)__builtin_frame_address(0) < PROGRAM_STACK_MIN) {
		first_thread = this_thread();
	}
}

static uintptr_t page_of(uintptr_t at)
{
	return at & ~(uintptr_t)(PAGE - 1);
}

bool ctrace_reach_further(struct ctrace_reach *reach, uintptr_t at)
{
	uintptr_t page = page_of(at);

	if (!ctrace_is_readable(page)) {
		return false;
	}
	if (page == reach->high) {
		reach->high = page + PAGE;
	} else {
		reach->low = page;
		reach->high = page + PAGE;
	}
	return true;
}

static bool are_readable(uintptr_t from, uintptr_t to)
{
	for (uintptr_t page = page_of(from); page < to; page += PAGE) {
		if (!ctrace_is_readable(page)) {
			return false;
		}
	}
	return true;
}

/* Where this thread's stack ends for good, if its outermost frame ended here; 0: it is no such. */
static uintptr_t end_of_own(uintptr_t outermost)
{
	uintptr_t thread = this_thread(), program = end_of_program();

	if (thread != first_thread) {
		return thread - outermost <= ABOVE_FRAMES_MAX ? thread : 0;
	}
	return outermost + AROUND_END_MAX - program <= 2 * AROUND_END_MAX ? outermost : 0;
}

/* Where the thread's own stack ends that this stack pointer is in without any doubt; 0: it may be
 * in another. */
static uintptr_t end_without_doubt(uintptr_t stack_pointer)
{
	uintptr_t thread = this_thread(), program = end_of_program();

	if (first_thread == 0) {
		return 0;
	}
	if (thread == first_thread) {
		return program - stack_pointer < PROGRAM_STACK_MIN ? program : 0;
	}
	return thread - stack_pointer < THREAD_STACK_MIN ? thread : 0;
}

bool ctrace_reach_is_lasting(const struct ctrace_reach *reach, uintptr_t at)
{
	uintptr_t end = reach->is_own ? reach->own_high : end_without_doubt(reach->begin);

	return at >= reach->begin && at < end;
}

void ctrace_reach_learn(const struct ctrace_reach *reach, struct ctrace_own_stack *own,
			uintptr_t stack_pointer, bool is_outermost)
{
	uintptr_t begin = page_of(reach->begin - 8), end;
	bool goes_on =
		reach->begin < own->low && stack_pointer >= own->low && stack_pointer <= own->high;

	end = goes_on ? own->low : is_outermost && own->high == 0 ? end_of_own(stack_pointer) : 0;
	if (end <= begin || end - begin > LEARNED_MAX || !are_readable(begin, end)) {
		return;
	}
	own->high = goes_on ? own->high : stack_pointer;
	own->low = begin;
}
