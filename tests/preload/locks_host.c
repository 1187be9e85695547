/* SPDX-License-Identifier: MIT */

/*
 * A program that knows nothing of ctrace and whose threads wait for one another, in ways it knows
 * all about. What it prints is what a trace of it must say.
 *
 *     locks-host truth      one wait of each kind; a line says: function lock waiter holder waker,
 *                           and the functions that waited and that gave
 *     locks-host count      prints how many waits a mutex has seen
 *     locks-host deadlock   two threads wait for each other; prints their tids, and is killed
 *     locks-host fork       forks while its threads hold locks
 *     locks-host storm      64 threads, all kinds of lock
 *     locks-host forks      the same, while one more forks
 *     locks-host handler    a handler posts what the program waits for
 */

#include "tests/preload/locks_storm.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <unistd.h>

#define HELD_US 20000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;
static mtx_t mtx;
static cnd_t cnd;
static pthread_t joined;
static sem_t end_of_joined;
static _Atomic pid_t joined_tid;

/* ---- who waits is asleep ---- */

static char state_of(pid_t tid)
{
	char path[64], text[256];
	const char *end;
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return '?';
	}
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size > 0 ? size : 0] = '\0';
	end = strrchr(text, ')');
	return end != NULL && end[1] != '\0' ? end[2] : '?';
}

/* A thread that says it is about to wait, and then does nothing else. */
static void until_asleep(_Atomic pid_t *about_to)
{
	while (atomic_load_explicit(about_to, memory_order_acquire) == 0 ||
	       state_of(*about_to) != 'S') {
		usleep(200);
	}
}

/* ---- one wait of each kind ---- */

static void wait_mutex(void)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static void wait_timed(void)
{
	const struct timespec late = {INT32_MAX, 0};

	pthread_mutex_timedlock(&mutex, &late);
	pthread_mutex_unlock(&mutex);
}

static void wait_read(void)
{
	pthread_rwlock_rdlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
}

static void wait_write(void)
{
	pthread_rwlock_wrlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
}

static void wait_condition(void)
{
	pthread_mutex_lock(&other);
	pthread_cond_wait(&condition, &other);
	pthread_mutex_unlock(&other);
}

static void wait_semaphore(void)
{
	while (sem_wait(&semaphore) != 0) {
	}
}

static void wait_barrier(void)
{
	pthread_barrier_wait(&barrier);
}

static void wait_join(void)
{
	pthread_join(joined, NULL);
}

static void wait_mtx(void)
{
	mtx_lock(&mtx);
	mtx_unlock(&mtx);
}

static mtx_t of_cnd;

static void wait_cnd(void)
{
	mtx_lock(&of_cnd);
	cnd_wait(&cnd, &of_cnd);
	mtx_unlock(&of_cnd);
}

static void take_mutex(void)
{
	pthread_mutex_lock(&mutex);
}
static void give_mutex(void)
{
	pthread_mutex_unlock(&mutex);
}
static void take_write(void)
{
	pthread_rwlock_wrlock(&rwlock);
}
static void take_read(void)
{
	pthread_rwlock_rdlock(&rwlock);
}
static void give_rwlock(void)
{
	pthread_rwlock_unlock(&rwlock);
}
static void take_mtx(void)
{
	mtx_lock(&mtx);
}
static void give_mtx(void)
{
	mtx_unlock(&mtx);
}
static void take_nothing(void)
{
}
static void give_semaphore(void)
{
	sem_post(&semaphore);
}

static void give_condition(void)
{
	pthread_mutex_lock(&other);
	pthread_cond_signal(&condition);
	pthread_mutex_unlock(&other);
}

static void give_cnd(void)
{
	mtx_lock(&of_cnd);
	cnd_broadcast(&cnd);
	mtx_unlock(&of_cnd);
}

static void *end_when_told(void *unused)
{
	(void)unused;
	joined_tid = gettid();
	sem_wait(&end_of_joined);
	return NULL;
}

static void start_joined(void)
{
	pthread_create(&joined, NULL, end_when_told, NULL);
	until_asleep(&joined_tid);
}

static void give_end(void)
{
	sem_post(&end_of_joined);
}

static int end_of_thrd(void *unused)
{
	end_when_told(unused);
	return 0;
}

static void start_thrd(void)
{
	joined_tid = 0;
	thrd_create((thrd_t *)&joined, end_of_thrd, NULL);
	until_asleep(&joined_tid);
}

static void wait_thrd(void)
{
	thrd_join((thrd_t)joined, NULL);
}

static void wait_mtx_timed(void)
{
	const struct timespec late = {INT32_MAX, 0};

	mtx_timedlock(&mtx, &late);
	mtx_unlock(&mtx);
}

static void wait_cnd_timed(void)
{
	const struct timespec late = {INT32_MAX, 0};

	mtx_lock(&of_cnd);
	cnd_timedwait(&cnd, &of_cnd, &late);
	mtx_unlock(&of_cnd);
}

static void signal_cnd(void)
{
	mtx_lock(&of_cnd);
	cnd_signal(&cnd);
	mtx_unlock(&of_cnd);
}

#define WAY(take, wait, give) take, wait, give, #wait, #give

static const struct truth {
	const char *name;
	const void *lock;
	void (*take)(void), (*wait)(void), (*give)(void);
	const char *wait_name, *give_name;
	enum { NOBODY, MAIN, JOINED } holder, waker;
} truths[] = {
	{"pthread_mutex_lock", &mutex, WAY(take_mutex, wait_mutex, give_mutex), MAIN, MAIN},
	{"pthread_mutex_timedlock", &mutex, WAY(take_mutex, wait_timed, give_mutex), MAIN, MAIN},
	{"pthread_rwlock_rdlock", &rwlock, WAY(take_write, wait_read, give_rwlock), MAIN, MAIN},
	{"pthread_rwlock_wrlock", &rwlock, WAY(take_write, wait_write, give_rwlock), MAIN, MAIN},
	{"pthread_rwlock_wrlock", &rwlock, WAY(take_read, wait_write, give_rwlock), NOBODY, MAIN},
	{"pthread_cond_wait", &condition, WAY(take_nothing, wait_condition, give_condition), NOBODY,
	 MAIN},
	{"sem_wait", &semaphore, WAY(take_nothing, wait_semaphore, give_semaphore), NOBODY, MAIN},
	{"pthread_barrier_wait", &barrier, WAY(take_nothing, wait_barrier, wait_barrier), NOBODY,
	 MAIN},
	{"pthread_join", NULL, WAY(start_joined, wait_join, give_end), JOINED, JOINED},
	{"mtx_lock", &mtx, WAY(take_mtx, wait_mtx, give_mtx), MAIN, MAIN},
	{"mtx_timedlock", &mtx, WAY(take_mtx, wait_mtx_timed, give_mtx), MAIN, MAIN},
	{"cnd_wait", &cnd, WAY(take_nothing, wait_cnd, give_cnd), NOBODY, MAIN},
	{"cnd_timedwait", &cnd, WAY(take_nothing, wait_cnd_timed, signal_cnd), NOBODY, MAIN},
	{"thrd_join", NULL, WAY(start_thrd, wait_thrd, give_end), JOINED, JOINED},
};

static _Atomic pid_t waiter;

/* The event of a thread that comes first maps its ring: that is over before it waits. One stack in
 * 2 ms is told of waits like it. */
static void *wait_as_told(void *truth)
{
	const struct timespec past = {0, 0};

	sem_timedwait(&end_of_joined, &past);
	usleep(5000);
	atomic_store_explicit(&waiter, gettid(), memory_order_release);
	((const struct truth *)truth)->wait();
	return NULL;
}

static pid_t tid_of(int who)
{
	return who == MAIN ? getpid() : who == JOINED ? joined_tid : 0;
}

static void tell(const struct truth *truth)
{
	pthread_t thread;

	waiter = 0;
	truth->take();
	pthread_create(&thread, NULL, wait_as_told, (void *)truth);
	until_asleep(&waiter);
	usleep(HELD_US);
	truth->give();
	pthread_join(thread, NULL);
	printf("%s %llu %d %d %d %s %s\n", truth->name,
	       (unsigned long long)(truth->lock != NULL ? (uintptr_t)truth->lock : joined),
	       (int)waiter, (int)tid_of(truth->holder), (int)tid_of(truth->waker), truth->wait_name,
	       truth->give_name);
}

static void tell_all(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	sem_init(&semaphore, 0, 0);
	sem_init(&end_of_joined, 0, 0);
	mtx_init(&mtx, mtx_plain);
	mtx_init(&of_cnd, mtx_plain);
	cnd_init(&cnd);
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		tell(&truths[i]);
	}
}

/* ---- as many as the program counts ---- */

#define COUNT_THREADS 8
#define COUNT_ROUNDS  12

static _Atomic pid_t about_to_wait[COUNT_THREADS];
static _Atomic unsigned busy;

static void *count_one(void *about)
{
	if (pthread_mutex_trylock(&mutex) != 0) {
		busy++;
		atomic_store_explicit((_Atomic pid_t *)about, gettid(), memory_order_release);
		pthread_mutex_lock(&mutex);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void count_round(void)
{
	pthread_t threads[COUNT_THREADS];

	pthread_mutex_lock(&mutex);
	for (unsigned i = 0; i < COUNT_THREADS; i++) {
		about_to_wait[i] = 0;
		pthread_create(&threads[i], NULL, count_one, &about_to_wait[i]);
	}
	/* Twice, for the first event of a thread may put it to sleep for a moment. */
	for (unsigned i = 0; i < 2 * COUNT_THREADS; i++) {
		until_asleep(&about_to_wait[i % COUNT_THREADS]);
	}
	usleep(2000);
	pthread_mutex_unlock(&mutex);
	for (unsigned i = 0; i < COUNT_THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
}

static void count_all(void)
{
	for (unsigned i = 0; i < COUNT_ROUNDS; i++) {
		count_round();
	}
	/* What is free is no wait. */
	for (unsigned i = 0; i < 10000; i++) {
		pthread_mutex_lock(&other);
		pthread_mutex_unlock(&other);
	}
	printf("%llu %u\n", (unsigned long long)(uintptr_t)&mutex, busy);
}

/* ---- two threads that wait for each other ---- */

static pthread_barrier_t both_have_one;
static _Atomic pid_t first, second;

static void *take_both(void *is_first)
{
	pthread_mutex_lock(is_first != NULL ? &mutex : &other);
	pthread_barrier_wait(&both_have_one);
	atomic_store_explicit(is_first != NULL ? &first : &second, gettid(), memory_order_release);
	pthread_mutex_lock(is_first != NULL ? &other : &mutex);
	return NULL;
}

static void deadlock(void)
{
	pthread_t threads[2];

	pthread_barrier_init(&both_have_one, NULL, 2);
	pthread_create(&threads[0], NULL, take_both, &mutex);
	pthread_create(&threads[1], NULL, take_both, NULL);
	until_asleep(&first);
	until_asleep(&second);
	printf("%d %d\n", (int)first, (int)second);
	fflush(stdout);
	kill(getpid(), SIGKILL);
}

/* ---- all ways ---- */

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {{"truth", tell_all},
	    {"count", count_all},
	    {"deadlock", deadlock},
	    {"fork", ctrace_locks_fork_all},
	    {"storm", ctrace_locks_storm},
	    {"forks", ctrace_locks_storm_with_forks},
	    {"handler", ctrace_locks_be_posted}};

int main(int count, char **arguments)
{
	for (size_t i = 0; count == 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, arguments[1]) == 0) {
			ways[i].run();
			return 0;
		}
	}
	return 2;
}
