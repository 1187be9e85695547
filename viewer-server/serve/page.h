/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_PAGE_H
#define CTRACE_SERVE_PAGE_H

/*
 * One connected page: what it said, what it still has to be told. Knows no
 * socket: messages come in, pieces of messages go out whenever there is room.
 * What waits are requests, not responses: tiles are made when they can be
 * sent, and a newer view simply replaces the list.
 *
 *     ctrace_page_create(&page, &desk)
 *       ctrace_page_receive(page, bytes, size)     a whole message
 *       ctrace_page_piece(page, room, &piece)      the socket has room
 *     ctrace_page_destroy(page)
 *
 * Order of what goes out: the rest of a begun message; errors; progress until the
 * trace is open, then hello and all names; answers; tiles of the newest view.
 *
 * Thread: the service thread only.
 */

#include "viewer-server/limits.h"
#include "viewer-server/serve/encode.h"
#include "viewer-server/serve/job.h"
#include "viewer-server/serve/loader.h"

struct ctrace_page;

/* What all pages share. The workers are there when the loader is ready. */
struct ctrace_desk {
	struct ctrace_loader *loader;
	struct ctrace_worker *quick; /* events, searches */
	struct ctrace_worker *slow;  /* ranges, finds */
	struct ctrace_worker *walks; /* memory, locks: what reads the whole file again */
};

#define CTRACE_PAGE_ROOM (CTRACE_BATCH_BYTES + CTRACE_TILE_BYTES_MAX)

struct ctrace_piece {
	size_t size;
	bool is_binary, is_first, is_last; /* of its message */
};

enum ctrace_status ctrace_page_create(struct ctrace_page **page, const struct ctrace_desk *desk);
void ctrace_page_destroy(struct ctrace_page *page); /* NULL is fine */

/* A whole text message came. Allocates: yes. */
void ctrace_page_receive(struct ctrace_page *page, const char *bytes, size_t size);

/*
 * Put the next piece, at most CTRACE_PAGE_ROOM bytes, into `room`. False:
 * there is nothing to send now. Takes at most about CTRACE_BATCH_US.
 */
bool ctrace_page_piece(struct ctrace_page *page, uint8_t *room, struct ctrace_piece *piece);

/* More waits to be read than CTRACE_PENDING_BYTES_MAX: close it. */
bool ctrace_page_is_stuffed(const struct ctrace_page *page);

#endif
