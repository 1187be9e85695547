/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_LOCK_LAYOUT_H
#define CTRACE_PRELOAD_LOCK_LAYOUT_H

/*
 * What glibc keeps in its locks, and shows nobody: who holds one, and whether anybody waits. Tried
 * on locks of our own when the library is loaded; where the answer is not the expected one, holders
 * are 0 and nobody seems to wait. Reading is a load of memory that the caller hands to libc anyway:
 * what another thread changes meanwhile makes an answer old, nothing worse.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Bits of what was found as expected: one load answers for all. */
enum ctrace_lock_layouts {
	CTRACE_LAYOUT_MUTEX = 1,
	CTRACE_LAYOUT_RWLOCK = 2,
	CTRACE_LAYOUT_CONDITION = 4,
	CTRACE_LAYOUT_SEMAPHORE = 8,
	CTRACE_LAYOUT_THREAD = 16,
};

/* Once, by the constructor. Before it, no layout is known. */
void ctrace_lock_layout_test(void);
/* enum ctrace_lock_layouts, or-ed. */
unsigned ctrace_lock_layouts(void);

/* A tid; 0: nobody, or not known. */
uint64_t ctrace_mutex_holder(const pthread_mutex_t *mutex);
/* Who has it to write. */
uint64_t ctrace_rwlock_holder(const pthread_rwlock_t *lock);
/* The thread's own tid. */
uint64_t ctrace_thread_tid(pthread_t thread);

/* Has nobody got it, as far as its first word says? Wrong answers cost a record, nothing else. */
static inline bool ctrace_mutex_is_free(const pthread_mutex_t *mutex)
{
	return __atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED) == 0;
}

/* Does anybody wait? Asked by the holder, before it lets go. */
bool ctrace_mutex_has_waiters(const pthread_mutex_t *mutex);
bool ctrace_rwlock_has_waiters(const pthread_rwlock_t *lock);
/* Asked by who signals. True also where it cannot be known. */
bool ctrace_condition_has_waiters(const pthread_cond_t *condition);
bool ctrace_semaphore_has_waiters(const sem_t *semaphore);

#pragma GCC visibility pop

#endif
