/* SPDX-License-Identifier: MIT */

/* Threads waiting for one another; see calls_host.h. */

#include "tests/preload/calls_host.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore, held;
static bool is_ready;

static struct timespec in_milliseconds(clockid_t clock, long milliseconds)
{
	struct timespec time;

	clock_gettime(clock, &time);
	time.tv_nsec += milliseconds * 1000000;
	time.tv_sec += time.tv_nsec / 1000000000;
	time.tv_nsec %= 1000000000;
	return time;
}

static void *helper(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&mutex);
	is_ready = true;
	pthread_cond_signal(&condition);
	pthread_mutex_unlock(&mutex);
	sem_post(&semaphore);
	pthread_barrier_wait(&barrier);
	return &is_ready;
}

static void wait_for_helper(void)
{
	const struct timespec soon = in_milliseconds(CLOCK_REALTIME, 2);
	const struct timespec soon_too = in_milliseconds(CLOCK_MONOTONIC, 2);
	pthread_t thread;
	void *result = NULL;
	int error = 0;

	pthread_mutex_lock(&mutex);
	pthread_create(&thread, NULL, helper, NULL);
	while (!is_ready) {
		error = pthread_cond_wait(&condition, &mutex);
	}
	show("pthread_cond_wait", error);
	SHOW("pthread_cond_timedwait", pthread_cond_timedwait(&condition, &mutex, &soon));
	SHOW("pthread_cond_clockwait",
	     pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &soon_too));
	pthread_mutex_unlock(&mutex);
	SHOW("sem_wait", sem_wait(&semaphore));
	SHOW("pthread_timedjoin_np", pthread_timedjoin_np(thread, &result, &soon));
	pthread_barrier_wait(&barrier);
	SHOW("pthread_join", pthread_join(thread, &result));
	show("result", result == &is_ready);
}

/* One holds all that can be held until it is told. */
static void *holder(void *all_held)
{
	pthread_mutex_lock(&mutex);
	pthread_rwlock_wrlock(&rwlock);
	sem_post(all_held);
	sem_wait(&held);
	usleep(5000);
	pthread_mutex_unlock(&mutex);
	pthread_rwlock_unlock(&rwlock);
	return NULL;
}

static void contend(void)
{
	const struct timespec soon = in_milliseconds(CLOCK_REALTIME, 2);
	const struct timespec never = {0, -1};
	sem_t all_held;
	pthread_t thread;

	sem_init(&all_held, 0, 0);
	pthread_create(&thread, NULL, holder, &all_held);
	sem_wait(&all_held);
	SHOW("pthread_mutex_timedlock", pthread_mutex_timedlock(&mutex, &soon));
	SHOW("pthread_mutex_timedlock", pthread_mutex_timedlock(&mutex, &never));
	SHOW("sem_timedwait", sem_timedwait(&semaphore, &soon));
	SHOW("sem_timedwait", sem_timedwait(&semaphore, &never));
	sem_post(&held);
	SHOW("pthread_mutex_lock", pthread_mutex_lock(&mutex));
	SHOW("pthread_mutex_unlock", pthread_mutex_unlock(&mutex));
	SHOW("pthread_rwlock_rdlock", pthread_rwlock_rdlock(&rwlock));
	SHOW("pthread_rwlock_unlock", pthread_rwlock_unlock(&rwlock));
	SHOW("pthread_rwlock_wrlock", pthread_rwlock_wrlock(&rwlock));
	SHOW("pthread_rwlock_rdlock", pthread_rwlock_rdlock(&rwlock));
	pthread_rwlock_unlock(&rwlock);
	pthread_join(thread, NULL);
}

/* Kinds of mutex answer in their own ways when their owner asks again, or dies. */
static void ask_each_kind(int kind)
{
	pthread_mutexattr_t how;
	pthread_mutex_t own;

	pthread_mutexattr_init(&how);
	pthread_mutexattr_settype(&how, kind);
	pthread_mutex_init(&own, &how);
	SHOW("pthread_mutex_lock", pthread_mutex_lock(&own));
	SHOW("pthread_mutex_lock", pthread_mutex_lock(&own));
	SHOW("pthread_mutex_unlock", pthread_mutex_unlock(&own));
	SHOW("pthread_mutex_unlock", pthread_mutex_unlock(&own));
}

static void *die_holding(void *own)
{
	pthread_mutex_lock(own);
	return NULL;
}

static void ask_the_dead(void)
{
	pthread_mutexattr_t how;
	pthread_mutex_t own;
	pthread_t thread;

	pthread_mutexattr_init(&how);
	pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&own, &how);
	pthread_create(&thread, NULL, die_holding, &own);
	pthread_join(thread, NULL);
	SHOW("pthread_mutex_lock", pthread_mutex_lock(&own));
	SHOW("pthread_mutex_unlock", pthread_mutex_unlock(&own));
	SHOW("pthread_mutex_lock", pthread_mutex_lock(&own));
}

static void load(void)
{
	void *library = dlopen("libm.so.6", RTLD_NOW);

	SHOW_POINTER("dlopen", library);
	SHOW_POINTER("dlopen", dlopen("/nothing/here.so", RTLD_NOW));
	SHOW_POINTER("dlopen", dlopen(NULL, RTLD_NOW));
	SHOW_POINTER("dlsym", dlsym(library, "cos"));
}

void call_threads(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	sem_init(&semaphore, 0, 0);
	sem_init(&held, 0, 0);
	wait_for_helper();
	contend();
	ask_each_kind(PTHREAD_MUTEX_RECURSIVE);
	ask_each_kind(PTHREAD_MUTEX_ERRORCHECK);
	ask_the_dead();
	pthread_barrier_init(&barrier, NULL, 1);
	SHOW("pthread_barrier_wait", pthread_barrier_wait(&barrier));
	load();
}
