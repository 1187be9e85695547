/* SPDX-License-Identifier: MIT */

/*
 * What locks cost a program that knows nothing of ctrace: nanoseconds a pair of lock and unlock, by
 * the functions that it is linked with, and by libc's own beside them in the same run.
 *
 *     bench/locks                                                      both are libc's
 *     LD_PRELOAD=…/libctrace-preload.so bench/locks                    nobody records
 *     ctrace record --sources spans,locks -o t -- bench/locks          recorded
 *
 * The two take turns, round by round; the tenth percentile of each is told.
 */

#include "bench/rounds.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OPERATIONS 1000u
#define TURNS	   60u
#define ROUNDS	   20u

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static const struct timespec past;

/* Called through pointers all, as a program calls a library. */
static struct functions {
	__typeof__(pthread_mutex_lock) *lock, *unlock;
	__typeof__(pthread_rwlock_rdlock) *read, *write, *let_go;
	__typeof__(sem_wait) *wait, *post;
	__typeof__(sem_timedwait) *wait_until;
} linked, of_libc, *_Atomic used;

static void mutex_pair(uint64_t operations)
{
	const struct functions now = *used;

	for (uint64_t i = 0; i < operations; i++) {
		now.lock(&mutex);
		now.unlock(&mutex);
	}
}

static void read_pair(uint64_t operations)
{
	const struct functions now = *used;

	for (uint64_t i = 0; i < operations; i++) {
		now.read(&rwlock);
		now.let_go(&rwlock);
	}
}

static void write_pair(uint64_t operations)
{
	const struct functions now = *used;

	for (uint64_t i = 0; i < operations; i++) {
		now.write(&rwlock);
		now.let_go(&rwlock);
	}
}

static void semaphore_pair(uint64_t operations)
{
	const struct functions now = *used;

	for (uint64_t i = 0; i < operations; i++) {
		now.post(&semaphore);
		now.wait(&semaphore);
	}
}

/* It is not there, and its time is over: a wait that does not sleep. */
static void wait_in_vain(uint64_t operations)
{
	const struct functions now = *used;

	for (uint64_t i = 0; i < operations / 10; i++) {
		now.wait_until(&semaphore, &past);
	}
}

/* No ring is full when a round begins. */
static void rest(void)
{
	usleep(200);
}

static void *libc_function(void *libc, const char *name)
{
	void *found = dlsym(libc, name);

	if (found == NULL) {
		fprintf(stderr, "bench/locks: no %s in libc.so.6\n", name);
		exit(1);
	}
	return found;
}

static void find_both(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW);

	linked = (struct functions){pthread_mutex_lock,
				    pthread_mutex_unlock,
				    pthread_rwlock_rdlock,
				    pthread_rwlock_wrlock,
				    pthread_rwlock_unlock,
				    sem_wait,
				    sem_post,
				    sem_timedwait};
	of_libc.lock = libc_function(libc, "pthread_mutex_lock");
	of_libc.unlock = libc_function(libc, "pthread_mutex_unlock");
	of_libc.read = libc_function(libc, "pthread_rwlock_rdlock");
	of_libc.write = libc_function(libc, "pthread_rwlock_wrlock");
	of_libc.let_go = libc_function(libc, "pthread_rwlock_unlock");
	of_libc.wait = libc_function(libc, "sem_wait");
	of_libc.post = libc_function(libc, "sem_post");
	of_libc.wait_until = libc_function(libc, "sem_timedwait");
}

/* With a second thread, libc's own take the way that programs with threads take. */
static void *sleep_on(void *unused)
{
	pause();
	return unused;
}

static double p10_of(double *values)
{
	for (unsigned i = 1; i < TURNS; i++) {
		for (unsigned at = i; at > 0 && values[at] < values[at - 1]; at--) {
			double swapped = values[at];

			values[at] = values[at - 1];
			values[at - 1] = swapped;
		}
	}
	return values[TURNS / 10];
}

static void compare(const char *name, void (*body)(uint64_t), double scale)
{
	double own[TURNS], theirs[TURNS], first, second;

	for (unsigned i = 0; i < TURNS; i++) {
		used = &of_libc;
		own[i] = scale * rounds_run(body, OPERATIONS, ROUNDS, rest).fastest_ns;
		used = &linked;
		theirs[i] = scale * rounds_run(body, OPERATIONS, ROUNDS, rest).fastest_ns;
	}
	first = p10_of(own);
	second = p10_of(theirs);
	printf("%-22s %8.2f %8.2f %8.2f %6.2f\n", name, first, second, second - first,
	       second / first);
}

int main(void)
{
	pthread_t thread;

	find_both();
	sem_init(&semaphore, 0, 0);
	printf("%-22s %8s %8s %8s %6s\n", "ns", "libc", "here", "added", "ratio");
	compare("mutex pair, one thread", mutex_pair, 1);
	pthread_create(&thread, NULL, sleep_on, NULL);
	compare("mutex pair", mutex_pair, 1);
	compare("rwlock pair, to read", read_pair, 1);
	compare("rwlock pair, to write", write_pair, 1);
	compare("semaphore pair", semaphore_pair, 1);
	compare("a wait", wait_in_vain, 10);
	return 0;
}
