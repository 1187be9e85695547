/* SPDX-License-Identifier: MIT */
/* Cleans every quarter of a second. */

#include "janitor.h"

#include "auth.h"
#include "store.h"

#include <ctrace/trace.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PERIOD_NS 250000000

struct janitor {
	struct store *store;
	struct auth *auth;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	bool is_stopping;
};

/* True: it is time to clean. False: to stop. */
static bool wait_period(struct janitor *janitor)
{
	struct timespec end;
	bool is_stopping;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += PERIOD_NS;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	pthread_mutex_lock(&janitor->lock);
	while (!janitor->is_stopping &&
	       pthread_cond_timedwait(&janitor->stop, &janitor->lock, &end) == 0) {
	}
	is_stopping = janitor->is_stopping;
	pthread_mutex_unlock(&janitor->lock);
	return !is_stopping;
}

static void clean(struct janitor *janitor)
{
	int count;

	TRACE_SPAN("clean up");
	count = auth_clean(janitor->auth, janitor->store);
	if (count > 0) {
		TRACE_LOG("auth", "%d tokens expired", count);
	}
}

static void *janitor_main(void *argument)
{
	pthread_setname_np(pthread_self(), "janitor");
	TRACE_THREAD_NAME("janitor");
	while (wait_period(argument)) {
		clean(argument);
	}
	return NULL;
}

struct janitor *janitor_create(const char *database, struct auth *auth)
{
	struct janitor *janitor = calloc(1, sizeof(*janitor));

	if (janitor == NULL) {
		return NULL;
	}
	janitor->auth = auth;
	pthread_mutex_init(&janitor->lock, NULL);
	pthread_cond_init(&janitor->stop, NULL);
	janitor->store = store_open(database);
	janitor->has_thread = janitor->store != NULL &&
			      pthread_create(&janitor->thread, NULL, janitor_main, janitor) == 0;
	if (!janitor->has_thread) {
		fprintf(stderr, "webservice: the janitor cannot start\n");
		janitor_destroy(janitor);
		return NULL;
	}
	return janitor;
}

void janitor_destroy(struct janitor *janitor)
{
	if (janitor == NULL) {
		return;
	}
	pthread_mutex_lock(&janitor->lock);
	janitor->is_stopping = true;
	pthread_cond_signal(&janitor->stop);
	pthread_mutex_unlock(&janitor->lock);
	if (janitor->has_thread) {
		pthread_join(janitor->thread, NULL);
	}
	store_close(janitor->store);
	pthread_cond_destroy(&janitor->stop);
	pthread_mutex_destroy(&janitor->lock);
	free(janitor);
}
