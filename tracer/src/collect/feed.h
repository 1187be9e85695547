/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FEED_H
#define CTRACE_FEED_H

/*
 * All of this process's rings to all sessions: finds rings that are new and drains
 * each (drain.h). Everything here runs on the collector's thread.
 */

#include "tracer/src/collect/drain.h"

#include <stdbool.h>
#include <stdint.h>

/* What a pass found. */
struct ctrace_taken {
	uint64_t count;		  /* records */
	unsigned fullest_percent; /* how full the fullest ring was */
};

/*
 * One pass. `is_last`: also take what a signal handler wrote while the event it
 * interrupted is still unfinished.
 */
struct ctrace_taken ctrace_feed_pass(const struct ctrace_sessions *sessions, bool is_last);

/* Join a new session to all rings: it gets what is emitted from now on. */
void ctrace_feed_join(struct ctrace_session *session);

/* Seal the blocks of a session and state its threads as they are: before it ends, for a snapshot.
 */
void ctrace_feed_seal(struct ctrace_session *session);

/* How many rings are there, and how many bytes of records wait in them? Thread: any. */
uint32_t ctrace_feed_waiting(uint64_t *bytes);

/* In a forked child: nothing is known. */
void ctrace_feed_fork_child(void);

#endif
