/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_REQUEST_H
#define CTRACE_DEBUG_REQUEST_H

/* One HTTP request, from its first line to its answer. libmicrohttpd's three callbacks for that. */

#include "tracer/http/debug_server.h"

#include <stddef.h>

struct ctrace_debug_request {
	struct ctrace_debug_server *server;
	struct ctrace_debug_stream *stream; /* of a trace; else NULL */
	bool is_met;			    /* the handler has seen it */
	bool is_too_long;
	size_t body_bytes;
	char target[CTRACE_DEBUG_TARGET_MAX + 1]; /* as sent, nothing decoded */
};

/* MHD_OPTION_URI_LOG_CALLBACK: gives the request. */
void *ctrace_debug_request_begin(void *server, const char *target,
				 struct MHD_Connection *connection);
/* MHD_AccessHandlerCallback. */
enum MHD_Result ctrace_debug_request_handle(void *server, struct MHD_Connection *connection,
					    const char *path, const char *method,
					    const char *version, const char *body,
					    size_t *body_size, void **request);
/* MHD_OPTION_NOTIFY_COMPLETED. */
void ctrace_debug_request_end(void *server, struct MHD_Connection *connection, void **request,
			      enum MHD_RequestTerminationCode code);

#endif
