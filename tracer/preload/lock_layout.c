/* SPDX-License-Identifier: MIT */

/* glibc's locks from inside; see lock_layout.h. */

#include "tracer/preload/lock_layout.h"

#include "tracer/preload/lock_table.h"

#include <gnu/libc-version.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Kinds of mutex (bits of __kind) whose word is the owner's tid, with a bit for waiters. */
#define ROBUST	 0x10
#define INHERITS 0x20
/* And those whose word has a priority above. */
#define PROTECTS 0x40

#define WAITERS_BESIDE_TID   0x80000000u
#define WORD_WITHOUT_CEILING 0x7ffffu

/* Of the two words of a lock for readers and writers that threads sleep at. */
#define FUTEX_IS_USED 2u
/* Readers are counted above three bits of state. */
#define READER_SHIFT 3
/* Waiters on a condition above three flags. */
#define WAITER_SHIFT 3

/* Written once, before the program has threads; relaxed: it says what is true anyway. */
static _Atomic unsigned layouts;

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

static bool is_known(unsigned layout)
{
	return (atomic_load_explicit(&layouts, memory_order_relaxed) & layout) != 0;
}

unsigned ctrace_lock_layouts(void)
{
	return atomic_load_explicit(&layouts, memory_order_relaxed);
}

/* ---- holders ---- */

uint64_t ctrace_mutex_holder(const pthread_mutex_t *mutex)
{
	int owner = is_known(CTRACE_LAYOUT_MUTEX) ? LOAD(mutex->__data.__owner) : 0;

	return owner > 0 ? (uint64_t)owner : 0;
}

uint64_t ctrace_rwlock_holder(const pthread_rwlock_t *lock)
{
	int writer = is_known(CTRACE_LAYOUT_RWLOCK) ? LOAD(lock->__data.__cur_writer) : 0;

	return writer > 0 ? (uint64_t)writer : 0;
}

/* The kernel's number of a thread's clock is the complement of its tid, above three bits; an
 * interface of the kernel, not of libc. */
static uint64_t tid_of_clock(clockid_t clock)
{
	return (uint64_t)(uint32_t) ~(clock >> 3);
}

static uint64_t tid_of(pthread_t thread)
{
	clockid_t clock;

	return pthread_getcpuclockid(thread, &clock) == 0 ? tid_of_clock(clock) : 0;
}

uint64_t ctrace_thread_tid(pthread_t thread)
{
	return is_known(CTRACE_LAYOUT_THREAD) ? tid_of(thread) : 0;
}

/* ---- waiters ---- */

bool ctrace_mutex_has_waiters(const pthread_mutex_t *mutex)
{
	unsigned word = (unsigned)LOAD(mutex->__data.__lock);
	unsigned kind;

	if (word <= 1 || !is_known(CTRACE_LAYOUT_MUTEX)) {
		return false;
	}
	kind = (unsigned)LOAD(mutex->__data.__kind);
	if ((kind & (ROBUST | INHERITS)) != 0) {
		return (word & WAITERS_BESIDE_TID) != 0;
	}
	return (kind & PROTECTS) == 0 || (word & WORD_WITHOUT_CEILING) > 1;
}

/* Of readers only the last one lets a writer go on. */
bool ctrace_rwlock_has_waiters(const pthread_rwlock_t *lock)
{
	unsigned readers = LOAD(lock->__data.__readers) >> READER_SHIFT;
	bool are_asleep =
		((LOAD(lock->__data.__writers_futex) | LOAD(lock->__data.__wrphase_futex)) &
		 FUTEX_IS_USED) != 0;
	bool is_written = LOAD(lock->__data.__cur_writer) != 0;

	if (!is_known(CTRACE_LAYOUT_RWLOCK)) {
		return false;
	}
	return is_written ? readers > 0 || are_asleep : readers <= 1 && are_asleep;
}

bool ctrace_condition_has_waiters(const pthread_cond_t *condition)
{
	return !is_known(CTRACE_LAYOUT_CONDITION) ||
	       LOAD(condition->__data.__wrefs) >> WAITER_SHIFT != 0;
}

/* A word of 64 bits: the value, and above it how many wait. */
static uint64_t semaphore_word(const sem_t *semaphore)
{
	uint64_t word;

	_Static_assert(sizeof(*semaphore) >= sizeof(word), "a semaphore of 64-bit machines");
	word = __atomic_load_n((const uint64_t *)(const void *)semaphore, __ATOMIC_RELAXED);
	return word;
}

bool ctrace_semaphore_has_waiters(const sem_t *semaphore)
{
	return !is_known(CTRACE_LAYOUT_SEMAPHORE) || semaphore_word(semaphore) >> 32 != 0;
}

/* ---- is all that true here? ---- */

static bool is_mutex_known(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	bool is_good = pthread_mutex_trylock(&mutex) == 0 && mutex.__data.__lock == 1 &&
		       mutex.__data.__owner == getpid();

	ctrace_locks.pthread_mutex_unlock(&mutex);
	return is_good && mutex.__data.__lock == 0 && mutex.__data.__owner == 0;
}

static bool is_rwlock_known(void)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
	bool is_good = pthread_rwlock_trywrlock(&lock) == 0 &&
		       lock.__data.__cur_writer == getpid() && lock.__data.__writers == 0;

	ctrace_locks.pthread_rwlock_unlock(&lock);
	is_good = is_good && lock.__data.__cur_writer == 0 && lock.__data.__writers == 0 &&
		  pthread_rwlock_tryrdlock(&lock) == 0 &&
		  lock.__data.__readers >> READER_SHIFT == 1;
	ctrace_locks.pthread_rwlock_unlock(&lock);
	return is_good;
}

/* Of these only a waiter shows where waiters are counted, so the release must be the one whose
 * headers we were built with. */
static bool is_own_release(void)
{
	char own[16];

	snprintf(own, sizeof(own), "%d.%d", __GLIBC__, __GLIBC_MINOR__);
	return strcmp(own, gnu_get_libc_version()) == 0;
}

static bool is_semaphore_known(void)
{
	sem_t semaphore;

	return sem_init(&semaphore, 0, 7) == 0 && semaphore_word(&semaphore) == 7;
}

/* In the main thread, whose tid is the process's. */
void ctrace_lock_layout_test(void)
{
	unsigned found = 0;

	if (gettid() != getpid() || ctrace_recorder_is_beside_sanitizer()) {
		return;
	}
	found |= is_mutex_known() ? CTRACE_LAYOUT_MUTEX : 0;
	found |= is_rwlock_known() ? CTRACE_LAYOUT_RWLOCK : 0;
	found |= is_own_release() ? CTRACE_LAYOUT_CONDITION : 0;
	found |= is_own_release() && is_semaphore_known() ? CTRACE_LAYOUT_SEMAPHORE : 0;
	found |= tid_of(pthread_self()) == (uint64_t)getpid() ? CTRACE_LAYOUT_THREAD : 0;
	atomic_store_explicit(&layouts, found, memory_order_relaxed);
}
