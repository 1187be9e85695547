/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_TRACE_H
#define CTRACE_DEBUG_TRACE_H

/*
 * One trace being recorded for a client: a thread of its own opens the session,
 * waits for the time to pass, and closes it, so that nobody else waits for that.
 * The bytes come through a pipe. Or a snapshot of the flight recorder: then the
 * thread writes it as fast as the client takes it.
 *
 *     create ─► STARTING ─► RECORDING ─► done      destroy
 *                   └─────► FAILED ────► done
 */

#include "tracer/http/debug_pipe.h"

#include <stdint.h>

struct ctrace_debug_trace;

enum ctrace_debug_state { CTRACE_DEBUG_STARTING, CTRACE_DEBUG_RECORDING, CTRACE_DEBUG_FAILED };

struct ctrace_debug_trace_settings {
	int64_t duration_ns;
	int64_t last_ns; /* not 0: a snapshot of so much instead. -ENODATA: no flight is on */
	const char *categories; /* NULL: all; copied */
	const char *sources;	/* NULL: CTRACE_SOURCES, or what is good; copied */
	int wake;		/* eventfd written when anything changes; borrows until destroyed */
};

/* Returns 0 and gives *trace, or a negative errno value. */
int ctrace_debug_trace_create(struct ctrace_debug_trace **trace,
			      const struct ctrace_debug_trace_settings *settings);

/* With FAILED, *error is why, a negative errno value. */
enum ctrace_debug_state ctrace_debug_trace_state(struct ctrace_debug_trace *trace, int *error);

/* Take from this; leave it when the client has gone. */
struct ctrace_debug_pipe *ctrace_debug_trace_pipe(struct ctrace_debug_trace *trace);

/* End the recording now, in good order. */
void ctrace_debug_trace_stop(struct ctrace_debug_trace *trace);

/* Nothing more will happen: destroying it blocks no longer than a thread takes to end. */
bool ctrace_debug_trace_is_done(struct ctrace_debug_trace *trace);

/* NULL is fine. Stops it if need be. */
void ctrace_debug_trace_destroy(struct ctrace_debug_trace *trace);

#endif
