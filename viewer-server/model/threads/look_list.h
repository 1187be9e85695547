/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOOK_LIST_H
#define CTRACE_LOOK_LIST_H

/*
 * Where a thread was seen to stand, look by look, in the order of time (SPEC 8.6, thread_stack);
 * and which look tells of a stretch of it.
 *
 *     ctrace_look_add(&looks, &look) …               in order
 *     look = ctrace_look_asleep(&looks, begin, end)   where it slept from begin to end
 *
 * Thread: any, once made.
 */

#include "format/reader.h"
#include "viewer-server/model/lanes/column.h"
#include "viewer-server/model/threads/thread_state.h"

#include <stdint.h>

/* What a look stands for where nothing else is known of the thread: no more than this. */
#define CTRACE_LOOK_NS_MAX UINT64_C(1000000000)

struct ctrace_look {
	uint64_t time;			/* ns */
	uint32_t stack;			/* a row of STACKS; 0: not known */
	enum ctrace_thread_doing doing; /* running, sleeping, uninterruptible; another: as told */
};

/* What the three fields of a thread_stack say. */
struct ctrace_look ctrace_look_of_fields(uint64_t time, const struct ctrace_value *values);

/* False: no memory. */
bool ctrace_look_add(struct ctrace_column *looks, const struct ctrace_look *look);
/* All of `more` besides, which it empties. False: no memory. */
bool ctrace_look_merge(struct ctrace_column *looks, struct ctrace_column *more);

static inline const struct ctrace_look *ctrace_look_at(const struct ctrace_column *looks,
						       size_t index)
{
	return &((const struct ctrace_look *)looks->items)[index];
}

/* The first at or after a time; may be one past the last. */
size_t ctrace_look_first(const struct ctrace_column *looks, uint64_t time);

/* Did the thread sleep, as the look found it? */
bool ctrace_look_is_asleep(const struct ctrace_look *look);

/*
 * Where the thread slept in [begin, end), all of which it is known to have slept: its first look of
 * it that has a stack, else its first. NULL: nobody looked.
 */
const struct ctrace_look *ctrace_look_asleep(const struct ctrace_column *looks, uint64_t begin,
					     uint64_t end);

/* The first look in [begin, end) that has a stack, however the thread stood. NULL: there is none.
 */
const struct ctrace_look *ctrace_look_within(const struct ctrace_column *looks, uint64_t begin,
					     uint64_t end);

/* What there is to tell of a stretch: each stack once, as it was first seen there. */
#define CTRACE_LOOKS_TOLD_MAX 8u

struct ctrace_look_told {
	struct ctrace_look first;
	uint64_t last; /* ns: when it was seen there last */
	uint64_t count;
};

struct ctrace_looks_told {
	unsigned count;
	uint64_t left_out; /* looks at stacks that have no room */
	struct ctrace_look_told items[CTRACE_LOOKS_TOLD_MAX]; /* by time */
};

/* The looks in [begin, end) that have a stack, also those that found the thread running, unless
 * only sleeps are asked for. */
struct ctrace_looks_told ctrace_looks_tell(const struct ctrace_column *looks, uint64_t begin,
					   uint64_t end, bool is_of_sleeps);

/*
 * Where nothing else says when the thread slept: since when the look stands for it, which is since
 * the look before it, at most CTRACE_LOOK_NS_MAX. The first one's stands since `born` (ns).
 */
uint64_t ctrace_look_since(const struct ctrace_column *looks, size_t index, uint64_t born);

#endif
