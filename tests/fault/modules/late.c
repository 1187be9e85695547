/* SPDX-License-Identifier: MIT */

/*
 * Traces before main and after it, and in threads that are ending: destructors of
 * keys, of thread-local objects, of the program. Prints how much its threads tried.
 */

#include <ctrace/trace.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 32

extern int __cxa_thread_atexit_impl(void (*function)(void *), void *object, void *module);
extern void *__dso_handle;

static pthread_key_t key;
static _Atomic uint64_t attempted;

static void late(void *round)
{
	uintptr_t next = (uintptr_t)round + 1;

	attempted++;
	TRACE_INSTANT("late");
	pthread_setspecific(key, (void *)next); /* again, until the library of threads has enough */
}

static void of_thread_local_object(void *unused)
{
	(void)unused;
	attempted++;
	TRACE_INSTANT("late");
}

static void *work(void *is_silent)
{
	pthread_setspecific(key, (void *)1);
	__cxa_thread_atexit_impl(of_thread_local_object, NULL, &__dso_handle);
	if (is_silent == NULL) {
		attempted++;
		TRACE_INSTANT("late");
	}
	return NULL;
}

__attribute__((constructor)) static void before_main(void)
{
	TRACE_INSTANT("constructor");
}

__attribute__((destructor)) static void after_main(void)
{
	TRACE_INSTANT("destructor");
}

static void at_exit(void)
{
	TRACE_INSTANT("at exit");
}

int main(void)
{
	pthread_t threads[THREADS];

	atexit(at_exit);
	pthread_key_create(&key, late);
	for (uintptr_t i = 0; i < THREADS; i++) {
		pthread_create(&threads[i], NULL, work, (void *)(i % 2));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	printf("%llu\n", (unsigned long long)attempted);
	return 0;
}
