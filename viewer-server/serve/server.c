/* SPDX-License-Identifier: MIT */
/* Puts door, loader, workers and loop together; see server.h. */

#include "viewer-server/serve/server.h"

#include "viewer-server/serve/http.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct ctrace_server {
	struct ctrace_server_settings settings;
	struct ctrace_guard guard;
	struct ctrace_listeners listeners;
	struct ctrace_door *door;
	struct ctrace_desk desk;
	struct ctrace_http *http;
	atomic_bool is_stopping;
	uint64_t seen_version; /* of the loader; the loop only */
};

static void admit(void *context, int fd, struct ctrace_admission *admission)
{
	struct ctrace_server *server = context;
	ctrace_http_admit(server->http, fd, admission);
}

static void left(void *context)
{
	struct ctrace_server *server = context;
	ctrace_door_leave(server->door);
}

static void wake(void *context)
{
	struct ctrace_server *server = context;
	ctrace_http_wake(server->http);
}

/* Questions can be asked from now on. */
static void open_desk(struct ctrace_server *server, const struct ctrace_model *model)
{
	struct ctrace_worker_settings settings = {
		.model = model,
		.trace = server->settings.trace,
		.done = wake,
		.context = server,
	};
	if (server->desk.walks == NULL &&
	    ctrace_worker_create(&server->desk.quick, &settings) == CTRACE_OK &&
	    ctrace_worker_create(&server->desk.slow, &settings) == CTRACE_OK) {
		ctrace_worker_create(&server->desk.walks, &settings);
	}
}

static void woken(void *context)
{
	struct ctrace_server *server = context;
	const struct ctrace_server_settings *settings = &server->settings;
	struct ctrace_loader_view view;
	ctrace_loader_look(server->desk.loader, &view);
	if (view.version == server->seen_version) {
		return;
	}
	server->seen_version = view.version;
	if (view.state == CTRACE_LOADER_WORKS && settings->progress != NULL) {
		settings->progress(settings->context, view.stage, view.done, view.total);
	}
	if (view.state == CTRACE_LOADER_READY) {
		open_desk(server, view.model);
		if (settings->loaded != NULL) {
			settings->loaded(settings->context,
					 ctrace_model_summary(view.model).events);
		}
	}
}

static enum ctrace_status start(struct ctrace_server *server, struct ctrace_error *error)
{
	const struct ctrace_server_settings *settings = &server->settings;
	char token[CTRACE_TOKEN_SIZE];
	if (!ctrace_token_make(token)) {
		return ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					"the system gives no random bytes for a token");
	}
	enum ctrace_status status =
		ctrace_listeners_init(&server->listeners, settings->port, error);
	if (status != CTRACE_OK) {
		return status;
	}
	ctrace_guard_init(&server->guard, server->listeners.port, token);
	struct ctrace_http_settings http = {.desk = &server->desk,
					    .trace = settings->trace,
					    .name = settings->name,
					    .left = left,
					    .woken = woken,
					    .context = server};
	status = ctrace_http_create(&server->http, &http, error);
	if (status != CTRACE_OK) {
		return status;
	}
	struct ctrace_loader_settings loader = {settings->trace, settings->name,
						settings->max_memory, wake, server};
	status = ctrace_loader_create(&server->desk.loader, &loader, error);
	if (status != CTRACE_OK) {
		return status;
	}
	struct ctrace_door_settings door = {&server->guard, &server->listeners, admit, server};
	return ctrace_door_create(&server->door, &door, error);
}

enum ctrace_status ctrace_server_create(struct ctrace_server **server,
					const struct ctrace_server_settings *settings,
					struct ctrace_error *error)
{
	*server = calloc(1, sizeof(**server));
	if (*server == NULL) {
		return ctrace_error_set(error, CTRACE_ERR_NO_MEMORY, CTRACE_NO_OFFSET,
					CTRACE_NO_CHUNK, "no memory for the server");
	}
	(*server)->settings = *settings;
	(*server)->listeners = (struct ctrace_listeners){.fd = {-1, -1}};
	enum ctrace_status status = start(*server, error);
	if (status != CTRACE_OK) {
		ctrace_server_destroy(*server);
		*server = NULL;
	}
	return status;
}

void ctrace_server_url(const struct ctrace_server *server, char url[CTRACE_SERVER_URL_BYTES])
{
	snprintf(url, CTRACE_SERVER_URL_BYTES, "http://%s/#token=%s", server->guard.hosts[0],
		 server->guard.token);
}

/* The trace turned out not to be loadable; connected pages have been told in the same turn. */
static bool has_failed(struct ctrace_server *server, struct ctrace_error *error)
{
	struct ctrace_loader_view view;
	ctrace_loader_look(server->desk.loader, &view);
	if (view.state != CTRACE_LOADER_FAILED) {
		return false;
	}
	*error = view.error;
	return true;
}

enum ctrace_status ctrace_server_run(struct ctrace_server *server, struct ctrace_error *error)
{
	while (!atomic_load_explicit(&server->is_stopping, memory_order_relaxed)) {
		if (has_failed(server, error)) {
			/* What waits to be written gets one more turn. */
			ctrace_http_turn(server->http);
			return error->status;
		}
		if (!ctrace_http_turn(server->http)) {
			return ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET,
						CTRACE_NO_CHUNK, "the service loop failed");
		}
	}
	return CTRACE_OK;
}

void ctrace_server_stop(struct ctrace_server *server)
{
	atomic_store_explicit(&server->is_stopping, true, memory_order_relaxed);
	ctrace_http_wake(server->http);
}

void ctrace_server_destroy(struct ctrace_server *server)
{
	if (server == NULL) {
		return;
	}
	/* First everybody who wakes the loop, then the loop; the door's counter outlives its users.
	 */
	ctrace_door_stop(server->door);
	ctrace_worker_destroy(server->desk.quick);
	ctrace_worker_destroy(server->desk.slow);
	ctrace_worker_destroy(server->desk.walks);
	ctrace_loader_stop(server->desk.loader);
	ctrace_http_destroy(server->http);
	ctrace_loader_destroy(server->desk.loader);
	ctrace_door_destroy(server->door);
	ctrace_listeners_finish(&server->listeners);
	free(server);
}
