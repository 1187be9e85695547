/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LANE_H
#define CTRACE_LANE_H

/*
 * One lane: events that do not overlap, sorted by start, in columns, and the index
 * that makes any bucket of time cheap to describe.
 *
 *     columns   start  s0 s1 s2 …            8 B      one entry an event
 *               duration, name, ref         12 B
 *     blocks    of 64 events: busy time before it, longest event in it, names in it
 *     forest    of 16 blocks, of 256 blocks, …: the longest event below
 *     pyramid   (pyramid.h) ready answers for the zoomed-out levels
 *
 * Because events of a lane do not overlap, the count of a range is a difference of two
 * positions, its busy time a difference of two prefix sums, and only the longest needs a tree.
 *
 * Build: append in order of start, then ctrace_lane_seal. After that nothing changes.
 */

#include "viewer-server/model/lanes/column.h"
#include "viewer-server/model/model.h"

#define CTRACE_BLOCK_EVENTS  64u
#define CTRACE_FOREST_FAN    16u
#define CTRACE_FOREST_LEVELS 8u
#define CTRACE_NAME_MASK     0x00ffffffu
#define CTRACE_FLAGS_SHIFT   24u
/* A duration that does not fit 32 bits (4.29 s) stands in `longs`. */
#define CTRACE_DURATION_LONG UINT32_MAX
#define CTRACE_NO_REF	     UINT32_MAX
/* From here on a `ref` is not an event's number but that of a stray (model_parts.h). */
#define CTRACE_STRAY_REF 0xff000000u
/* A flag beside those of tile.h: what ended it is missing. Not for pages. */
#define CTRACE_LANE_CUT 128u

struct ctrace_long_duration {
	uint32_t index;
	uint64_t duration;
};

struct ctrace_lane_block {
	uint64_t busy_before; /* sum of the durations of all events before the block */
	uint64_t names;	      /* bit (name % 64) is set for every name in the block */
	uint32_t longest;     /* index of the longest event, the first of equals */
	uint32_t logs_before; /* instants: logs before the block */
};

struct ctrace_pyramid;

struct ctrace_lane {
	struct ctrace_lane_info info;
	uint64_t *start;
	uint32_t *duration; /* NULL for instants and counters */
	uint32_t *name;	    /* low 24 bits the name, high 8 the flags of tile.h */
	uint32_t *ref;	    /* the event's number in the trace, CTRACE_NO_REF: none */
	uint32_t *other;    /* of states and calls: number of what ended it; of samples: the stack.
			       NULL: nothing in the lane has any */
	double *value;	    /* of counters; of gaps the number of events lost, 0 if unknown; of
			       samples the weight */
	uint32_t count, room;
	uint64_t last_end; /* while building: no event may start before it */
	struct ctrace_column longs;
	struct ctrace_lane_block *blocks;
	uint32_t block_count;
	uint32_t *forest[CTRACE_FOREST_LEVELS]; /* index of the longest event below */
	uint32_t forest_count[CTRACE_FOREST_LEVELS];
	double *value_min, *value_max,
		*value_area;		/* counters: of each block; area before it, value x ns */
	struct ctrace_pyramid *pyramid; /* NULL: small lane */
};

struct ctrace_lane_event {
	uint64_t start, duration;
	uint32_t name, flags, ref;
	bool has_other;
	uint32_t other;
	double value;
};

/* Add an event that starts not before the last one ended. False: no memory. */
bool ctrace_lane_append(struct ctrace_lane *lane, const struct ctrace_lane_event *event);
/* Make the index. False: no memory. */
bool ctrace_lane_seal(struct ctrace_lane *lane);
void ctrace_lane_finish(struct ctrace_lane *lane);
uint64_t ctrace_lane_bytes(const struct ctrace_lane *lane);

uint64_t ctrace_lane_long_duration(const struct ctrace_lane *lane, uint32_t index);

static inline uint64_t ctrace_lane_duration(const struct ctrace_lane *lane, uint32_t index)
{
	if (lane->duration == NULL) {
		return 0;
	}
	if (lane->duration[index] == CTRACE_DURATION_LONG) {
		return ctrace_lane_long_duration(lane, index);
	}
	return lane->duration[index];
}

/* Area under a counter's value held for so long; sums of areas stay finite. */
static inline double ctrace_lane_area(double value, uint64_t ns)
{
	const double most = 1e250;

	value = value > most ? most : value;
	return (value < -most ? -most : value) * (double)ns;
}

static inline uint32_t ctrace_lane_name(const struct ctrace_lane *lane, uint32_t index)
{
	return lane->name[index] & CTRACE_NAME_MASK;
}

static inline uint16_t ctrace_lane_flags(const struct ctrace_lane *lane, uint32_t index)
{
	return (uint16_t)(lane->name[index] >> CTRACE_FLAGS_SHIFT);
}

/* The first event that starts at `time` or later; `count` if none. */
uint32_t ctrace_lane_lower_bound(const struct ctrace_lane *lane, uint64_t time);
/* The same, quick when the answer is near `from` and not before it. */
uint32_t ctrace_lane_gallop(const struct ctrace_lane *lane, uint32_t from, uint64_t time);
/* Sum of the durations of all events before `index`. */
uint64_t ctrace_lane_busy_before(const struct ctrace_lane *lane, uint32_t index);
/* The longest event of [from, to), the first of equals. The range is not empty. */
uint32_t ctrace_lane_longest(const struct ctrace_lane *lane, uint32_t from, uint32_t to);
/* Sealed lanes know their events' longest; how much of [start, end) they cover, exactly. */
uint64_t ctrace_lane_busy(const struct ctrace_lane *lane, uint64_t start, uint64_t end);

#endif
