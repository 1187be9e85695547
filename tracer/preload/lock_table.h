/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_LOCK_TABLE_H
#define CTRACE_PRELOAD_LOCK_TABLE_H

/*
 * What locks.def makes besides wrappers: a number, a site with its state, and a pointer to the
 * real function for each. As call_table.h, but that only who has to wait is recorded:
 *
 *     ctrace_lock_state(id) == 0             nobody wants it: call the real one
 *     got it at once                         else: no more to do
 *     code = ctrace_lock_begin(id, lock, holder, &frame)
 *     result = ctrace_locks.sem_wait(…)
 *     ctrace_lock_end(id, code, lock, error)
 *
 *     [L] ctrace_locks: release fence after it is filled, before states change; met by the
 *         acquire of a state.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include "tracer/preload/caller_frame.h"
#include "tracer/preload/recorder.h"

#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

enum ctrace_lock_id {
#define WAITS(function, kind)	CTRACE_LOCK_ID_##function,
#define LETS_GO(function, kind) CTRACE_LOCK_ID_##function,
#include "tracer/preload/locks.def"
	CTRACE_LOCK_IDS
};

/* The functions behind ours. */
struct ctrace_locks {
#define WAITS(function, kind)	__typeof__(function) *function;
#define LETS_GO(function, kind) __typeof__(function) *function;
#include "tracer/preload/locks.def"
};

#pragma GCC visibility push(hidden)
extern struct ctrace_locks ctrace_locks;
extern uint16_t ctrace_lock_states[CTRACE_LOCK_IDS];
#pragma GCC visibility pop

/* Seen by programs, instead of libc's. */
#define CTRACE_LOCK_WRAPPER __attribute__((visibility("default")))

/* Look the real functions up, make the site known; the state it has then. */
unsigned ctrace_lock_first_pass(enum ctrace_lock_id id);

/* 0: nobody wants it. The real functions are known then, whatever the answer. */
static inline unsigned ctrace_lock_state(enum ctrace_lock_id id)
{
	/* [L] acquire. */
	unsigned state = __atomic_load_n(&ctrace_lock_states[id], __ATOMIC_ACQUIRE);

	return __builtin_expect(state != CTRACE_STATE_NOT_MET, 1) ? state
								  : ctrace_lock_first_pass(id);
}

/* The wait begins, if anybody wants it; `frame`: of who called. Returns its code for the end; 0:
 * not recorded. */
unsigned ctrace_lock_begin(enum ctrace_lock_id id, const void *lock, uint64_t holder,
			   const struct ctrace_caller_frame *frame);
/* It is over: 0, or an error number. `code` may be 0. */
void ctrace_lock_end(enum ctrace_lock_id id, unsigned code, const void *lock, int error);

/* The thread is about to let go what others wait for. */
void ctrace_lock_lets_go(enum ctrace_lock_id id, const void *lock,
			 const struct ctrace_caller_frame *frame);

#endif
