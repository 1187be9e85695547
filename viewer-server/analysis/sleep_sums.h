/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SLEEP_SUMS_H
#define CTRACE_SLEEP_SUMS_H

/*
 * Where threads slept, and for how long: the sleeps of a range (model/ask/sleeps.h) by their
 * stacks. Of threads whose states are known the sums are exact, with what nobody looked at; of
 * others they are estimates.
 *
 *     ctrace_sleep_sums_init(&sums, model, &settings)
 *       sums.rows                     by time, the most first
 *     ctrace_sleep_sums_finish(&sums)
 *
 * Sleeps are cut to the range.
 *
 * Thread: any, own object.  Allocates: 64 bytes a stack.
 */

#include "viewer-server/model/query.h"

#include "format/map.h"

struct ctrace_sleep_sum {
	uint64_t total, count; /* ns, sleeps */
	uint64_t estimated;    /* ns of the total, by looks alone */
};

struct ctrace_sleep_row {
	uint32_t stack; /* a row of STACKS; 0: it was looked at, but the stack is not known */
	struct ctrace_sleep_sum sum;
	uint64_t longest, longest_at; /* ns, cut to the range; when */
	uint32_t longest_track;
	struct ctrace_place longest_state; /* lane CTRACE_NONE: an estimate */
};

struct ctrace_sleep_sums {
	struct ctrace_sleep_row *rows; /* owned */
	uint32_t count, room;
	struct ctrace_sleep_sum all;	    /* with what nobody looked at */
	struct ctrace_sleep_sum not_looked; /* of it */
	uint32_t threads;		    /* that slept */
	struct ctrace_map by_stack;	    /* private: rows, from 0 */
};

struct ctrace_sleep_settings {
	uint64_t start, end;	 /* ns; end UINT64_MAX: to the end */
	uint32_t track;		 /* CTRACE_NONE: all, or those of: */
	const uint64_t *threads; /* tids; of none, all */
	uint32_t thread_count;
	const struct ctrace_patience *patience; /* borrows; may be NULL */
};

/*
 * CTRACE_ERR_NOT_FOUND: the track is no thread; CTRACE_ERR_NO_MEMORY; CTRACE_END: out of patience;
 * or done. Undo with _finish, also after a failure.
 */
enum ctrace_status ctrace_sleep_sums_init(struct ctrace_sleep_sums *sums,
					  const struct ctrace_model *model,
					  const struct ctrace_sleep_settings *settings);
void ctrace_sleep_sums_finish(struct ctrace_sleep_sums *sums);

#endif
