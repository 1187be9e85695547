/* SPDX-License-Identifier: MIT */
#ifndef WEBSERVICE_POOL_H
#define WEBSERVICE_POOL_H

/*
 * Worker threads and the queue in front of them.
 *
 *     pool_create(&settings)     threads wait
 *     pool_give(pool, job)       any thread: queue it
 *       …work(job) on a worker, then done(job)…
 *     pool_destroy(pool)         what is queued is still worked off
 */

#include <stdbool.h>

struct job;
struct pool;

struct pool_settings {
	unsigned workers;
	unsigned queue_max;
	void *(*enter)(
		void *context); /* on each worker, first: gives its own state, NULL: failed */
	void (*work)(void *state, struct job *job);
	void (*done)(struct job *job); /* takes the job */
	void (*leave)(void *state);    /* on each worker, last */
	void *context;
};

struct pool *pool_create(const struct pool_settings *settings);
void pool_destroy(struct pool *pool);

/* False if the queue is full: the job stays the caller's. */
bool pool_give(struct pool *pool, struct job *job);

#endif
