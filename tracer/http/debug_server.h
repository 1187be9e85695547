/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_SERVER_H
#define CTRACE_DEBUG_SERVER_H

/*
 * The server of /debug/pprof/: one thread, "ctrace-http", that runs libmicrohttpd
 * and watches what libmicrohttpd does not: whether the client of a trace that has
 * nothing to say is still there, and whether a request takes too long to arrive.
 *
 *     debug_api.c      ctrace_serve, ctrace_serve_stop, fork
 *     debug_server.c   the loop
 *     debug_request.c  one request: guard, route
 *     debug_pages.c    index and cmdline
 *     debug_stream.c   trace, from the pipe to the client
 *     debug_trace.c    trace, from the session to the pipe
 *
 * All of it but debug_trace.c and debug_api.c runs on that one thread.
 */

#include "tracer/http/debug_limits.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct ctrace_debug_trace;

/*
 * A client that is being served a trace. `connection` is NULL after it has gone, `trace` is NULL
 * while the slot is free.
 */
struct ctrace_debug_stream {
	struct ctrace_debug_trace *trace;
	struct MHD_Connection *connection;
	int64_t done_ns; /* when the recording was first seen to be done, 0 before */
	bool is_suspended;
	bool is_answered; /* the 200 is on its way */
};

/* A connection's socket, -1 if the place is free: a forked child closes them all. */
struct ctrace_debug_client {
	atomic_int fd;
	int64_t waiting_since_ns; /* for a whole request; 0 while one is being answered */
};

struct ctrace_debug_server {
	struct MHD_Daemon *daemon;
	pthread_t thread;
	uint16_t port;
	int listener;
	int events; /* epoll: libmicrohttpd's own, `wake`, and the sockets of streams */
	int wake;   /* eventfd */
	atomic_bool is_stopping;
	struct ctrace_debug_client clients[CTRACE_DEBUG_CONNECTIONS_MAX];
	struct ctrace_debug_stream streams[CTRACE_DEBUG_TRACES_MAX];
};

struct ctrace_debug_address;

/*
 * Listen and serve. Returns 0 and gives *server, or a negative errno value.
 *
 * Thread: any.  Signal handler: no.  Blocks: no.  Allocates: yes.
 */
int ctrace_debug_server_create(struct ctrace_debug_server **server,
			       const struct ctrace_debug_address *address);

/*
 * Stop: traces end in good order, and their clients have CTRACE_DEBUG_STOP_MS
 * to fetch them.
 *
 * Thread: any but the server's.  Signal handler: no.  Blocks: until done.
 */
void ctrace_debug_server_destroy(struct ctrace_debug_server *server);

/* In a forked child, which has no server thread: close what the child got of it. Nothing is freed.
 */
void ctrace_debug_server_abandon(struct ctrace_debug_server *server);

/* On the server's thread: a whole request has come; its answer is done, wait for the next. */
void ctrace_debug_server_answering(struct MHD_Connection *connection);
void ctrace_debug_server_waiting(struct MHD_Connection *connection);

int64_t ctrace_debug_now_ns(void);

#endif
