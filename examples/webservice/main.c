/* SPDX-License-Identifier: MIT */
/*
 * A REST service of ordinary make, instrumented with ctrace throughout.
 *
 *     clients ─► io threads (front.c) ─► queue, workers (pool.c) ─► handlers.c ─► auth.c, store.c
 *                     ▲────────────────────────┘
 *
 * Start with front.c and handlers.c to see what a traced program looks like.
 */

#include "auth.h"
#include "front.h"
#include "handlers.h"
#include "janitor.h"
#include "pool.h"
#include "settings.h"
#include "store.h"

#include <ctrace/trace.h>
#include <errno.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEMO_USERS  1000
#define DEMO_LOGINS 20 /* of each */

struct service {
	struct auth *auth;
	struct handlers_settings handlers;
	struct pool *pool;
	struct front *front;
	struct janitor *janitor;
	char folder[32]; /* of the temporary database; empty: none */
	char database[64];
};

/* Before any thread is made, so that all inherit it: main alone waits for these. */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool choose_database(struct service *service, const struct settings *settings)
{
	if (settings->database != NULL) {
		service->handlers.database = settings->database;
		return true;
	}
	snprintf(service->folder, sizeof(service->folder), "/tmp/webservice.XXXXXX");
	if (mkdtemp(service->folder) == NULL) {
		fprintf(stderr, "webservice: %s: %s\n", service->folder, strerror(errno));
		service->folder[0] = '\0';
		return false;
	}
	snprintf(service->database, sizeof(service->database), "%s/users.db", service->folder);
	service->handlers.database = service->database;
	return true;
}

static bool fill_demo(const char *database)
{
	struct user model = {.created = time(NULL)};
	struct store *store = store_open(database);
	const bool is_filled = store != NULL && auth_set_password(&model, "demo") &&
			       store_users_fill(store, DEMO_USERS, DEMO_LOGINS, &model) == STORE_OK;

	store_close(store);
	return is_filled;
}

/* With the key that signed the tokens in this database, or a new one. */
static struct auth *create_auth(const char *database, unsigned token_seconds)
{
	struct store *store = store_open(database);
	uint8_t seed[STORE_SEED_SIZE];
	const bool has_seed = store != NULL && RAND_bytes(seed, sizeof(seed)) == 1 &&
			      store_seed(store, seed) == STORE_OK;

	store_close(store);
	return has_seed ? auth_create(token_seconds, seed) : NULL;
}

static bool start(struct service *service, const struct settings *settings)
{
	const struct pool_settings pool = {.workers = settings->workers,
					   .queue_max = settings->queue_max,
					   .enter = handlers_enter,
					   .work = handlers_work,
					   .done = front_answer,
					   .leave = handlers_leave,
					   .context = &service->handlers};

	if (!choose_database(service, settings) ||
	    (settings->is_demo && !fill_demo(service->handlers.database))) {
		return false;
	}
	service->auth = create_auth(service->handlers.database, settings->token_seconds);
	service->handlers.auth = service->auth;
	service->handlers.token_seconds = settings->token_seconds;
	service->handlers.is_token_free = settings->is_demo;
	if (service->auth == NULL) {
		return false;
	}
	service->pool = pool_create(&pool);
	if (service->pool == NULL) {
		return false;
	}
	service->front = front_create(settings->port, settings->io_threads, service->pool);
	if (service->front == NULL) {
		return false;
	}
	service->janitor = janitor_create(service->handlers.database, service->auth);
	return service->janitor != NULL;
}

static void remove_database(struct service *service)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	char path[sizeof(service->database) + 4];

	if (service->folder[0] == '\0') {
		return;
	}
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", service->database, endings[i]);
		unlink(path);
	}
	rmdir(service->folder);
}

/* The pool goes before the front: it still has answers to give back. */
static void stop(struct service *service)
{
	janitor_destroy(service->janitor);
	if (service->front != NULL) {
		front_quiesce(service->front);
	}
	pool_destroy(service->pool);
	front_destroy(service->front);
	auth_destroy(service->auth);
	remove_database(service);
}

static void announce(const struct service *service, int debug_port)
{
	printf("REST   http://127.0.0.1:%u/\n", front_port(service->front));
	if (debug_port > 0) {
		printf("debug  http://127.0.0.1:%d/debug/pprof/\n", debug_port);
	} else if (debug_port == -ENOSYS) {
		printf("debug  none: built with CTRACE_DISABLE\n");
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct settings settings;
	struct service service = {0};
	const int parsed = settings_parse(&settings, argc, argv);
	int debug_port = 0, signal_number;
	sigset_t signals;

	if (parsed != 0) {
		return parsed == 1 ? EXIT_SUCCESS : parsed;
	}
	block_signals(&signals);
	TRACE_PROCESS_NAME("webservice");
	TRACE_THREAD_NAME("main");
	if (!start(&service, &settings)) {
		stop(&service);
		return EXIT_FAILURE;
	}
	if (settings.debug != NULL) {
		debug_port = ctrace_serve(settings.debug);
	}
	announce(&service, debug_port);
	sigwait(&signals, &signal_number);
	ctrace_serve_stop();
	stop(&service);
	printf("stopped\n");
	return EXIT_SUCCESS;
}
