/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SLEEPS_H
#define CTRACE_SLEEPS_H

/*
 * When a thread slept, and where: the one place that says which look (look_list.h) tells of
 * which sleep. Panels, graphs and tables of sleeps all ask here.
 *
 *     ctrace_sleep_walk_init(&walk, model, track, start, end)
 *       while (ctrace_sleep_walk_next(&walk, &sleep)) …        by time
 *
 * Where a kernel told the thread's states, a sleep is a state that waits, whole, and its first look
 * says where, for all of it; a sleep that nobody looked at has none. Where no states are known,
 * each look that found the thread asleep is a sleep of its own, which is an estimate: from the look
 * before to it, at most CTRACE_LOOK_NS_MAX, less what samples say that it ran meanwhile.
 *
 * Thread: any, own walk.  Allocates: nothing.
 */

#include "viewer-server/model/query.h"

struct ctrace_sleep {
	struct ctrace_place state;	/* lane CTRACE_NONE: an estimate */
	uint64_t begin, end;		/* ns; whole, also what is beyond the range */
	const struct ctrace_look *look; /* borrows from the model; NULL: nobody looked */
};

/* ns of it that lie in [start, end). */
static inline uint64_t ctrace_sleep_within(const struct ctrace_sleep *sleep, uint64_t start,
					   uint64_t end)
{
	uint64_t from = sleep->begin > start ? sleep->begin : start;
	uint64_t to = sleep->end < end ? sleep->end : end;

	return to > from ? to - from : 0;
}

struct ctrace_sleep_walk {
	const struct ctrace_model *model;
	const struct ctrace_column *looks;
	uint32_t state_lane; /* CTRACE_NONE: by looks */
	uint32_t sample_lane;
	size_t next; /* state or look */
	uint64_t start, end, born;
};

/* Of the sleeps that touch [start, end). False: the track is no thread. */
bool ctrace_sleep_walk_init(struct ctrace_sleep_walk *walk, const struct ctrace_model *model,
			    uint32_t track, uint64_t start, uint64_t end);
/* Of all threads one after the other: so many there are, and the track of each. */
uint32_t ctrace_sleep_threads(const struct ctrace_model *model);
uint32_t ctrace_sleep_track(const struct ctrace_model *model, uint32_t thread);
void ctrace_sleep_walk_thread(struct ctrace_sleep_walk *walk, const struct ctrace_model *model,
			      uint32_t thread, uint64_t start, uint64_t end);
/* False: there are no more. */
bool ctrace_sleep_walk_next(struct ctrace_sleep_walk *walk, struct ctrace_sleep *sleep);

/* The look of a state that waits; NULL: nobody looked, or it is no such state. */
const struct ctrace_look *ctrace_sleep_look(const struct ctrace_model *model,
					    struct ctrace_place state);

/* All that its looks say, each place once. Of a state that does not wait: nothing. */
struct ctrace_looks_told ctrace_sleep_told(const struct ctrace_model *model,
					   struct ctrace_place state);

/* The looks at whom a tid meant at a time (ticks), by time; NULL: it has none. */
const struct ctrace_column *ctrace_sleep_looks_at(const struct ctrace_model *model, uint64_t tid,
						  uint64_t ticks);

#endif
