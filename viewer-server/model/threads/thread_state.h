/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_THREAD_STATE_H
#define CTRACE_THREAD_STATE_H

/* What a thread can be doing, as the kernel sees it. */

#include <stdbool.h>

enum ctrace_thread_doing {
	CTRACE_STATE_UNKNOWN, /* events were lost */
	CTRACE_STATE_RUNNING,
	CTRACE_STATE_PREEMPTED, /* could run, was taken off its CPU */
	CTRACE_STATE_YIELDED,	/* could run, gave way */
	CTRACE_STATE_WOKEN,	/* could run, since it was woken or made */
	CTRACE_STATE_SLEEPING,
	CTRACE_STATE_UNINTERRUPTIBLE,
	CTRACE_STATE_STOPPED,
	CTRACE_STATE_TRACED,
	CTRACE_STATE_PARKED,
	CTRACE_STATE_BLOCKED, /* not known how: from its last moment on a CPU to the next */
	CTRACE_STATE_DEAD,
	CTRACE_STATES,
};

/* "running" and so on, as in viewer-server/API.md. */
const char *ctrace_thread_state_name(unsigned state);

/* What sched_switch and sched_out say (SPEC 8.4) in these words. */
enum ctrace_thread_doing ctrace_thread_state_of(unsigned run_state);

static inline bool ctrace_thread_state_is_runnable(unsigned state)
{
	return state >= CTRACE_STATE_PREEMPTED && state <= CTRACE_STATE_WOKEN;
}

/* It waits for somebody: a wake-up ends it. */
static inline bool ctrace_thread_state_is_waiting(unsigned state)
{
	return state >= CTRACE_STATE_SLEEPING && state <= CTRACE_STATE_BLOCKED;
}

#endif
