/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RANDOM_LANES_H
#define CTRACE_RANDOM_LANES_H

/* A model of random lanes, one of them empty, beside the plain arrays that it was made from. */

#include "tests/unit/lane_fixture.h"

#define CTRACE_RANDOM_LANES 5u
#define CTRACE_RANDOM_NAMES 30u

struct ctrace_random_lanes {
	uint64_t dice;
	struct ctrace_oracle_lane plain[CTRACE_RANDOM_LANES];
	struct ctrace_model model;
};

/* Up to 400 events a lane. Undo with _finish. */
void ctrace_random_lanes_init(struct ctrace_random_lanes *made, uint64_t seed);
void ctrace_random_lanes_finish(struct ctrace_random_lanes *made);
/* Instead of those there are: 100,000 events in each lane. */
void ctrace_random_lanes_lengthen(struct ctrace_random_lanes *made);

uint64_t ctrace_random_lanes_below(struct ctrace_random_lanes *made, uint64_t limit);
/* A time at or beside an event's edge. */
uint64_t ctrace_random_lanes_time(struct ctrace_random_lanes *made);

/* Where an event stands in the order of all: by start, then lane. */
struct ctrace_event_key {
	uint64_t start;
	uint32_t lane, index;
};

/* For qsort. */
int ctrace_event_key_compare(const void *a, const void *b);

#endif
