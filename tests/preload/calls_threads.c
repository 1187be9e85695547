/* SPDX-License-Identifier: MIT */

/* Threads waiting for one another; see calls_host.h. */

#include "tests/preload/calls_host.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <threads.h>
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

/* All that a free lock answers, with clocks and times that the real ones refuse or do not look at.
 */
static void ask_with_times(void)
{
	const struct timespec past = {0, 0}, bad = {0, -1};
	pthread_rwlock_t own = PTHREAD_RWLOCK_INITIALIZER;
	pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;

	SHOW("pthread_mutex_clocklock", pthread_mutex_clocklock(&plain, CLOCK_MONOTONIC, &bad));
	SHOW("pthread_mutex_clocklock", pthread_mutex_clocklock(&plain, CLOCK_MONOTONIC, &past));
	SHOW("pthread_mutex_clocklock", pthread_mutex_clocklock(&plain, CLOCK_BOOTTIME, &past));
	pthread_mutex_unlock(&plain);
	SHOW("pthread_mutex_clocklock", pthread_mutex_clocklock(&plain, CLOCK_BOOTTIME, &past));
	SHOW("pthread_rwlock_timedrdlock", pthread_rwlock_timedrdlock(&own, &bad));
	SHOW("pthread_rwlock_timedrdlock", pthread_rwlock_timedrdlock(&own, &past));
	SHOW("pthread_rwlock_clockrdlock", pthread_rwlock_clockrdlock(&own, CLOCK_REALTIME, &past));
	SHOW("pthread_rwlock_clockrdlock", pthread_rwlock_clockrdlock(&own, CLOCK_BOOTTIME, &past));
	SHOW("pthread_rwlock_timedwrlock", pthread_rwlock_timedwrlock(&own, &past));
	pthread_rwlock_unlock(&own);
	pthread_rwlock_unlock(&own);
	SHOW("pthread_rwlock_timedwrlock", pthread_rwlock_timedwrlock(&own, &bad));
	SHOW("pthread_rwlock_clockwrlock",
	     pthread_rwlock_clockwrlock(&own, CLOCK_MONOTONIC, &past));
	SHOW("pthread_rwlock_clockwrlock",
	     pthread_rwlock_clockwrlock(&own, CLOCK_MONOTONIC, &past));
	SHOW("pthread_rwlock_clockwrlock", pthread_rwlock_clockwrlock(&own, CLOCK_MONOTONIC, &bad));
	SHOW("sem_clockwait", sem_clockwait(&semaphore, CLOCK_MONOTONIC, &past));
	SHOW("sem_post", sem_post(&semaphore));
	SHOW("sem_clockwait", sem_clockwait(&semaphore, CLOCK_BOOTTIME, &past));
	SHOW("sem_clockwait", sem_clockwait(&semaphore, CLOCK_MONOTONIC, &bad));
	SHOW("sem_clockwait", sem_clockwait(&semaphore, CLOCK_MONOTONIC, &past));
	SHOW("pthread_cond_signal", pthread_cond_signal(&condition));
	SHOW("pthread_cond_broadcast", pthread_cond_broadcast(&condition));
}

/* ---- C11 ---- */

static mtx_t plain_mtx;
static cnd_t cnd;
static bool is_told;

static int tell(void *unused)
{
	(void)unused;
	mtx_lock(&plain_mtx);
	is_told = true;
	SHOW("cnd_signal", cnd_signal(&cnd));
	SHOW("cnd_broadcast", cnd_broadcast(&cnd));
	mtx_unlock(&plain_mtx);
	return -7;
}

static void ask_c11(void)
{
	const struct timespec past = {0, 0}, bad = {0, -1};
	mtx_t again;
	thrd_t thread;
	int error = thrd_success, result = 0;

	mtx_init(&plain_mtx, mtx_timed);
	mtx_init(&again, mtx_plain | mtx_recursive);
	cnd_init(&cnd);
	SHOW("mtx_lock", mtx_lock(&plain_mtx));
	SHOW("mtx_timedlock", mtx_timedlock(&plain_mtx, &past));
	SHOW("mtx_timedlock", mtx_timedlock(&plain_mtx, &bad));
	thrd_create(&thread, tell, NULL);
	while (!is_told) {
		error = cnd_wait(&cnd, &plain_mtx);
	}
	show("cnd_wait", error);
	SHOW("cnd_timedwait", cnd_timedwait(&cnd, &plain_mtx, &past));
	SHOW("mtx_unlock", mtx_unlock(&plain_mtx));
	SHOW("thrd_join", thrd_join(thread, &result));
	show("result", result);
	SHOW("mtx_lock", mtx_lock(&again));
	SHOW("mtx_lock", mtx_lock(&again));
	SHOW("mtx_unlock", mtx_unlock(&again));
	SHOW("mtx_unlock", mtx_unlock(&again));
}

/* Joins: of one that is over, of oneself, of one that nobody joins. */
static void *end_at_once(void *result)
{
	return result;
}

static void ask_for_ends(void)
{
	const struct timespec past = {0, 0};
	pthread_t thread;
	void *result = NULL;

	pthread_create(&thread, NULL, end_at_once, &is_told);
	SHOW("pthread_join", pthread_join(thread, &result));
	show("result", result == &is_told);
	SHOW("pthread_join", pthread_join(pthread_self(), NULL));
	SHOW("pthread_clockjoin_np",
	     pthread_clockjoin_np(pthread_self(), NULL, CLOCK_MONOTONIC, &past));
	pthread_create(&thread, NULL, holder, &held);
	SHOW("pthread_clockjoin_np", pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &past));
	SHOW("pthread_clockjoin_np", pthread_clockjoin_np(thread, NULL, CLOCK_BOOTTIME, &past));
	sem_post(&held);
	SHOW("pthread_join", pthread_join(thread, NULL));
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
	SHOW("dlclose", dlclose(library));
}

void call_threads(void)
{
	pthread_barrier_init(&barrier, NULL, 2);
	sem_init(&semaphore, 0, 0);
	sem_init(&held, 0, 0);
	wait_for_helper();
	contend();
	ask_with_times();
	ask_c11();
	ask_for_ends();
	ask_each_kind(PTHREAD_MUTEX_RECURSIVE);
	ask_each_kind(PTHREAD_MUTEX_ERRORCHECK);
	ask_the_dead();
	pthread_barrier_init(&barrier, NULL, 1);
	SHOW("pthread_barrier_wait", pthread_barrier_wait(&barrier));
	load();
}
