/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_LOCK_STACK_H
#define CTRACE_PRELOAD_LOCK_STACK_H

/*
 * Which waits for locks, and which ends of holding one, are recorded with their thread's stack
 * (told_stack.h). A stack costs the program about 1 us and the recorder 5 to 10, so only some are,
 * at a bounded rate:
 *
 *     of a thread     one in 500 us of its waits for locks that are held, one of its letting go of
 *                     such; of conditions, semaphores and barriers one in 2 ms each
 *     of a lock       the first 8 waits and the first 8 ends come before others
 *     of the process  10,000 a second; 16 at once, 8 of which only a lock's first ones take
 *
 * The choice is made when a wait begins, before anybody knows how long it will be.
 *
 * Cost where it is not chosen: the time by the vDSO and a comparison, 30 ns of a wait.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include "tracer/preload/caller_frame.h"
#include "tracer/src/library/face.h"

#include <stdbool.h>

/* What is told of: each has its own turn in a thread. */
enum ctrace_lock_moment {
	CTRACE_LOCK_MOMENT_WAIT,   /* for a lock that somebody holds */
	CTRACE_LOCK_MOMENT_IDLE,   /* at a condition, a semaphore, a barrier, the end of a thread */
	CTRACE_LOCK_MOMENT_UNLOCK, /* a lock is let go */
	CTRACE_LOCK_MOMENT_SIGNAL, /* a condition or a semaphore is told */
	CTRACE_LOCK_MOMENTS
};

#pragma GCC visibility push(hidden)
/* Once, by the constructor that has found the recorder; NULL: there is none. */
void ctrace_lock_stack_start(const struct ctrace_face *recorder);

/* The calling thread's event of this lock has just been recorded. */
void ctrace_lock_stack_tell(enum ctrace_lock_moment moment, const void *lock,
			    const struct ctrace_caller_frame *frame);
#pragma GCC visibility pop

#endif
