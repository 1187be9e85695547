/* SPDX-License-Identifier: MIT */
/* Requests in, answers out. */

#include "front.h"

#include "job.h"
#include "pool.h"

#include <arpa/inet.h>
#include <ctrace/trace.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define IDLE_SECONDS	60

struct front {
	struct MHD_Daemon *daemon;
	struct pool *pool;
	int listener; /* after front_quiesce it is ours to close */
	atomic_int connections;
	atomic_int in_flight;
};

/* libmicrohttpd makes the io threads; each is named when it first serves. */
static void name_this_thread(void)
{
	static _Thread_local bool is_named;
	static atomic_int named;
	char name[16];

	if (!is_named) {
		snprintf(name, sizeof(name), "io %d",
			 atomic_fetch_add_explicit(&named, 1, memory_order_relaxed) + 1);
		TRACE_THREAD_NAME(name);
		is_named = true;
	}
}

/* The arguments of a trace macro are not evaluated while nobody records: nothing may happen in
 * them. */
static void count_in_flight(struct front *front, int change)
{
	const int before =
		atomic_fetch_add_explicit(&front->in_flight, change, memory_order_relaxed);

	TRACE_COUNTER("requests in flight", before + change);
}

static void count_connections(struct front *front, int change)
{
	const int before =
		atomic_fetch_add_explicit(&front->connections, change, memory_order_relaxed);

	TRACE_COUNTER("connections", before + change);
}

static enum MHD_Result send_answer(struct job *job)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	TRACE_SPAN_C("http", "send", TRACE_U64("status", job->status),
		     TRACE_U64("bytes", job->reply_size));
	TRACE_FLOW_IN(job->id);
	response =
		MHD_create_response_from_buffer(job->reply_size, job->reply, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		return MHD_NO;
	}
	job->reply = NULL; /* the response has taken it */
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	if (job->allow != NULL) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, job->allow);
	}
	if (job->status == MHD_HTTP_UNAUTHORIZED) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	}
	result = MHD_queue_response(job->connection, job->status, response);
	MHD_destroy_response(response);
	return result;
}

static const char *bearer_token(struct MHD_Connection *connection)
{
	static const char scheme[] = "Bearer ";
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							MHD_HTTP_HEADER_AUTHORIZATION);

	if (value == NULL || strncmp(value, scheme, strlen(scheme)) != 0) {
		return NULL;
	}
	return value + strlen(scheme);
}

static enum MHD_Result begin(struct front *front, struct MHD_Connection *connection,
			     const char *path, const char *method, void **job_slot)
{
	struct job *job;

	TRACE_SPAN_C("http", "read request");
	job = job_create(connection, method, path);
	if (job == NULL) {
		return MHD_NO;
	}
	*job_slot = job;
	TRACE_TASK_BEGIN(job->id, 0, "request", TRACE_STR("method", method),
			 TRACE_STR("path", path));
	job->token = bearer_token(connection);
	job->limit = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "limit");
	count_in_flight(front, 1);
	return MHD_YES;
}

/* Suspended first: the answer may come before this function has returned. */
static enum MHD_Result hand_over(struct front *front, struct job *job)
{
	MHD_suspend_connection(job->connection);
	if (!pool_give(front->pool, job)) {
		job_fail(job, MHD_HTTP_SERVICE_UNAVAILABLE, "too many requests are waiting");
		TRACE_LOG("http", "queue full: %s %s refused", job->method, job->path);
		front_answer(job);
	}
	return MHD_YES;
}

static enum MHD_Result take_body(struct job *job, const char *bytes, size_t *size)
{
	TRACE_SPAN_C("http", "read body", TRACE_U64("bytes", *size));
	if (job->status == 0 && !job_take_body(job, bytes, *size)) {
		job_fail(job, MHD_HTTP_CONTENT_TOO_LARGE, "the body may have 65536 bytes");
	}
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
				  const char *path, const char *method, const char *version,
				  const char *body, size_t *body_size, void **job_slot)
{
	struct front *front = context;
	struct job *job = *job_slot;

	(void)version;
	name_this_thread();
	if (job == NULL) {
		return begin(front, connection, path, method, job_slot);
	}
	TRACE_TASK_SCOPE(job->id);
	if (*body_size > 0) {
		return take_body(job, body, body_size);
	}
	return job->status != 0 ? send_answer(job) : hand_over(front, job);
}

void front_answer(struct job *job)
{
	TRACE_SPAN_C("http", "wake io thread");
	MHD_resume_connection(job->connection);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **job_slot,
			 enum MHD_RequestTerminationCode code)
{
	struct front *front = context;
	struct job *job = *job_slot;

	(void)connection;
	(void)code;
	if (job == NULL) {
		return;
	}
	TRACE_TASK_END(job->id);
	count_in_flight(front, -1);
	job_destroy(job);
	*job_slot = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct front *front = context;

	(void)connection;
	(void)slot;
	count_connections(front, code == MHD_CONNECTION_NOTIFY_STARTED ? 1 : -1);
}

struct front *front_create(uint16_t port, unsigned threads, struct pool *pool)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct front *front = calloc(1, sizeof(*front));

	if (front == NULL) {
		return NULL;
	}
	front->listener = -1;
	front->pool = pool;
	front->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, port, NULL, NULL,
		on_request, front, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE,
		threads > 1 ? threads : 0u, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, front, MHD_OPTION_NOTIFY_CONNECTION, on_connection, front,
		MHD_OPTION_END);
	if (front->daemon == NULL) {
		fprintf(stderr, "webservice: cannot listen on 127.0.0.1:%u: %s\n", port,
			strerror(errno));
		front_destroy(front);
		return NULL;
	}
	return front;
}

uint16_t front_port(const struct front *front)
{
	return MHD_get_daemon_info(front->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void front_quiesce(struct front *front)
{
	front->listener = MHD_quiesce_daemon(front->daemon);
}

void front_destroy(struct front *front)
{
	if (front == NULL) {
		return;
	}
	if (front->daemon != NULL) {
		MHD_stop_daemon(front->daemon);
	}
	if (front->listener >= 0) {
		close(front->listener);
	}
	free(front);
}
