/* SPDX-License-Identifier: MIT */
/* A queue with a lock, and threads that take from it. */

#include "pool.h"

#include "job.h"

#include <ctrace/trace.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct pool {
	struct pool_settings settings;

	pthread_mutex_t lock; /* guards what follows, up to the threads */
	pthread_cond_t changed;
	struct job *first, **last;
	unsigned depth;
	unsigned started; /* workers that have begun, well or not */
	bool has_failed, is_closing;

	unsigned thread_count;
	pthread_t threads[];
};

static struct job *take(struct pool *pool)
{
	struct job *job;

	pthread_mutex_lock(&pool->lock);
	while (pool->first == NULL && !pool->is_closing) {
		pthread_cond_wait(&pool->changed, &pool->lock);
	}
	job = pool->first;
	if (job != NULL) {
		pool->first = job->next_waiting;
		if (pool->first == NULL) {
			pool->last = &pool->first;
		}
		pool->depth--;
		TRACE_COUNTER("queue depth", pool->depth);
	}
	pthread_mutex_unlock(&pool->lock);
	return job;
}

bool pool_give(struct pool *pool, struct job *job)
{
	bool has_room;

	TRACE_SPAN_C("pool", "enqueue");
	TRACE_FLOW_OUT(job->id);
	pthread_mutex_lock(&pool->lock);
	has_room = pool->depth < pool->settings.queue_max && !pool->is_closing;
	if (has_room) {
		job->next_waiting = NULL;
		*pool->last = job;
		pool->last = &job->next_waiting;
		pool->depth++;
		TRACE_COUNTER("queue depth", pool->depth);
	}
	pthread_mutex_unlock(&pool->lock);
	if (has_room) {
		pthread_cond_signal(&pool->changed);
	}
	return has_room;
}

static unsigned report_start(struct pool *pool, bool is_well)
{
	unsigned number;

	pthread_mutex_lock(&pool->lock);
	number = ++pool->started;
	pool->has_failed |= !is_well;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	return number;
}

static void *worker_main(void *argument)
{
	struct pool *pool = argument;
	void *state = pool->settings.enter(pool->settings.context);
	struct job *job;
	char name[16];

	snprintf(name, sizeof(name), "worker %u", report_start(pool, state != NULL));
	pthread_setname_np(pthread_self(), name);
	TRACE_THREAD_NAME(name);
	if (state == NULL) {
		return NULL;
	}
	while ((job = take(pool)) != NULL) {
		pool->settings.work(state, job);
		pool->settings.done(job);
	}
	pool->settings.leave(state);
	return NULL;
}

static bool start_workers(struct pool *pool)
{
	while (pool->thread_count < pool->settings.workers) {
		if (pthread_create(&pool->threads[pool->thread_count], NULL, worker_main, pool) !=
		    0) {
			return false;
		}
		pool->thread_count++;
	}
	pthread_mutex_lock(&pool->lock);
	while (pool->started < pool->thread_count) {
		pthread_cond_wait(&pool->changed, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return !pool->has_failed;
}

struct pool *pool_create(const struct pool_settings *settings)
{
	struct pool *pool = calloc(1, sizeof(*pool) + settings->workers * sizeof(pthread_t));

	if (pool == NULL) {
		return NULL;
	}
	pool->settings = *settings;
	pool->last = &pool->first;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	if (!start_workers(pool)) {
		pool_destroy(pool);
		return NULL;
	}
	return pool;
}

void pool_destroy(struct pool *pool)
{
	if (pool == NULL) {
		return;
	}
	pthread_mutex_lock(&pool->lock);
	pool->is_closing = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->thread_count; i++) {
		pthread_join(pool->threads[i], NULL);
	}
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
