/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_DOOR_H
#define CTRACE_SERVE_DOOR_H

/*
 * Where connections come in. The door accepts them, reads the head of the
 * request, and judges the very bytes that were sent: nothing decoded or folded
 * by any library. What passes the guard is handed on to the HTTP library with a
 * head of our own making, so that no library ever reads what a stranger wrote;
 * everything else gets its one line here and is closed. A connection carries
 * one request, so each request is judged.
 *
 *     accept ─► waiting for the head ─► guard ─┬─► admit(fd, admission)   (the library's from here)
 *                    │ 5 s                     └─► one line, shut, drained, closed
 *                    └─► closed
 *
 *     ctrace_door_create(&door, &settings, &error)    starts its thread
 *       admit() is called on that thread
 *       ctrace_door_leave(door)                       an admitted connection has ended
 *     ctrace_door_stop(door), ctrace_door_destroy(door)
 */

#include "format/status.h"
#include "viewer-server/serve/guard.h"
#include "viewer-server/serve/listen.h"

struct ctrace_door;
struct ctrace_download;

/* Our longest head: a handshake. */
#define CTRACE_ADMITTED_BYTES 320

/* What was judged of an admitted connection. */
struct ctrace_admission {
	const struct ctrace_route *route;
	bool is_head_only;
	bool is_used;			  /* its one request has begun to be answered */
	struct ctrace_trace_query *query; /* of /trace.json; owned */
	struct ctrace_download *download; /* of /trace.json once it began; the loop's */
	size_t request_size;
	char request[CTRACE_ADMITTED_BYTES]; /* the same request as we would have written it */
};
void ctrace_admission_destroy(struct ctrace_admission *admission); /* NULL is fine */

struct ctrace_door_settings {
	const struct ctrace_guard *guard;	  /* borrows until destroy */
	const struct ctrace_listeners *listeners; /* borrows until destroy */
	/* Takes both. The socket stands behind the request's head. */
	void (*admit)(void *context, int fd, struct ctrace_admission *admission);
	void *context;
};

enum ctrace_status ctrace_door_create(struct ctrace_door **door,
				      const struct ctrace_door_settings *settings,
				      struct ctrace_error *error);
/* Thread: any. */
void ctrace_door_leave(struct ctrace_door *door);
/* Ends the thread and closes what still waits at the door; leave may still be called. NULL is fine.
 */
void ctrace_door_stop(struct ctrace_door *door);
void ctrace_door_destroy(struct ctrace_door *door);

/* The security headers that every answer carries, each line with its CR LF. */
extern const char ctrace_door_headers[];

#endif
