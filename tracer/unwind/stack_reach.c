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

/* The loader's: where the kernel began the program's stack. */
extern void *__libc_stack_end __attribute__((weak));

static uintptr_t first_thread;

static uintptr_t this_thread(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

void ctrace_reach_start(void)
{
	first_thread = this_thread();
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
	uintptr_t thread = this_thread(), program;

	if (thread != first_thread) {
		return thread - outermost <= ABOVE_FRAMES_MAX ? thread : 0;
	}
	program = &__libc_stack_end != NULL ? (uintptr_t)__libc_stack_end : 0;
	return outermost + AROUND_END_MAX - program <= 2 * AROUND_END_MAX ? outermost : 0;
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
