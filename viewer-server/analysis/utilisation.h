/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_UTILISATION_H
#define CTRACE_UTILISATION_H

/*
 * Minimum mutator utilisation: for windows of each length, the share of its time that a program
 * has at least for its own work, however the window lies (docs/pauses.md). Ten pauses of 1 ms in a
 * row and ten over a minute add up to the same; a window of 20 ms tells them apart.
 *
 *     100 %                     ______
 *                        ___.--'           utilisation = 1 - taken / window
 *       0 % ____________/
 *           1 us   1 ms   1 s   window
 *
 * What takes time away is chosen. Of a process the worst of its threads counts, whichever that is
 * for a length; but a collector's pauses stop the process as one (of a collector that never stops
 * the world the worst of the threads counts, too). Windows lie wholly in the stretch asked for,
 * and, where states are looked at, within what is known of the thread.
 *
 * Thread: any, own object.
 */

#include "viewer-server/model/query.h"

enum ctrace_pause_what {
	CTRACE_PAUSE_COLLECTOR, /* the world stands still; of one thread also its own work for the
				   collector, and when that stopped it */
	CTRACE_PAUSE_RUNNABLE,	/* it could run, and waited for a CPU */
	CTRACE_PAUSE_BLOCKED,	/* it could not run: asleep, waiting for a disk, stopped */
	CTRACE_PAUSE_LOCK,	/* it waited for a mutex or a lock for readers and writers */
	CTRACE_PAUSE_ALLOCATOR, /* it was in the allocator: an estimate from samples */
	CTRACE_PAUSE_WHATS,
};

/* "collector" and so on. */
const char *ctrace_pause_what_name(unsigned what);
/* CTRACE_PAUSE_WHATS: it is none. */
unsigned ctrace_pause_what_of(const char *name);

#define CTRACE_PAUSE_POINTS 60u
#define CTRACE_PAUSE_WORST  10u

struct ctrace_pause_point {
	uint64_t window, taken; /* ns; taken: at most, of any window of that length */
	uint64_t start;		/* of a window that is hit so */
	uint32_t track;		/* the thread, or the process */
};

struct ctrace_pauses_question {
	enum ctrace_pause_what what;
	uint32_t track;	     /* a thread or a process */
	uint64_t start, end; /* ns; cut to the trace */
	uint64_t window;     /* of the worst windows; 0: one that suits, 10 ms if that fits well */
};

struct ctrace_pauses {
	uint64_t start, end;
	/* Why a curve cannot be had of this track, in a line for people; NULL: it can. */
	const char *why_not[CTRACE_PAUSE_WHATS];
	uint64_t grain; /* ns; estimates: shorter windows say nothing */
	struct ctrace_pause_point points[CTRACE_PAUSE_POINTS]; /* by window */
	uint32_t point_count;
	uint64_t window; /* of the worst windows: worst first; they do not overlap */
	struct ctrace_pause_point worst[CTRACE_PAUSE_WORST];
	uint32_t worst_count;
	uint32_t threads;		   /* that were looked at; of a process's collector 1 */
	uint64_t pieces, taken;		   /* in the stretch, of all of them */
	struct ctrace_pause_point longest; /* the longest piece: window is its length */
};

/*
 * CTRACE_ERR_NOT_FOUND: the track is no thread and no process. CTRACE_END: out of patience (which
 * may be NULL). Undo is not needed.
 */
enum ctrace_status ctrace_pauses_ask(struct ctrace_pauses *pauses, const struct ctrace_model *model,
				     const struct ctrace_trace *trace,
				     const struct ctrace_pauses_question *question,
				     const struct ctrace_patience *patience);

#endif
