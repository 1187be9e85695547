/* SPDX-License-Identifier: MIT */

/*
 * Mutexes, locks for readers and writers, and C11's mutexes. Each is tried first: who gets it at
 * once has not waited, and any other answer but "busy" is the real one's too. Measured by
 * bench/lock.
 */

#include "tracer/preload/lock_layout.h"
#include "tracer/preload/lock_results.h"
#include "tracer/preload/lock_table.h"

#include <errno.h>
#include <sys/single_threaded.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)

/* What waits is a function of its own, so that the other way keeps no registers, and jumped to, so
 * that it knows where the program stands. */
#define LOCK_UNLESS(is_bad, function, attempt, busy, number, holder, parameters, ...)              \
	CTRACE_RARE int wait_in_##function parameters                                              \
	{                                                                                          \
		const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();                 \
		unsigned code =                                                                    \
			ctrace_lock_begin(CTRACE_LOCK_ID_##function, lock, holder, &frame);        \
		int result = ctrace_locks.function(__VA_ARGS__);                                   \
                                                                                                   \
		ctrace_lock_end(CTRACE_LOCK_ID_##function, code, lock, number(result));            \
		return result;                                                                     \
	}                                                                                          \
                                                                                                   \
	CTRACE_LOCK_WRAPPER CTRACE_JUMPS int function parameters                                   \
	{                                                                                          \
		int result;                                                                        \
                                                                                                   \
		if (LIKELY(ctrace_lock_state(CTRACE_LOCK_ID_##function) == 0) || (is_bad)) {       \
			CTRACE_JUMP_TO ctrace_locks.function(__VA_ARGS__);                         \
		}                                                                                  \
		result = attempt(lock);                                                            \
		if (LIKELY(result != (busy))) {                                                    \
			return result;                                                             \
		}                                                                                  \
		CTRACE_JUMP_TO wait_in_##function(__VA_ARGS__);                                    \
	}
#define LOCK(...) LOCK_UNLESS(false, __VA_ARGS__)

#define MUTEX	 pthread_mutex_trylock, EBUSY, ctrace_lock_error, ctrace_mutex_holder(lock)
#define TO_READ	 pthread_rwlock_tryrdlock, EBUSY, ctrace_lock_error, ctrace_rwlock_holder(lock)
#define TO_WRITE pthread_rwlock_trywrlock, EBUSY, ctrace_lock_error, ctrace_rwlock_holder(lock)
/* glibc's are mutexes of POSIX by another name. */
#define AS_MUTEX(lock) ((const pthread_mutex_t *)(const void *)(lock))
#define MTX	       mtx_trylock, thrd_busy, ctrace_lock_thrd_error, ctrace_mutex_holder(AS_MUTEX(lock))

#define APPLY(macro, ...) macro(__VA_ARGS__)

/* A bad clock, and of locks for readers and writers a bad time, is refused even by one that is
 * free. */
#define IS_BAD_CLOCK (!ctrace_lock_is_clock(clock))
#define IS_BAD_TIME  (!ctrace_lock_is_time(end))

/* A process of one thread locks what is free without an atomic operation, which trying cannot. */
#define IS_ALONE_AND_FREE (__libc_single_threaded && ctrace_mutex_is_free(lock))

APPLY(LOCK_UNLESS, IS_ALONE_AND_FREE, pthread_mutex_lock, MUTEX, (pthread_mutex_t * lock), lock)
APPLY(LOCK, pthread_mutex_timedlock, MUTEX, (pthread_mutex_t * lock, const struct timespec *end),
      lock, end)
APPLY(LOCK_UNLESS, IS_BAD_CLOCK, pthread_mutex_clocklock, MUTEX,
      (pthread_mutex_t * lock, clockid_t clock, const struct timespec *end), lock, clock, end)
APPLY(LOCK, pthread_rwlock_rdlock, TO_READ, (pthread_rwlock_t * lock), lock)
APPLY(LOCK_UNLESS, IS_BAD_TIME, pthread_rwlock_timedrdlock, TO_READ,
      (pthread_rwlock_t * lock, const struct timespec *end), lock, end)
APPLY(LOCK_UNLESS, IS_BAD_CLOCK || IS_BAD_TIME, pthread_rwlock_clockrdlock, TO_READ,
      (pthread_rwlock_t * lock, clockid_t clock, const struct timespec *end), lock, clock, end)
APPLY(LOCK, pthread_rwlock_wrlock, TO_WRITE, (pthread_rwlock_t * lock), lock)
APPLY(LOCK_UNLESS, IS_BAD_TIME, pthread_rwlock_timedwrlock, TO_WRITE,
      (pthread_rwlock_t * lock, const struct timespec *end), lock, end)
APPLY(LOCK_UNLESS, IS_BAD_CLOCK || IS_BAD_TIME, pthread_rwlock_clockwrlock, TO_WRITE,
      (pthread_rwlock_t * lock, clockid_t clock, const struct timespec *end), lock, clock, end)
APPLY(LOCK, mtx_lock, MTX, (mtx_t * lock), lock)
APPLY(LOCK, mtx_timedlock, MTX, (mtx_t *restrict lock, const struct timespec *restrict end), lock,
      end)

/* ---- letting go ---- */

/* The record comes first: behind the real call the lock may be gone, and the time would be after
 * that of the thread that goes on. */
#define UNLOCK(function, has_waiters, type)                                                        \
	CTRACE_RARE int give_in_##function(type *lock)                                             \
	{                                                                                          \
		const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();                 \
                                                                                                   \
		ctrace_lock_lets_go(CTRACE_LOCK_ID_##function, lock, &frame);                      \
		return ctrace_locks.function(lock);                                                \
	}                                                                                          \
                                                                                                   \
	CTRACE_LOCK_WRAPPER CTRACE_JUMPS int function(type *lock)                                  \
	{                                                                                          \
		if (LIKELY(ctrace_lock_state(CTRACE_LOCK_ID_##function) == 0) || !(has_waiters)) { \
			CTRACE_JUMP_TO ctrace_locks.function(lock);                                \
		}                                                                                  \
		CTRACE_JUMP_TO give_in_##function(lock);                                           \
	}

UNLOCK(pthread_mutex_unlock, ctrace_mutex_has_waiters(lock), pthread_mutex_t)
UNLOCK(pthread_rwlock_unlock, ctrace_rwlock_has_waiters(lock), pthread_rwlock_t)
UNLOCK(mtx_unlock, ctrace_mutex_has_waiters(AS_MUTEX(lock)), mtx_t)
