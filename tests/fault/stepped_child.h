/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TEST_STEPPED_CHILD_H
#define CTRACE_TEST_STEPPED_CHILD_H

/*
 * The child of test_single_step: records one of each kind of emit, as the plan says,
 * and what a signal does to it in the middle.
 *
 *     "before"  |  begin, end, begin with arguments, next, counter, end  |  "after", "and on"
 *                                  the stretch
 */

#include <stdbool.h>
#include <stdint.h>

struct stepped_plan {
	char path[64];	      /* of the trace */
	void (*handler)(int); /* of SIGUSR1 */
	int flags;	      /* of sigaction */
	bool is_first_event;  /* the thread has no ring yet: "before" belongs to the stretch */
	bool is_full;	      /* its ring has room for ends only */
	bool can_grow;	      /* to twice its size, once it is full */
	bool is_killed;	      /* nothing records it; it leaves its rings in `rings` */
	bool kills_itself;    /* so, and its end is its own */
	char rings[64];
};

extern struct stepped_plan stepped_plan;

/* How many calls of the stretch have returned, and had when the tracing handler ran; in memory that
 * the child shares with its parent. */
extern volatile uint32_t *stepped_calls;

_Noreturn void stepped_child(void);

/* Handlers. What they trace is all named "in handler": so many events, three of them in a handler
 * that interrupts the other. */
#define STEPPED_OF_HANDLER 7u
void stepped_trace_in_handler(int number);
void stepped_jump_away(int number);
void stepped_trace_and_jump_away(int number);

/* Those fork, and wait for the child, which traces and exits there. */
void stepped_fork_plainly(int number);
void stepped_fork_without_handlers(int number);
void stepped_clone_by_system_call(int number);
/* Whose child goes on with what was interrupted, in the second after it has traced. */
void stepped_fork_and_go_on(int number);
void stepped_fork_without_handlers_and_go_on(int number);
/* Whose child does so before anything told it that it is one. */
void stepped_fork_without_handlers_and_return(int number);
void stepped_clone_by_system_call_and_return(int number);
/* Whose child does so, records nothing any more, and has no ring of files of its own. */
void stepped_fork_in_files_and_go_on(int number);
void stepped_fork_in_files_without_handlers_and_return(int number);

#endif
