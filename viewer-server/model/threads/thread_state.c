/* SPDX-License-Identifier: MIT */
/* Names of states, and what the kernel calls them. */

#include "viewer-server/model/threads/thread_state.h"

#include "format/kinds.h"

const char *ctrace_thread_state_name(unsigned state)
{
	static const char *const names[CTRACE_STATES] = {
		[CTRACE_STATE_UNKNOWN] = "unknown",
		[CTRACE_STATE_RUNNING] = "running",
		[CTRACE_STATE_PREEMPTED] = "preempted",
		[CTRACE_STATE_YIELDED] = "yielded",
		[CTRACE_STATE_WOKEN] = "woken",
		[CTRACE_STATE_SLEEPING] = "sleeping",
		[CTRACE_STATE_UNINTERRUPTIBLE] = "uninterruptible",
		[CTRACE_STATE_STOPPED] = "stopped",
		[CTRACE_STATE_TRACED] = "traced",
		[CTRACE_STATE_PARKED] = "parked",
		[CTRACE_STATE_BLOCKED] = "blocked",
		[CTRACE_STATE_DEAD] = "dead",
	};

	return names[state < CTRACE_STATES ? state : CTRACE_STATE_UNKNOWN];
}

enum ctrace_thread_doing ctrace_thread_state_of(unsigned run_state)
{
	switch (run_state) {
	case CTRACE_RUN_YIELDED:
		return CTRACE_STATE_YIELDED;
	case CTRACE_RUN_PREEMPTED:
		return CTRACE_STATE_PREEMPTED;
	case CTRACE_RUN_SLEEPING:
	case CTRACE_RUN_IDLE:
		return CTRACE_STATE_SLEEPING;
	case CTRACE_RUN_UNINTERRUPTIBLE:
		return CTRACE_STATE_UNINTERRUPTIBLE;
	case CTRACE_RUN_STOPPED:
		return CTRACE_STATE_STOPPED;
	case CTRACE_RUN_TRACED:
		return CTRACE_STATE_TRACED;
	case CTRACE_RUN_DEAD:
	case CTRACE_RUN_ZOMBIE:
		return CTRACE_STATE_DEAD;
	case CTRACE_RUN_PARKED:
		return CTRACE_STATE_PARKED;
	case CTRACE_RUN_BLOCKED:
		return CTRACE_STATE_BLOCKED;
	default:
		return CTRACE_STATE_UNKNOWN;
	}
}
