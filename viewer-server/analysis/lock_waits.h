/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOCK_WAITS_H
#define CTRACE_LOCK_WAITS_H

/*
 * All waits for locks in a trace, as SPEC 8.6 says to read them: how long each was, who had the
 * lock, who let it go, and which are not over.
 *
 *     ctrace_lock_waits_init(&waits, trace, NULL)
 *       waits.items                        by process, lock and time
 *     ctrace_lock_waits_finish(&waits)
 *
 * Chunks that are damaged are left out, with all that stands in them.
 *
 * Thread: any, own object.  Allocates: 128 bytes a wait that is kept, 48 an event that lets go.
 */

#include "format/reader.h"
#include "viewer-server/model/query.h"

struct ctrace_seen_wait {
	uint64_t pid, tid, lock;
	unsigned kind;	   /* SPEC 8.6 */
	uint32_t call;	   /* a row of CALLS */
	uint64_t holder;   /* tid when the wait began; 0: not known */
	uint64_t waker;	   /* tid; 0: not known, or not over */
	uint64_t ticks;	   /* of its begin */
	uint64_t begin;	   /* ns */
	uint64_t end;	   /* ns; of what is not over: the trace's end */
	int64_t result;	   /* 0, or -errno */
	uint32_t stream;   /* of the thread that waits */
	uint32_t stack;	   /* where it began to wait; a row of STACKS, 0: not known */
	uint32_t given;	   /* where the waker let go; likewise */
	uint64_t given_at; /* ns; when it did, if `waker` is known and the wait is no join */
	const struct ctrace_look *held; /* where the holder was meanwhile (lock_holders.h); borrows
					   from the model; NULL: not known */
	bool is_over;			/* its end is there */
	bool is_left;	 /* it has none, but the thread goes on: a jump, or cancelled */
	bool has_let_go; /* the holder has, since: who has it now is not known */
	bool is_passed;	 /* private: it ended before the scope */
	uint32_t outer;	 /* private: the thread's wait around it, from 1 */
};

struct ctrace_lock_waits {
	struct ctrace_seen_wait *items; /* owned */
	size_t count, room;
};

/* Only waits that touch these times are kept, and none that begin behind them. */
struct ctrace_lock_scope {
	uint64_t start, end;			/* ns; end UINT64_MAX: to the trace's end */
	size_t max;				/* waits, and events that let go, each; 0: 2^30 */
	const struct ctrace_patience *patience; /* borrows; may be NULL */
};

/*
 * `scope` NULL: all. CTRACE_ERR_NO_MEMORY; CTRACE_ERR_LIMIT: more than the scope's max;
 * CTRACE_END: out of patience; or done. Undo with _finish, also after a failure.
 */
enum ctrace_status ctrace_lock_waits_init(struct ctrace_lock_waits *waits,
					  const struct ctrace_trace *trace,
					  const struct ctrace_lock_scope *scope);
void ctrace_lock_waits_finish(struct ctrace_lock_waits *waits);

/* Of kinds 2 and 3 the lock is the same one: a number for both; else the kind. */
unsigned ctrace_lock_family(unsigned kind);
/* "mutex", "rwlock", …; "unknown". */
const char *ctrace_lock_kind_name(unsigned kind);
/* Is it held by somebody, so that a wait for it is lost time? Not a condition, a semaphore, … */
bool ctrace_lock_is_held(unsigned kind);

#endif
