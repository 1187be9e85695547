/* SPDX-License-Identifier: MIT */
/* The server's thread and what it waits for. */

#include "tracer/http/debug_server.h"

#include "tracer/http/debug_listen.h"
#include "tracer/http/debug_request.h"
#include "tracer/http/debug_stream.h"
#include "tracer/http/debug_thread.h"
#include "tracer/http/debug_trace.h"
#include "tracer/src/sites/quiet.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND  INT64_C(1000000000)
#define TICK_MS	       1000 /* how often time limits are looked at */
#define EVENTS_AT_ONCE 16

int64_t ctrace_debug_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static struct ctrace_debug_client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

void ctrace_debug_server_answering(struct MHD_Connection *connection)
{
	struct ctrace_debug_client *client = client_of(connection);

	if (client != NULL) {
		client->waiting_since_ns = 0;
	}
}

void ctrace_debug_server_waiting(struct MHD_Connection *connection)
{
	struct ctrace_debug_client *client = client_of(connection);

	if (client != NULL) {
		client->waiting_since_ns = ctrace_debug_now_ns();
	}
}

static int fd_of(const struct ctrace_debug_client *client)
{
	return atomic_load_explicit(&client->fd, memory_order_relaxed);
}

static void set_fd(struct ctrace_debug_client *client, int fd)
{
	atomic_store_explicit(&client->fd, fd, memory_order_relaxed);
}

static void meet(struct ctrace_debug_server *server, struct MHD_Connection *connection, void **slot)
{
	for (unsigned i = 0; i < CTRACE_DEBUG_CONNECTIONS_MAX; i++) {
		struct ctrace_debug_client *client = &server->clients[i];

		if (fd_of(client) < 0) {
			client->waiting_since_ns = ctrace_debug_now_ns();
			set_fd(client, MHD_get_connection_info(connection,
							       MHD_CONNECTION_INFO_CONNECTION_FD)
					       ->connect_fd);
			*slot = client;
			return;
		}
	}
}

/* MHD_NotifyConnectionCallback. The socket is still open when a connection is told to be closed. */
static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		meet(context, connection, slot);
	} else if (*slot != NULL) {
		set_fd(*slot, -1);
		*slot = NULL;
	}
}

static void cut_slow_requests(struct ctrace_debug_server *server, int64_t now_ns)
{
	for (unsigned i = 0; i < CTRACE_DEBUG_CONNECTIONS_MAX; i++) {
		const struct ctrace_debug_client *client = &server->clients[i];

		if (fd_of(client) >= 0 && client->waiting_since_ns != 0 &&
		    now_ns - client->waiting_since_ns >
			    CTRACE_DEBUG_REQUEST_SECONDS * NS_PER_SECOND) {
			shutdown(fd_of(client), SHUT_RDWR);
		}
	}
}

static void cut_slow_fetches(struct ctrace_debug_server *server, int64_t now_ns)
{
	for (unsigned i = 0; i < CTRACE_DEBUG_TRACES_MAX; i++) {
		struct ctrace_debug_stream *stream = &server->streams[i];

		if (stream->trace != NULL && stream->connection != NULL && stream->done_ns != 0 &&
		    now_ns - stream->done_ns > CTRACE_DEBUG_FETCH_SECONDS * NS_PER_SECOND) {
			shutdown(fd_of(client_of(stream->connection)), SHUT_RDWR);
		}
	}
}

static int wait_ms(struct ctrace_debug_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES && timeout < TICK_MS) {
		return (int)timeout;
	}
	return TICK_MS;
}

static void empty_wake(struct ctrace_debug_server *server)
{
	uint64_t count;

	if (read(server->wake, &count, sizeof(count)) < 0) {
		return; /* nothing was in it */
	}
}

/* One turn of the loop. Events carry a stream, or the server itself for all else. */
static void turn(struct ctrace_debug_server *server, int64_t *ticked_ns)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	const int count = epoll_wait(server->events, events, EVENTS_AT_ONCE, wait_ms(server));
	const int64_t now_ns = ctrace_debug_now_ns();

	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr != server) {
			ctrace_debug_stream_hang_up(server, events[i].data.ptr);
		}
	}
	empty_wake(server);
	ctrace_debug_stream_pump(server);
	MHD_run(server->daemon);
	if (now_ns - *ticked_ns > TICK_MS * NS_PER_SECOND / 1000) {
		*ticked_ns = now_ns;
		cut_slow_requests(server, now_ns);
		cut_slow_fetches(server, now_ns);
	}
}

static bool is_stopping(struct ctrace_debug_server *server)
{
	return atomic_load_explicit(&server->is_stopping, memory_order_acquire);
}

static void stop_traces(struct ctrace_debug_server *server)
{
	for (unsigned i = 0; i < CTRACE_DEBUG_TRACES_MAX; i++) {
		if (server->streams[i].trace != NULL) {
			ctrace_debug_trace_stop(server->streams[i].trace);
		}
	}
}

static void *serve(void *argument)
{
	struct ctrace_debug_server *server = argument;
	int64_t ticked_ns = ctrace_debug_now_ns(), end_ns;

	ctrace_quiet_begin();
	while (!is_stopping(server)) {
		turn(server, &ticked_ns);
	}
	stop_traces(server);
	end_ns = ctrace_debug_now_ns() + CTRACE_DEBUG_STOP_MS * (NS_PER_SECOND / 1000);
	while (ctrace_debug_stream_count(server) > 0 && ctrace_debug_now_ns() < end_ns) {
		turn(server, &ticked_ns);
	}
	return NULL;
}

static bool watch(struct ctrace_debug_server *server, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = server};

	return epoll_ctl(server->events, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int start_daemon(struct ctrace_debug_server *server)
{
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		ctrace_debug_request_handle, server, MHD_OPTION_LISTEN_SOCKET, server->listener,
		MHD_OPTION_URI_LOG_CALLBACK, ctrace_debug_request_begin, server,
		MHD_OPTION_NOTIFY_COMPLETED, ctrace_debug_request_end, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CTRACE_DEBUG_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)CTRACE_DEBUG_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CTRACE_DEBUG_CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (server->daemon == NULL) {
		return -ENOMEM;
	}
	server->listener = -1; /* the daemon's now */
	return 0;
}

static int open_events(struct ctrace_debug_server *server)
{
	server->events = epoll_create1(EPOLL_CLOEXEC);
	server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->events < 0 || server->wake < 0) {
		return -errno;
	}
	return 0;
}

static int start(struct ctrace_debug_server *server, const struct ctrace_debug_address *address)
{
	const union MHD_DaemonInfo *info;
	int error = ctrace_debug_listen(address, &server->port);

	if (error < 0) {
		return error;
	}
	server->listener = error;
	error = open_events(server);
	if (error == 0) {
		error = start_daemon(server);
	}
	if (error != 0) {
		return error;
	}
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!watch(server, info->epoll_fd) || !watch(server, server->wake)) {
		return -errno;
	}
	return ctrace_debug_thread_start(&server->thread, "ctrace-http", serve, server);
}

static void close_if_open(int fd)
{
	if (fd >= 0) {
		close(fd);
	}
}

/* Suspended connections must be resumed before the daemon stops; their pipes then say CUT. */
static void stop_daemon(struct ctrace_debug_server *server)
{
	if (server->daemon == NULL) {
		return;
	}
	for (unsigned i = 0; i < CTRACE_DEBUG_TRACES_MAX; i++) {
		struct ctrace_debug_stream *stream = &server->streams[i];

		if (stream->trace != NULL && stream->connection != NULL && stream->is_suspended) {
			stream->is_suspended = false;
			MHD_resume_connection(stream->connection);
		}
	}
	MHD_stop_daemon(server->daemon);
}

/* After its thread has ended, or before it has begun. */
static void discard(struct ctrace_debug_server *server)
{
	stop_daemon(server);
	for (unsigned i = 0; i < CTRACE_DEBUG_TRACES_MAX; i++) {
		ctrace_debug_trace_destroy(server->streams[i].trace);
	}
	close_if_open(server->listener);
	close_if_open(server->events);
	close_if_open(server->wake);
	free(server);
}

int ctrace_debug_server_create(struct ctrace_debug_server **server,
			       const struct ctrace_debug_address *address)
{
	struct ctrace_debug_server *made = calloc(1, sizeof(*made));
	int error;

	if (made == NULL) {
		return -ENOMEM;
	}
	made->listener = made->events = made->wake = -1;
	for (unsigned i = 0; i < CTRACE_DEBUG_CONNECTIONS_MAX; i++) {
		atomic_init(&made->clients[i].fd, -1);
	}
	error = start(made, address);
	if (error != 0) {
		discard(made);
		return error;
	}
	*server = made;
	return 0;
}

void ctrace_debug_server_destroy(struct ctrace_debug_server *server)
{
	const uint64_t one = 1;

	/* Release: meets the acquire in is_stopping. */
	atomic_store_explicit(&server->is_stopping, true, memory_order_release);
	if (write(server->wake, &one, sizeof(one)) < 0) {
		/* It is full, so the thread is awake. */
	}
	pthread_join(server->thread, NULL);
	discard(server);
}

void ctrace_debug_server_abandon(struct ctrace_debug_server *server)
{
	close_if_open(MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd);
	close_if_open(MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
	close_if_open(server->events);
	close_if_open(server->wake);
	for (unsigned i = 0; i < CTRACE_DEBUG_CONNECTIONS_MAX; i++) {
		close_if_open(fd_of(&server->clients[i]));
	}
}
