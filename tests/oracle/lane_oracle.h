/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LANE_ORACLE_H
#define CTRACE_LANE_ORACLE_H

/*
 * Lanes as plain arrays, and every answer about them by looking at all events, one
 * after the other, in the words of viewer-server/API.md. Slow on purpose: nothing here knows
 * blocks, forests or pyramids.
 */

#include "viewer-server/model/query.h"
#include "viewer-server/model/tile.h"

struct ctrace_oracle_event {
	uint64_t start, duration;
	uint32_t name, flags;
	double value;
};

struct ctrace_oracle_lane {
	enum ctrace_lane_kind kind;
	struct ctrace_oracle_event *events; /* owned; by start, not overlapping */
	uint32_t count;
	uint64_t end; /* of the last event */
};

/*
 * A random lane: equal timestamps, zero lengths, durations over 4.29 s, touching and lonely events.
 * Names are below `names`. Exits the program when out of memory.
 */
void ctrace_oracle_lane_init(struct ctrace_oracle_lane *lane, enum ctrace_lane_kind kind,
			     uint32_t count, uint32_t names, uint64_t *random);
void ctrace_oracle_lane_finish(struct ctrace_oracle_lane *lane);

/* The tile, from all events. `trace_end`: where the trace ends. Sets all but `lane`. */
void ctrace_oracle_tile(const struct ctrace_oracle_lane *lane, uint64_t trace_end, uint8_t level,
			uint32_t number, struct ctrace_tile *tile);

/* How much of [start, end) events cover. */
uint64_t ctrace_oracle_busy(const struct ctrace_oracle_lane *lane, uint64_t start, uint64_t end);
/* The longest of events [from, to), the first of equals. */
uint32_t ctrace_oracle_longest(const struct ctrace_oracle_lane *lane, uint32_t from, uint32_t to);
/* Does the event touch [start, end)? A zero-length one touches where it stands. */
bool ctrace_oracle_touches(const struct ctrace_oracle_event *event, uint64_t start, uint64_t end);
/* The last event that began by `time`, or the next one if that is nearer; CTRACE_NONE in an empty
 * lane. */
uint32_t ctrace_oracle_at(const struct ctrace_oracle_lane *lane, uint64_t time);

#endif
