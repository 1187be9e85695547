/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_PAGE_SOCKET_H
#define CTRACE_SERVE_PAGE_SOCKET_H

/*
 * The WebSocket between the library and a page: puts fragments together,
 * slows down who talks too fast, closes who does not listen, and writes one
 * piece for each time the library says there is room.
 *
 * Thread: the service thread only.
 */

#include "viewer-server/serve/page.h"

#include <libwebsockets.h>

#define CTRACE_PAGE_SOCKET_PROTOCOL "ctrace.v1"

struct ctrace_page_sockets {
	const struct ctrace_desk *desk;
	unsigned char room[LWS_PRE + CTRACE_PAGE_ROOM]; /* for the piece being written */
};

/* What the library keeps for each socket, zeroed at first. */
struct ctrace_page_socket {
	struct ctrace_page *page;
	char *message; /* what came of a message so far; CTRACE_MESSAGE_BYTES_MAX bytes, owned */
	size_t message_size;
	uint64_t refilled_ms;
	unsigned messages_left; /* of this second; none: reading stops */
	bool is_held;
	uint64_t asked_ms; /* when room to write was asked for; 0: it was not */
};

/* The vhost's user pointer is the struct ctrace_page_sockets. */
int ctrace_page_socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
				void *in, size_t size);

#endif
