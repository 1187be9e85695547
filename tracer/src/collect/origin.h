/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ORIGIN_H
#define CTRACE_ORIGIN_H

/*
 * Where a ring comes from: a process, and what only that process can say of its
 * rings. The collector inside a program has one origin, its own process; a
 * recorder outside has one for each process it follows.
 */

#include "tracer/src/ring/ring.h"
#include "tracer/src/sites/entry.h"

#include <sys/types.h>

struct ctrace_codes;
struct ctrace_feed;
struct ctrace_session;

struct ctrace_origin {
	pid_t pid;
	uint32_t number; /* of all that a recorder outside follows, each has another; 0 inside */
	/* The call site of a code; NULL: no such site. */
	const struct ctrace_entry *(*entry)(struct ctrace_origin *origin, unsigned code);
	/* The stream, in every trace, of a thread met for the first time in this ring. */
	uint32_t (*stream)(struct ctrace_origin *origin, uint64_t thread_number);
	/* What a session makes of this process's codes. */
	struct ctrace_codes *(*codes)(struct ctrace_origin *origin, struct ctrace_session *session);
	/* A ring is emptied and its thread is gone: let another thread have it. */
	void (*free_ring)(struct ctrace_origin *origin, struct ctrace_feed *feed);
};

#endif
