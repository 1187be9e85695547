/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_LOCK_RESULTS_H
#define CTRACE_PRELOAD_LOCK_RESULTS_H

/*
 * What the functions of locks.def are given and give: which times and clocks the real ones refuse
 * before they look at the lock, and results as error numbers, 0 for "has it".
 */

#include <errno.h>
#include <stdbool.h>
#include <threads.h>
#include <time.h>

static inline bool ctrace_lock_is_time(const struct timespec *end)
{
	return end->tv_nsec >= 0 && end->tv_nsec < 1000000000;
}

static inline bool ctrace_lock_is_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

/* Of pthread_…: the thread that a barrier chooses is told -1. */
static inline int ctrace_lock_error(int result)
{
	return result > 0 ? result : 0;
}

/* Of C11's. */
static inline int ctrace_lock_thrd_error(int result)
{
	switch (result) {
	case thrd_success:
		return 0;
	case thrd_timedout:
		return ETIMEDOUT;
	case thrd_busy:
		return EBUSY;
	case thrd_nomem:
		return ENOMEM;
	default:
		return EINVAL;
	}
}

#endif
