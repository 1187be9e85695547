/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SPLIT_H
#define CTRACE_SPLIT_H

/*
 * Where the wall time of a stretch of a thread went: running, able to run, each call it waited in.
 * The parts sum to the stretch, exactly; what is not known is a part of its own
 * (viewer-server/API.md, "split").
 *
 *     |----------------------- a span ------------------------|
 *     running   sleeping    woken  running   sleeping   running
 *               in read()                    in a lock
 *     ─► running 20, read 11, runnable 6, lock pthread_mutex_lock 11
 *
 * Thread: any, own object.
 */

#include "viewer-server/model/query.h"

enum ctrace_split_part {
	CTRACE_SPLIT_RUNNING,
	CTRACE_SPLIT_RUNNABLE,
	CTRACE_SPLIT_CALL, /* waited in a call: `name` */
	CTRACE_SPLIT_LOCK, /* the same, for a lock */
	CTRACE_SPLIT_SLEEPING,
	CTRACE_SPLIT_STOPPED,
	CTRACE_SPLIT_DEAD,
	CTRACE_SPLIT_UNKNOWN,
};

struct ctrace_split_row {
	enum ctrace_split_part part;
	uint32_t name; /* of calls and locks */
	bool is_library;
	uint64_t total, count, longest_ns;
	struct ctrace_place longest; /* whole; lane CTRACE_NONE: there is no event */
};

struct ctrace_split_wait {
	struct ctrace_place place;
	uint64_t start, duration; /* cut to the stretch */
	enum ctrace_split_part part;
	uint32_t name;
};

#define CTRACE_SPLIT_WAITS 20u

struct ctrace_split {
	uint32_t track;
	uint64_t start, end;
	struct ctrace_split_row *rows; /* owned; largest total first */
	uint32_t row_count;
	struct ctrace_split_wait waits[CTRACE_SPLIT_WAITS]; /* longest first */
	uint32_t wait_count;
	bool has_states, has_run_queue;
	uint64_t run_queue; /* ns, the kernel's estimate */
};

/*
 * CTRACE_ERR_NOT_FOUND: the track is no thread. CTRACE_END: out of patience (which may be NULL).
 * Undo with _finish, also after a failure.
 */
enum ctrace_status ctrace_split_init(struct ctrace_split *split, const struct ctrace_model *model,
				     uint32_t track, uint64_t start, uint64_t end,
				     const struct ctrace_patience *patience);
void ctrace_split_finish(struct ctrace_split *split);

#endif
