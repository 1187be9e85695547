/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_STREAM_H
#define CTRACE_DEBUG_STREAM_H

/*
 * Traces on their way to clients. While there is nothing to send, the connection
 * is suspended; libmicrohttpd does not look at it then, so the server watches its
 * socket and tells us when the client hangs up. All on the server's thread.
 */

#include "tracer/http/debug_server.h"

struct ctrace_debug_trace_settings;

/* Begin a trace for this request; `wake` of the settings is not looked at. NULL: *error is -EBUSY
 * (as many as may be) or why it could not start. */
struct ctrace_debug_stream *ctrace_debug_stream_open(
	struct ctrace_debug_server *server, struct MHD_Connection *connection,
	const struct ctrace_debug_trace_settings *settings, int *error);
/* Answer if recording has begun or failed; else wait, suspended, to be asked again. */
enum MHD_Result ctrace_debug_stream_answer(struct ctrace_debug_stream *stream);
/* The headers alone, as for HEAD: nothing is recorded. */
enum MHD_Result ctrace_debug_stream_describe(struct MHD_Connection *connection);

/* Wake the connections for which there is something new, and free what is over. */
void ctrace_debug_stream_pump(struct ctrace_debug_server *server);
/* The client hung up. */
void ctrace_debug_stream_hang_up(struct ctrace_debug_server *server,
				 struct ctrace_debug_stream *stream);
/* The request is over, well or not. */
void ctrace_debug_stream_close(struct ctrace_debug_server *server,
			       struct ctrace_debug_stream *stream);

/* How many traces are being recorded or sent. */
unsigned ctrace_debug_stream_count(const struct ctrace_debug_server *server);

#endif
