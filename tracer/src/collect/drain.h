/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DRAIN_H
#define CTRACE_DRAIN_H

/*
 * One ring to all sessions: what it holds is looked at once, given to every
 * session, and let go. Whose ring it is, is its origin's matter: the same lines
 * serve the collector inside a program, a recorder outside it, and the recovery
 * of what a dead program left.
 */

#include "tracer/src/collect/session_state.h"

#include <stdbool.h>
#include <stdint.h>

struct ctrace_sessions {
	struct ctrace_session **list; /* those that are recording */
	unsigned count;
};

/* What a collector knows of a ring. */
struct ctrace_feed {
	struct ctrace_ring_place place;
	uint64_t number;    /* the thread it was last drained for; 0: none */
	uint32_t stream;    /* of that thread in every trace */
	uint32_t state;	    /* of the ring, when it was last drained */
	uint64_t silent_ms; /* since when it gave nothing; 0: it did just now */
	unsigned nested_passes;
	bool is_populated;
	bool is_orphan;	    /* we, not its thread, said that it has exited */
	bool is_broken;	    /* it holds what no thread can have written; nothing more is taken */
	uint64_t broken_at; /* at this position */
};

struct ctrace_pass {
	/* Also take what a signal handler wrote while the event it interrupted is unfinished. */
	bool is_last;
	uint64_t now_ms;
};

/* Returns how many records were taken. */
uint64_t ctrace_drain(const struct ctrace_sessions *sessions, struct ctrace_feed *feed,
		      const struct ctrace_pass *pass);

/* The ring's thread is over as `state` says, for every session. */
void ctrace_drain_leave(const struct ctrace_sessions *sessions, struct ctrace_feed *feed,
			enum ctrace_thread_state state);

/* Totals since the process began, for ctrace_stats. */
struct ctrace_feed_totals {
	_Atomic uint64_t written, clamped, lost[CTRACE_REASONS];
};
extern struct ctrace_feed_totals ctrace_feed_totals;

#endif
