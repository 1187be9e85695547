/* SPDX-License-Identifier: MIT */
/* Many threads, forks and handlers, with locks of their own: see locks_storm.h. */

#include "tests/preload/locks_storm.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;
static mtx_t mtx;

static void wait_semaphore(void)
{
	while (sem_wait(&semaphore) != 0) {
	}
}

/* ---- forks ---- */

#define FORKS 500

static atomic_bool is_over;

static void *hold_again_and_again(void *unused)
{
	(void)unused;
	while (!is_over) {
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

/* Its own copy of a lock that the parent held, and one that nobody held. */
static void child(void)
{
	pthread_mutex_unlock(&mutex);
	pthread_mutex_lock(&mutex);
	pthread_mutex_lock(&other);
	_exit(7);
}

static unsigned fork_once(void)
{
	int status = 0;
	pid_t pid;

	pthread_mutex_lock(&mutex);
	pid = fork();
	if (pid == 0) {
		child();
	}
	pthread_mutex_unlock(&mutex);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

void ctrace_locks_fork_all(void)
{
	pthread_t threads[4];
	unsigned good = 0;

	for (unsigned i = 0; i < 4; i++) {
		pthread_create(&threads[i], NULL, hold_again_and_again, NULL);
	}
	for (unsigned i = 0; i < FORKS; i++) {
		good += fork_once();
	}
	is_over = true;
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	printf("%u\n", good);
}

/* ---- many threads ---- */

#define STORM_THREADS 64
#define STORM_ROUNDS  400

static unsigned in_mutex, in_rwlock, in_mtx, in_semaphore;

static void *storm_one(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < STORM_ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		in_mutex++;
		pthread_mutex_unlock(&mutex);
		pthread_rwlock_wrlock(&rwlock);
		in_rwlock++;
		pthread_rwlock_unlock(&rwlock);
		pthread_rwlock_rdlock(&rwlock);
		pthread_rwlock_unlock(&rwlock);
		mtx_lock(&mtx);
		in_mtx++;
		mtx_unlock(&mtx);
		wait_semaphore();
		in_semaphore++;
		sem_post(&semaphore);
	}
	pthread_barrier_wait(&barrier);
	return NULL;
}

void ctrace_locks_storm(void)
{
	pthread_t threads[STORM_THREADS];

	pthread_barrier_init(&barrier, NULL, STORM_THREADS);
	sem_init(&semaphore, 0, 1);
	mtx_init(&mtx, mtx_plain);
	for (unsigned i = 0; i < STORM_THREADS; i++) {
		pthread_create(&threads[i], NULL, storm_one, NULL);
	}
	for (unsigned i = 0; i < STORM_THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	printf("%u %u %u %u\n", in_mutex, in_rwlock, in_mtx, in_semaphore);
}

/* ---- many threads, and forks ---- */

#define STORM_FORKS 100

static void *fork_again_and_again(void *good)
{
	for (unsigned i = 0; i < STORM_FORKS; i++) {
		*(unsigned *)good += fork_once();
	}
	return NULL;
}

void ctrace_locks_storm_with_forks(void)
{
	unsigned good = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, fork_again_and_again, &good);
	ctrace_locks_storm();
	pthread_join(thread, NULL);
	printf("%u\n", good);
}

/* ---- a handler ---- */

#define SIGNALS 500

static void post(int signal)
{
	(void)signal;
	sem_post(&semaphore);
}

void ctrace_locks_be_posted(void)
{
	const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = post, .sa_flags = SA_RESTART};

	sem_init(&semaphore, 0, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (unsigned i = 0; i < SIGNALS; i++) {
		wait_semaphore();
	}
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%d\n", SIGNALS);
}
