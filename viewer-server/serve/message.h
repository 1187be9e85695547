/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_MESSAGE_H
#define CTRACE_SERVE_MESSAGE_H

/*
 * What the page says, read from its JSON text (viewer-server/API.md, "Socket,
 * text messages"). Everything is checked for form and size here; whether a
 * lane or an event exists is the model's to say.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ctrace_message_type {
	CTRACE_MESSAGE_VIEW,
	CTRACE_MESSAGE_EVENT,
	CTRACE_MESSAGE_RANGE,
	CTRACE_MESSAGE_SEARCH,
	CTRACE_MESSAGE_FIND,
	CTRACE_MESSAGE_AT,
	CTRACE_MESSAGE_SPLIT,
	CTRACE_MESSAGE_FLAME,
	CTRACE_MESSAGE_PAUSES,
	CTRACE_MESSAGE_HEAP,
	CTRACE_MESSAGE_LOCKS,
	CTRACE_MESSAGE_SLEEPS,
	CTRACE_MESSAGE_CANCEL,
};

/* The page's own number of a question: repeated as it came, never counted with. */
struct ctrace_req {
	bool is_there, is_real;
	int64_t integer;
	double real;
};

struct ctrace_view_entry {
	uint32_t lane, first, count;
	uint8_t level;
};

struct ctrace_message {
	enum ctrace_message_type type;
	struct ctrace_req req;
	uint32_t lane,
		index;	/* event, find, at; split, flame, sleeps if has_place, else of `track` */
	uint32_t track; /* flame, sleeps: UINT32_MAX means all threads */
	bool has_place;
	uint64_t time; /* at; find: from */
	int direction; /* find: 1 or -1 */
	char *text;    /* search, find; owned */
	size_t text_size;
	uint64_t start, end; /* range, split, flame, pauses, heap, locks, sleeps */
	unsigned what;	     /* pauses: enum ctrace_pause_what */
	uint64_t window;     /* pauses: ns, 0: one that suits */
	uint64_t pid;	     /* heap, if has_pid */
	bool has_pid;
	uint32_t top;
	bool is_by_start;
	bool has_unheld; /* locks: also conditions, semaphores, … */
	uint32_t *lanes; /* range; of locks, tracks of threads; owned */
	uint32_t lane_count;
	uint32_t seq;			   /* view; of questions, the view they were asked in: */
	bool has_seq;			   /* dropped when a newer one comes */
	struct ctrace_view_entry *entries; /* owned */
	uint32_t entry_count;
	char complaint[96];
};

/*
 * Read one message. NULL, or one line that says what is wrong, in the message or constant
 * (message->req is then set if there was one). Undo with finish in either case.
 *
 * Thread: any.  Blocks: no.  Allocates: yes.
 */
const char *ctrace_message_init(struct ctrace_message *message, const char *bytes, size_t size);
void ctrace_message_finish(struct ctrace_message *message);

bool ctrace_req_is_equal(const struct ctrace_req *a, const struct ctrace_req *b);

#endif
