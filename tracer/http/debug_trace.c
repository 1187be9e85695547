/* SPDX-License-Identifier: MIT */
/* The session of a trace that a client asked for, and the thread that ends it in time. */

#include "tracer/http/debug_trace.h"

#include "tracer/http/debug_limits.h"
#include "tracer/http/debug_thread.h"
#include "tracer/src/collect/session.h"
#include "tracer/src/flight/flight.h"
#include "tracer/src/library/api.h"
#include "tracer/src/sites/quiet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct ctrace_debug_trace {
	struct ctrace_debug_pipe pipe;
	pthread_t thread;
	int64_t duration_ns, last_ns;
	char categories[CTRACE_DEBUG_CATEGORIES_MAX + 1];
	bool has_categories;
	char sources[CTRACE_API_SOURCES_MAX];
	int wake;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	enum ctrace_debug_state state;
	int error;
	bool is_stopping, is_done;
};

/* On the collector's thread. */
static enum ctrace_status write_to_pipe(void *sink, const void *bytes, size_t size)
{
	struct ctrace_debug_trace *trace = sink;

	if (ctrace_debug_pipe_give(&trace->pipe, bytes, size)) {
		return CTRACE_OK;
	}
	ctrace_debug_trace_stop(trace);
	return CTRACE_ERR_IO;
}

/* On the collector's thread. */
static const char *why_end(void *sink)
{
	struct ctrace_debug_trace *trace = sink;
	const char *why = NULL;

	if (ctrace_debug_pipe_has_left(&trace->pipe)) {
		why = "the client went away";
	} else if (ctrace_debug_pipe_unread(&trace->pipe) > CTRACE_DEBUG_UNREAD_MAX) {
		why = "the client was too slow: 8 MiB waited for it";
	}
	if (why != NULL) {
		ctrace_debug_trace_stop(trace);
	}
	return why;
}

static void wake_server(const struct ctrace_debug_trace *trace)
{
	const uint64_t one = 1;

	if (write(trace->wake, &one, sizeof(one)) < 0) {
		return; /* full: it is awake already */
	}
}

static void set_state(struct ctrace_debug_trace *trace, enum ctrace_debug_state state, int error)
{
	pthread_mutex_lock(&trace->lock);
	trace->state = state;
	trace->error = error;
	pthread_mutex_unlock(&trace->lock);
	wake_server(trace);
}

static void set_done(struct ctrace_debug_trace *trace)
{
	pthread_mutex_lock(&trace->lock);
	trace->is_done = true;
	pthread_mutex_unlock(&trace->lock);
	wake_server(trace);
}

static struct timespec after(int64_t duration_ns)
{
	struct timespec time;
	int64_t nanoseconds;

	clock_gettime(CLOCK_MONOTONIC, &time);
	nanoseconds = time.tv_nsec + duration_ns;
	time.tv_sec += nanoseconds / 1000000000;
	time.tv_nsec = nanoseconds % 1000000000;
	return time;
}

static void wait_for_end(struct ctrace_debug_trace *trace, const struct timespec *end)
{
	pthread_mutex_lock(&trace->lock);
	while (!trace->is_stopping &&
	       pthread_cond_timedwait(&trace->changed, &trace->lock, end) != ETIMEDOUT) {
	}
	pthread_mutex_unlock(&trace->lock);
}

static int record(struct ctrace_debug_trace *trace)
{
	const struct ctrace_session_settings settings = {
		.write = write_to_pipe,
		.wants_end = why_end,
		.sink = trace,
		.categories = trace->has_categories ? trace->categories : NULL,
		.sources = trace->sources,
	};
	struct ctrace_session *session;
	struct timespec end;
	int error = ctrace_session_open(&session, &settings);

	if (error != 0) {
		return error;
	}
	end = after(trace->duration_ns);
	set_state(trace, CTRACE_DEBUG_RECORDING, 0);
	wait_for_end(trace, &end);
	error = ctrace_session_close(session, NULL);
	ctrace_debug_pipe_end(&trace->pipe, error == 0);
	return 0;
}

/* On our own thread, which waits for the client; the snapshot's chunks are shared, not copied. */
static enum ctrace_status write_in_step(void *sink, const void *bytes, size_t size)
{
	struct ctrace_debug_trace *trace = sink;

	return ctrace_debug_pipe_wait(&trace->pipe, CTRACE_DEBUG_SNAPSHOT_UNREAD) &&
			       ctrace_debug_pipe_give(&trace->pipe, bytes, size)
		       ? CTRACE_OK
		       : CTRACE_ERR_IO;
}

static int send_past(struct ctrace_debug_trace *trace)
{
	struct ctrace_snapshot snapshot = {.last_ns = (uint64_t)trace->last_ns, .reason = "http"};
	int error = ctrace_flight_take(&snapshot);

	if (error == 0) {
		set_state(trace, CTRACE_DEBUG_RECORDING, 0);
		set_done(trace); /* from here on only the client takes time, which is limited */
		ctrace_debug_pipe_end(&trace->pipe, ctrace_snapshot_write(&snapshot, write_in_step,
									  trace) == CTRACE_OK);
	}
	ctrace_snapshot_finish(&snapshot);
	return error;
}

static void *trace_main(void *argument)
{
	struct ctrace_debug_trace *trace = argument;
	int error;

	ctrace_quiet_begin();
	error = trace->last_ns != 0 ? send_past(trace) : record(trace);
	if (error != 0) {
		set_state(trace, CTRACE_DEBUG_FAILED, error);
	}
	set_done(trace);
	return NULL;
}

static void init(struct ctrace_debug_trace *trace,
		 const struct ctrace_debug_trace_settings *settings)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&trace->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&trace->lock, NULL);
	ctrace_debug_pipe_init(&trace->pipe, CTRACE_DEBUG_UNREAD_CLOSE_MAX, settings->wake);
	trace->duration_ns = settings->duration_ns;
	trace->last_ns = settings->last_ns;
	trace->wake = settings->wake;
	if (settings->categories != NULL) {
		trace->has_categories = true;
		strncpy(trace->categories, settings->categories, CTRACE_DEBUG_CATEGORIES_MAX);
	}
	if (settings->sources != NULL) {
		snprintf(trace->sources, sizeof(trace->sources), "%s", settings->sources);
	} else if (!ctrace_api_get_sources(trace->sources)) {
		snprintf(trace->sources, sizeof(trace->sources), CTRACE_DEBUG_SOURCES_DEFAULT);
	}
}

static void discard(struct ctrace_debug_trace *trace)
{
	ctrace_debug_pipe_finish(&trace->pipe);
	pthread_cond_destroy(&trace->changed);
	pthread_mutex_destroy(&trace->lock);
	free(trace);
}

int ctrace_debug_trace_create(struct ctrace_debug_trace **trace,
			      const struct ctrace_debug_trace_settings *settings)
{
	struct ctrace_debug_trace *made = calloc(1, sizeof(*made));
	int error;

	if (made == NULL) {
		return -ENOMEM;
	}
	init(made, settings);
	error = ctrace_debug_thread_start(&made->thread, "ctrace-trace", trace_main, made);
	if (error != 0) {
		discard(made);
		return error;
	}
	*trace = made;
	return 0;
}

enum ctrace_debug_state ctrace_debug_trace_state(struct ctrace_debug_trace *trace, int *error)
{
	enum ctrace_debug_state state;

	pthread_mutex_lock(&trace->lock);
	state = trace->state;
	*error = trace->error;
	pthread_mutex_unlock(&trace->lock);
	return state;
}

struct ctrace_debug_pipe *ctrace_debug_trace_pipe(struct ctrace_debug_trace *trace)
{
	return &trace->pipe;
}

void ctrace_debug_trace_stop(struct ctrace_debug_trace *trace)
{
	pthread_mutex_lock(&trace->lock);
	trace->is_stopping = true;
	pthread_cond_signal(&trace->changed);
	pthread_mutex_unlock(&trace->lock);
}

bool ctrace_debug_trace_is_done(struct ctrace_debug_trace *trace)
{
	bool is_done;

	pthread_mutex_lock(&trace->lock);
	is_done = trace->is_done;
	pthread_mutex_unlock(&trace->lock);
	return is_done;
}

void ctrace_debug_trace_destroy(struct ctrace_debug_trace *trace)
{
	if (trace == NULL) {
		return;
	}
	ctrace_debug_trace_stop(trace);
	ctrace_debug_pipe_leave(&trace->pipe);
	pthread_join(trace->thread, NULL);
	discard(trace);
}
