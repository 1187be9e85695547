/* SPDX-License-Identifier: MIT */
/* Guard, method, route: in this order, for every request. */

#include "tracer/http/debug_request.h"

#include "tracer/http/debug_answer.h"
#include "tracer/http/debug_guard.h"
#include "tracer/http/debug_pages.h"
#include "tracer/http/debug_path.h"
#include "tracer/http/debug_seconds.h"
#include "tracer/http/debug_stream.h"
#include "tracer/http/debug_trace.h"
#include "tracer/src/collect/beside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char root[] = "/debug/pprof/";

void *ctrace_debug_request_begin(void *server, const char *target,
				 struct MHD_Connection *connection)
{
	struct ctrace_debug_request *request = calloc(1, sizeof(*request));

	(void)connection;
	if (request == NULL) {
		return NULL;
	}
	request->server = server;
	request->is_too_long = strlen(target) > CTRACE_DEBUG_TARGET_MAX;
	if (!request->is_too_long) {
		strcpy(request->target, target);
	}
	return request;
}

static enum MHD_Result note_header(void *context, enum MHD_ValueKind kind, const char *key,
				   const char *value)
{
	struct ctrace_debug_caller *caller = context;
	const char **first;
	unsigned *count;

	(void)kind;
	if (strcasecmp(key, "Host") == 0) {
		first = &caller->host;
		count = &caller->host_count;
	} else if (strcasecmp(key, "Origin") == 0) {
		first = &caller->origin;
		count = &caller->origin_count;
	} else if (strcasecmp(key, "Sec-Fetch-Site") == 0) {
		first = &caller->site;
		count = &caller->site_count;
	} else {
		return MHD_YES;
	}
	if ((*count)++ == 0) {
		*first = value != NULL ? value : "";
	}
	return MHD_YES;
}

/* 0, or the status to refuse with. */
static unsigned check_caller(struct MHD_Connection *connection, const char **why)
{
	struct ctrace_debug_caller caller = {0};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, note_header, &caller);
	return ctrace_debug_guard(&caller, why);
}

static const char *parameter(struct MHD_Connection *connection, const char *name)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static enum MHD_Result refuse_trace(struct MHD_Connection *connection, int error)
{
	char text[160];

	if (error == -EBUSY) {
		snprintf(text, sizeof(text),
			 "Could not enable tracing: %d traces are being recorded, the most at "
			 "once\n",
			 CTRACE_DEBUG_TRACES_MAX);
		return ctrace_debug_answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE, text);
	}
	snprintf(text, sizeof(text), "Could not enable tracing: %s\n", strerror(-error));
	return ctrace_debug_answer_error(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, text);
}

static bool has_parameter(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, name, strlen(name),
					     NULL, NULL) == MHD_YES;
}

/* A list of sources, or what is wrong with it. */
static const char *read_sources(struct MHD_Connection *connection,
				struct ctrace_debug_trace_settings *settings, char text[160])
{
	const char *list = parameter(connection, "sources"), *bad;
	char names[100];
	size_t size;

	if (list == NULL) {
		return NULL;
	}
	settings->sources = list;
	if (strlen(list) > CTRACE_DEBUG_SOURCES_MAX) {
		snprintf(text, 160, "invalid value for \"sources\" - %zu bytes, at most %d\n",
			 strlen(list), CTRACE_DEBUG_SOURCES_MAX);
		return text;
	}
	if (!ctrace_beside_check(list, &bad, &size)) {
		ctrace_beside_names(names, sizeof(names));
		snprintf(text, 160, "invalid value for \"sources\" - there are %s\n", names);
		return text;
	}
	return NULL;
}

/* What is wrong with the request for a trace; NULL: nothing, and it stands in `settings`. */
static const char *read_recording(struct MHD_Connection *connection,
				  struct ctrace_debug_trace_settings *settings, char text[160])
{
	settings->categories = parameter(connection, "categories");
	if (!ctrace_debug_seconds_parse(parameter(connection, "seconds"), &settings->duration_ns)) {
		snprintf(text, 160, "invalid value for \"seconds\" - at most %d\n",
			 CTRACE_DEBUG_SECONDS_MAX);
		return text;
	}
	if (settings->categories != NULL &&
	    strlen(settings->categories) > CTRACE_DEBUG_CATEGORIES_MAX) {
		snprintf(text, 160, "invalid value for \"categories\" - %zu bytes, at most %d\n",
			 strlen(settings->categories), CTRACE_DEBUG_CATEGORIES_MAX);
		return text;
	}
	return read_sources(connection, settings, text);
}

/* The same for a snapshot of the flight recorder. */
static const char *read_snapshot(struct MHD_Connection *connection,
				 struct ctrace_debug_trace_settings *settings, char text[160])
{
	const char *last = parameter(connection, "last");

	if (has_parameter(connection, "seconds")) {
		return "\"seconds\" records from now on, \"last\" takes what was: only one of "
		       "them\n";
	}
	if (has_parameter(connection, "categories")) {
		return "\"categories\" does not go with \"last\": the flight recorder has its "
		       "own\n";
	}
	if (has_parameter(connection, "sources")) {
		return "\"sources\" does not go with \"last\": the flight recorder has only "
		       "spans\n";
	}
	if (last == NULL || !ctrace_debug_last_parse(last, &settings->last_ns)) {
		snprintf(
			text, 160,
			"invalid value for \"last\" - a decimal number of seconds above 0, at most "
			"%d\n",
			CTRACE_DEBUG_SECONDS_MAX);
		return text;
	}
	return NULL;
}

static enum MHD_Result begin_trace(struct ctrace_debug_request *request,
				   struct MHD_Connection *connection)
{
	struct ctrace_debug_trace_settings settings = {0};
	char text[160];
	const char *wrong = has_parameter(connection, "last")
				    ? read_snapshot(connection, &settings, text)
				    : read_recording(connection, &settings, text);
	int error;

	if (wrong != NULL) {
		return ctrace_debug_answer_error(connection, MHD_HTTP_BAD_REQUEST, wrong);
	}
	request->stream = ctrace_debug_stream_open(request->server, connection, &settings, &error);
	if (request->stream == NULL) {
		return refuse_trace(connection, error);
	}
	return ctrace_debug_stream_answer(request->stream);
}

static enum MHD_Result answer_index(struct ctrace_debug_request *request,
				    struct MHD_Connection *connection, bool is_head)
{
	(void)is_head;
	return ctrace_debug_page_index(request->server, connection);
}

static enum MHD_Result answer_cmdline(struct ctrace_debug_request *request,
				      struct MHD_Connection *connection, bool is_head)
{
	(void)is_head;
	return ctrace_debug_page_cmdline(request->server, connection);
}

/* Asking with HEAD what there is must not cost a recording. */
static enum MHD_Result answer_trace(struct ctrace_debug_request *request,
				    struct MHD_Connection *connection, bool is_head)
{
	return is_head ? ctrace_debug_stream_describe(connection)
		       : begin_trace(request, connection);
}

static const struct route {
	const char *path;
	enum MHD_Result (*answer)(struct ctrace_debug_request *request,
				  struct MHD_Connection *connection, bool is_head);
} routes[] = {
	{"/debug/pprof/", answer_index},
	{"/debug/pprof/cmdline", answer_cmdline},
	{"/debug/pprof/trace", answer_trace},
};

static const struct route *find_route(const char *path, size_t size)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strlen(routes[i].path) == size && memcmp(routes[i].path, path, size) == 0) {
			return &routes[i];
		}
	}
	return NULL;
}

/* The route that a careless path means, NULL if none. */
static const struct route *find_meant(const char *path, size_t size)
{
	char clean[CTRACE_DEBUG_TARGET_MAX + 2];

	if (!ctrace_debug_path_clean(path, size, clean, sizeof(clean))) {
		return NULL;
	}
	if (strlen(clean) == strlen(root) - 1 && strncmp(clean, root, strlen(clean)) == 0) {
		return find_route(root, strlen(root));
	}
	return find_route(clean, strlen(clean));
}

/* The location is our own text; only the query is the client's, and never leaves this host. */
static enum MHD_Result answer_moved(struct MHD_Connection *connection, const char *path,
				    const char *query)
{
	char location[CTRACE_DEBUG_TARGET_MAX + 64];

	for (const char *at = query; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~') {
			query = "";
			break;
		}
	}
	snprintf(location, sizeof(location), "%s%s", path, query);
	return ctrace_debug_answer_moved(connection, location);
}

static enum MHD_Result answer_unknown(struct MHD_Connection *connection, const char *path)
{
	if (strncmp(path, root, strlen(root)) == 0) {
		return ctrace_debug_answer_error(connection, MHD_HTTP_NOT_FOUND,
						 "Unknown profile\n");
	}
	return ctrace_debug_answer_text(connection, MHD_HTTP_NOT_FOUND, "404 page not found\n",
					NULL);
}

static enum MHD_Result answer_route(struct ctrace_debug_request *request,
				    struct MHD_Connection *connection, bool is_head)
{
	const char *path = request->target;
	const size_t size = strcspn(path, "?");
	const struct route *route = find_route(path, size);

	if (route != NULL) {
		return route->answer(request, connection, is_head);
	}
	route = find_meant(path, size);
	if (route != NULL) {
		return answer_moved(connection, route->path, path + size);
	}
	return answer_unknown(connection, path);
}

static enum MHD_Result answer(struct ctrace_debug_request *request,
			      struct MHD_Connection *connection, const char *method)
{
	const bool is_head = strcmp(method, "HEAD") == 0;
	const char *why;
	const unsigned status = check_caller(connection, &why);

	if (status != 0) {
		return ctrace_debug_answer_error(connection, status, why);
	}
	if (!is_head && strcmp(method, "GET") != 0) {
		return ctrace_debug_answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
						"only GET and HEAD\n", "GET, HEAD");
	}
	if (request->is_too_long) {
		return ctrace_debug_answer_text(connection, MHD_HTTP_URI_TOO_LONG,
						"the path may have 2048 bytes\n", NULL);
	}
	return answer_route(request, connection, is_head);
}

enum MHD_Result ctrace_debug_request_handle(void *server, struct MHD_Connection *connection,
					    const char *path, const char *method,
					    const char *version, const char *body,
					    size_t *body_size, void **request_slot)
{
	struct ctrace_debug_request *request = *request_slot;

	(void)server;
	(void)path;
	(void)version;
	(void)body;
	if (request == NULL) {
		return MHD_NO;
	}
	if (request->stream != NULL) {
		return ctrace_debug_stream_answer(request->stream);
	}
	if (!request->is_met) {
		request->is_met = true;
		return MHD_YES;
	}
	if (*body_size > 0) {
		request->body_bytes += *body_size;
		*body_size = 0;
		return request->body_bytes <= CTRACE_DEBUG_BODY_MAX ? MHD_YES : MHD_NO;
	}
	ctrace_debug_server_answering(connection);
	return answer(request, connection, method);
}

void ctrace_debug_request_end(void *server, struct MHD_Connection *connection, void **request_slot,
			      enum MHD_RequestTerminationCode code)
{
	struct ctrace_debug_request *request = *request_slot;

	(void)code;
	if (request == NULL) {
		return;
	}
	if (request->stream != NULL) {
		ctrace_debug_stream_close(server, request->stream);
	}
	ctrace_debug_server_waiting(connection);
	free(request);
	*request_slot = NULL;
}
