/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_HTTP_H
#define CTRACE_SERVE_HTTP_H

/*
 * The service loop: libwebsockets, given only connections that passed the door.
 * It sends the page's files, streams /trace.json and carries the socket.
 * http.c and page_socket.c are the only files that know the library.
 *
 *     ctrace_http_create(&http, &settings, &error)
 *       ctrace_http_admit(http, fd, admission)   from the door's thread
 *       ctrace_http_wake(http)                   from any thread: there is news
 *       while (ctrace_http_turn(http)) …         the caller's thread serves
 *     ctrace_http_destroy(http)
 */

#include "viewer-server/serve/door.h"
#include "viewer-server/serve/page.h"

struct ctrace_http;

struct ctrace_http_settings {
	const struct ctrace_desk *desk; /* borrows until destroy */
	struct ctrace_trace *trace;	/* borrows until destroy */
	const char *name;		/* of the trace, for the download; borrows */
	void (*left)(void *context);	/* a connection that was admitted has ended */
	void (*woken)(
		void *context); /* on the loop, after ctrace_http_wake, before pages are told */
	void *context;
};

enum ctrace_status ctrace_http_create(struct ctrace_http **http,
				      const struct ctrace_http_settings *settings,
				      struct ctrace_error *error);
/* Takes both. Thread: any. */
void ctrace_http_admit(struct ctrace_http *http, int fd, struct ctrace_admission *admission);
/* Thread: any. */
void ctrace_http_wake(struct ctrace_http *http);
/* Wait for something to happen and serve it. False: the loop cannot go on. */
bool ctrace_http_turn(struct ctrace_http *http);
/* Closes all connections. No admit or wake may run beside or after it. NULL is fine. */
void ctrace_http_destroy(struct ctrace_http *http);

#endif
