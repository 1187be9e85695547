/* SPDX-License-Identifier: MIT */

/* Semaphores: a wait that need not wait is not recorded, but is where threads are cancelled. */

#include "tracer/preload/call_results.h"
#include "tracer/preload/call_table.h"

/* As the real ones do: first look whether the thread is cancelled. errno is as before if so. */
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

CTRACE_WRAPPER int sem_wait(sem_t *semaphore)
{
	const uint64_t words[] = {(uint64_t)semaphore};
	unsigned code = ctrace_call_state(CTRACE_CALL_sem_wait);
	int result;

	if (code == 0) {
		return ctrace_real.sem_wait(semaphore);
	}
	if (has_got_it(semaphore)) {
		return 0;
	}
	code = ctrace_call_begin(CTRACE_CALL_sem_wait, words, 1);
	result = ctrace_real.sem_wait(semaphore);
	ctrace_call_end(code, CTRACE_RESULT_ERRNO(result));
	return result;
}

/* Another one is refused, even where there is no need to wait. */
static bool is_time(const struct timespec *end)
{
	return end->tv_nsec >= 0 && end->tv_nsec < 1000000000;
}

CTRACE_WRAPPER int sem_timedwait(sem_t *semaphore, const struct timespec *end)
{
	const uint64_t words[] = {(uint64_t)semaphore, (uint64_t)end};
	unsigned code = ctrace_call_state(CTRACE_CALL_sem_timedwait);
	int result;

	if (code == 0) {
		return ctrace_real.sem_timedwait(semaphore, end);
	}
	if (is_time(end) && has_got_it(semaphore)) {
		return 0;
	}
	code = ctrace_call_begin(CTRACE_CALL_sem_timedwait, words, 2);
	result = ctrace_real.sem_timedwait(semaphore, end);
	ctrace_call_end(code, CTRACE_RESULT_ERRNO(result));
	return result;
}
