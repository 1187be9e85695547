/* SPDX-License-Identifier: MIT */
/* ctrace_serve and ctrace_serve_stop: the one server of a process. */

#include "tracer/http/debug_listen.h"
#include "tracer/http/debug_server.h"
#include "tracer/src/sites/quiet.h"

#include <ctrace/trace.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct {
	pthread_mutex_t lock; /* guards what follows */
	struct ctrace_debug_server *server;
} serving = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/*
 * Whoever has the lock holds signals back: a handler that forked would wait for it on the thread
 * that has it.
 */
static uint64_t lock_serving(void)
{
	uint64_t mask = ctrace_signals_hold();

	pthread_mutex_lock(&serving.lock);
	return mask;
}

static void unlock_serving(uint64_t mask)
{
	pthread_mutex_unlock(&serving.lock);
	ctrace_signals_release(mask);
}

static void before_fork(void)
{
	pthread_mutex_lock(&serving.lock);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&serving.lock);
}

/* The thread stayed with the parent; the child must not keep the port and the clients open. */
static void after_fork_in_child(void)
{
	if (serving.server != NULL) {
		ctrace_debug_server_abandon(serving.server);
		serving.server = NULL;
	}
	pthread_mutex_unlock(&serving.lock);
}

static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

static void watch_forks_once(void)
{
	uint64_t mask = ctrace_signals_hold();

	pthread_once(&fork_once, watch_forks);
	ctrace_signals_release(mask);
}

static int serve_locked(const struct ctrace_debug_address *address)
{
	uint64_t mask = lock_serving();
	int error;

	error = serving.server != NULL ? -EBUSY
				       : ctrace_debug_server_create(&serving.server, address);
	if (error == 0) {
		error = serving.server->port;
	}
	unlock_serving(mask);
	return error;
}

int ctrace_serve(const char *text)
{
	struct ctrace_debug_address address;
	int port;

	if (text == NULL || !ctrace_debug_address_parse(&address, text)) {
		fprintf(stderr,
			"ctrace: cannot serve /debug/pprof/: '%s' is no address like "
			"127.0.0.1:6060 or [::1]:6060\n",
			text != NULL ? text : "");
		return -EINVAL;
	}
	watch_forks_once();
	ctrace_quiet_begin();
	port = serve_locked(&address);
	ctrace_quiet_end();
	if (port < 0) {
		fprintf(stderr, "ctrace: cannot serve /debug/pprof/ on %s: %s\n", text,
			strerror(-port));
	} else if (!address.is_loopback) {
		fprintf(stderr,
			"ctrace: warning: /debug/pprof/ on %s is open to other machines; anyone "
			"who "
			"reaches it can record this program\n",
			text);
	}
	return port;
}

void ctrace_serve_stop(void)
{
	struct ctrace_debug_server *server;
	uint64_t mask = lock_serving();

	server = serving.server;
	serving.server = NULL;
	unlock_serving(mask);
	if (server != NULL) {
		ctrace_quiet_begin();
		ctrace_debug_server_destroy(server);
		ctrace_quiet_end();
	}
}
