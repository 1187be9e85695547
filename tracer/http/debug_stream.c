/* SPDX-License-Identifier: MIT */
/* Suspended when there is nothing to send, resumed when there is. */

#include "tracer/http/debug_stream.h"

#include "tracer/http/debug_answer.h"
#include "tracer/http/debug_trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* What libmicrohttpd asks for at once: as much as a connection's memory holds. */
#define PIECE_BYTES CTRACE_DEBUG_CONNECTION_BYTES

static int socket_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void suspend(struct ctrace_debug_stream *stream)
{
	stream->is_suspended = true;
	MHD_suspend_connection(stream->connection);
}

static void resume(struct ctrace_debug_stream *stream)
{
	stream->is_suspended = false;
	MHD_resume_connection(stream->connection);
}

static void watch(struct ctrace_debug_server *server, struct ctrace_debug_stream *stream)
{
	struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = stream};

	epoll_ctl(server->events, EPOLL_CTL_ADD, socket_of(stream->connection), &event);
}

static void unwatch(struct ctrace_debug_server *server, struct ctrace_debug_stream *stream)
{
	epoll_ctl(server->events, EPOLL_CTL_DEL, socket_of(stream->connection), NULL);
}

static struct ctrace_debug_stream *free_stream(struct ctrace_debug_server *server)
{
	for (unsigned i = 0; i < CTRACE_DEBUG_TRACES_MAX; i++) {
		if (server->streams[i].trace == NULL) {
			return &server->streams[i];
		}
	}
	return NULL;
}

struct ctrace_debug_stream *ctrace_debug_stream_open(
	struct ctrace_debug_server *server, struct MHD_Connection *connection,
	const struct ctrace_debug_trace_settings *settings, int *error)
{
	struct ctrace_debug_trace_settings waking = *settings;
	struct ctrace_debug_stream *stream = free_stream(server);

	if (stream == NULL) {
		*error = -EBUSY;
		return NULL;
	}
	waking.wake = server->wake;
	memset(stream, 0, sizeof(*stream));
	*error = ctrace_debug_trace_create(&stream->trace, &waking);
	if (*error != 0) {
		return NULL;
	}
	stream->connection = connection;
	watch(server, stream);
	return stream;
}

/* MHD_ContentReaderCallback. */
static ssize_t read_piece(void *context, uint64_t position, char *bytes, size_t size)
{
	struct ctrace_debug_stream *stream = context;
	size_t taken;

	(void)position;
	switch (ctrace_debug_pipe_take(ctrace_debug_trace_pipe(stream->trace), bytes, size,
				       &taken)) {
	case CTRACE_DEBUG_SOME:
		return (ssize_t)taken;
	case CTRACE_DEBUG_LATER:
		suspend(stream);
		return 0;
	case CTRACE_DEBUG_WHOLE:
		return MHD_CONTENT_READER_END_OF_STREAM;
	case CTRACE_DEBUG_CUT:
		break;
	}
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result answer_trace(struct MHD_Connection *connection,
				    struct ctrace_debug_stream *stream)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, PIECE_BYTES, read_piece, stream, NULL);

	if (response != NULL) {
		MHD_add_response_header(response, "Content-Type", "application/octet-stream");
		MHD_add_response_header(response, "Content-Disposition",
					"attachment; filename=\"trace\"");
	}
	return ctrace_debug_answer(connection, MHD_HTTP_OK, response);
}

enum MHD_Result ctrace_debug_stream_describe(struct MHD_Connection *connection)
{
	return answer_trace(connection, NULL);
}

static enum MHD_Result answer_failure(struct MHD_Connection *connection, int error)
{
	char text[160];

	if (error == -ENODATA) {
		return ctrace_debug_answer_error(
			connection, MHD_HTTP_CONFLICT,
			"Could not take a snapshot: no flight recorder is on; start the program "
			"with CTRACE_FLIGHT=10s,64MiB, or let it call ctrace_flight_start\n");
	}
	snprintf(text, sizeof(text), "Could not enable tracing: %s\n", strerror(-error));
	return ctrace_debug_answer_error(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, text);
}

enum MHD_Result ctrace_debug_stream_answer(struct ctrace_debug_stream *stream)
{
	int error;

	switch (ctrace_debug_trace_state(stream->trace, &error)) {
	case CTRACE_DEBUG_STARTING:
		suspend(stream);
		return MHD_YES;
	case CTRACE_DEBUG_RECORDING:
		stream->is_answered = true;
		return answer_trace(stream->connection, stream);
	case CTRACE_DEBUG_FAILED:
		break;
	}
	return answer_failure(stream->connection, error);
}

static bool has_news(struct ctrace_debug_stream *stream)
{
	int error;

	if (stream->is_answered) {
		return ctrace_debug_pipe_is_ready(ctrace_debug_trace_pipe(stream->trace));
	}
	return ctrace_debug_trace_state(stream->trace, &error) != CTRACE_DEBUG_STARTING;
}

static void pump_one(struct ctrace_debug_stream *stream)
{
	const bool is_done = ctrace_debug_trace_is_done(stream->trace);

	if (is_done && stream->done_ns == 0) {
		stream->done_ns = ctrace_debug_now_ns();
	}
	if (stream->connection == NULL) {
		if (is_done) {
			ctrace_debug_trace_destroy(stream->trace);
			stream->trace = NULL;
		}
	} else if (stream->is_suspended && has_news(stream)) {
		resume(stream);
	}
}

void ctrace_debug_stream_pump(struct ctrace_debug_server *server)
{
	for (unsigned i = 0; i < CTRACE_DEBUG_TRACES_MAX; i++) {
		if (server->streams[i].trace != NULL) {
			pump_one(&server->streams[i]);
		}
	}
}

void ctrace_debug_stream_hang_up(struct ctrace_debug_server *server,
				 struct ctrace_debug_stream *stream)
{
	if (stream->connection == NULL) {
		return;
	}
	unwatch(server, stream);
	ctrace_debug_pipe_leave(ctrace_debug_trace_pipe(stream->trace));
	ctrace_debug_trace_stop(stream->trace);
}

void ctrace_debug_stream_close(struct ctrace_debug_server *server,
			       struct ctrace_debug_stream *stream)
{
	ctrace_debug_stream_hang_up(server, stream);
	stream->connection = NULL;
}

unsigned ctrace_debug_stream_count(const struct ctrace_debug_server *server)
{
	unsigned count = 0;

	for (unsigned i = 0; i < CTRACE_DEBUG_TRACES_MAX; i++) {
		count += server->streams[i].trace != NULL;
	}
	return count;
}
