/* SPDX-License-Identifier: MIT */

/*
 * What is not locked but waited for: conditions, semaphores, barriers, the ends of threads. All of
 * these are where threads are cancelled, with us as without: a wait that is left so has no end.
 */

#include "tracer/preload/lock_layout.h"
#include "tracer/preload/lock_results.h"
#include "tracer/preload/lock_table.h"

#include <errno.h>
#include <stdint.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)

/* Each of these waits, as far as anybody can tell beforehand. */
#define WAIT(function, number, parameters, ...)                                                    \
	CTRACE_LOCK_WRAPPER int function parameters                                                \
	{                                                                                          \
		const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();                 \
		unsigned code;                                                                     \
		int result;                                                                        \
                                                                                                   \
		if (LIKELY(ctrace_lock_state(CTRACE_LOCK_ID_##function) == 0)) {                   \
			return ctrace_locks.function(__VA_ARGS__);                                 \
		}                                                                                  \
		code = ctrace_lock_begin(CTRACE_LOCK_ID_##function, lock, 0, &frame);              \
		result = ctrace_locks.function(__VA_ARGS__);                                       \
		ctrace_lock_end(CTRACE_LOCK_ID_##function, code, lock, number(result));            \
		return result;                                                                     \
	}

WAIT(pthread_cond_wait, ctrace_lock_error, (pthread_cond_t * lock, pthread_mutex_t *mutex), lock,
     mutex)
WAIT(pthread_cond_timedwait, ctrace_lock_error,
     (pthread_cond_t * lock, pthread_mutex_t *mutex, const struct timespec *end), lock, mutex, end)
WAIT(pthread_cond_clockwait, ctrace_lock_error,
     (pthread_cond_t * lock, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *end),
     lock, mutex, clock, end)
WAIT(cnd_wait, ctrace_lock_thrd_error, (cnd_t * lock, mtx_t *mutex), lock, mutex)
WAIT(cnd_timedwait, ctrace_lock_thrd_error,
     (cnd_t *restrict lock, mtx_t *restrict mutex, const struct timespec *restrict end), lock,
     mutex, end)
WAIT(pthread_barrier_wait, ctrace_lock_error, (pthread_barrier_t * lock), lock)

#define SIGNAL(function, type, has_waiters)                                                        \
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

/* glibc's are conditions of POSIX by another name. */
#define AS_CONDITION(lock) ((const pthread_cond_t *)(const void *)(lock))

SIGNAL(pthread_cond_signal, pthread_cond_t, ctrace_condition_has_waiters(lock))
SIGNAL(pthread_cond_broadcast, pthread_cond_t, ctrace_condition_has_waiters(lock))
SIGNAL(cnd_signal, cnd_t, ctrace_condition_has_waiters(AS_CONDITION(lock)))
SIGNAL(cnd_broadcast, cnd_t, ctrace_condition_has_waiters(AS_CONDITION(lock)))
SIGNAL(sem_post, sem_t, ctrace_semaphore_has_waiters(lock))

/* ---- semaphores ---- */

/* As the real ones do: first look whether the thread is cancelled. errno is as before if it has to
 * wait. */
static bool has_got_it(sem_t *semaphore)
{
	int saved = errno;

	pthread_testcancel();
	if (sem_trywait(semaphore) == 0) {
		return true;
	}
	errno = saved;
	return false;
}

static int number_of(int result)
{
	return result == 0 ? 0 : errno;
}

/* Where the time or the clock is refused, even without a need to wait, the real one does so. */
#define SEMAPHORE(function, is_good, parameters, ...)                                              \
	CTRACE_RARE int wait_in_##function parameters                                              \
	{                                                                                          \
		const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();                 \
		unsigned code = ctrace_lock_begin(CTRACE_LOCK_ID_##function, lock, 0, &frame);     \
		int result = ctrace_locks.function(__VA_ARGS__);                                   \
                                                                                                   \
		ctrace_lock_end(CTRACE_LOCK_ID_##function, code, lock, number_of(result));         \
		return result;                                                                     \
	}                                                                                          \
                                                                                                   \
	CTRACE_LOCK_WRAPPER CTRACE_JUMPS int function parameters                                   \
	{                                                                                          \
		if (LIKELY(ctrace_lock_state(CTRACE_LOCK_ID_##function) == 0)) {                   \
			CTRACE_JUMP_TO ctrace_locks.function(__VA_ARGS__);                         \
		}                                                                                  \
		if ((is_good) && has_got_it(lock)) {                                               \
			return 0;                                                                  \
		}                                                                                  \
		CTRACE_JUMP_TO wait_in_##function(__VA_ARGS__);                                    \
	}

SEMAPHORE(sem_wait, true, (sem_t * lock), lock)
SEMAPHORE(sem_timedwait, ctrace_lock_is_time(end),
	  (sem_t *restrict lock, const struct timespec *restrict end), lock, end)
SEMAPHORE(sem_clockwait, ctrace_lock_is_clock(clock) && ctrace_lock_is_time(end),
	  (sem_t *restrict lock, clockid_t clock, const struct timespec *restrict end), lock, clock,
	  end)

/* ---- the ends of threads ---- */

static const void *address_of(pthread_t thread)
{
	/* NOLINTNEXTLINE: glibc's is an address */
	return (const void *)(uintptr_t)thread;
}

/* A thread that is over already is not waited for, nor is anybody cancelled there. */
#define JOIN(function, is_good, parameters, ...)                                                   \
	CTRACE_LOCK_WRAPPER int function parameters                                                \
	{                                                                                          \
		const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();                 \
		unsigned code;                                                                     \
		int result;                                                                        \
                                                                                                   \
		if (LIKELY(ctrace_lock_state(CTRACE_LOCK_ID_##function) == 0) || !(is_good)) {     \
			return ctrace_locks.function(__VA_ARGS__);                                 \
		}                                                                                  \
		result = pthread_tryjoin_np(thread, value);                                        \
		if (result != EBUSY) {                                                             \
			return result;                                                             \
		}                                                                                  \
		code = ctrace_lock_begin(CTRACE_LOCK_ID_##function, address_of(thread),            \
					 ctrace_thread_tid(thread), &frame);                       \
		result = ctrace_locks.function(__VA_ARGS__);                                       \
		ctrace_lock_end(CTRACE_LOCK_ID_##function, code, address_of(thread), result);      \
		return result;                                                                     \
	}

JOIN(pthread_join, true, (pthread_t thread, void **value), thread, value)
JOIN(pthread_timedjoin_np, true, (pthread_t thread, void **value, const struct timespec *end),
     thread, value, end)
JOIN(pthread_clockjoin_np, ctrace_lock_is_clock(clock),
     (pthread_t thread, void **value, clockid_t clock, const struct timespec *end), thread, value,
     clock, end)

CTRACE_RARE int wait_in_thrd_join(thrd_t thread, int *value)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
	unsigned code = ctrace_lock_begin(CTRACE_LOCK_ID_thrd_join, address_of(thread),
					  ctrace_thread_tid(thread), &frame);
	int result = ctrace_locks.thrd_join(thread, value);

	ctrace_lock_end(CTRACE_LOCK_ID_thrd_join, code, address_of(thread),
			ctrace_lock_thrd_error(result));
	return result;
}

/* C11's has a result of its own size. */
CTRACE_RARE bool has_ended(thrd_t thread, int *value)
{
	void *given;

	if (pthread_tryjoin_np(thread, &given) != 0) {
		return false;
	}
	if (value != NULL) {
		*value = (int)(intptr_t)given;
	}
	return true;
}

CTRACE_LOCK_WRAPPER CTRACE_JUMPS int thrd_join(thrd_t thread, int *value)
{
	if (LIKELY(ctrace_lock_state(CTRACE_LOCK_ID_thrd_join) == 0)) {
		CTRACE_JUMP_TO ctrace_locks.thrd_join(thread, value);
	}
	if (has_ended(thread, value)) {
		return thrd_success;
	}
	CTRACE_JUMP_TO wait_in_thrd_join(thread, value);
}
