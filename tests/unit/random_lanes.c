/* SPDX-License-Identifier: MIT */
/* Makes them, and picks times where mistakes would be. */

#include "tests/unit/random_lanes.h"

#include "tests/unit/trace_maker.h"

uint64_t ctrace_random_lanes_below(struct ctrace_random_lanes *made, uint64_t limit)
{
	return ctrace_random_below(&made->dice, limit);
}

void ctrace_random_lanes_init(struct ctrace_random_lanes *made, uint64_t seed)
{
	made->dice = seed;
	for (uint32_t i = 0; i < CTRACE_RANDOM_LANES; i++) {
		uint32_t count = i == 3 ? 0 : (uint32_t)ctrace_random_lanes_below(made, 401);

		ctrace_oracle_lane_init(&made->plain[i], CTRACE_LANE_SPAN, count,
					CTRACE_RANDOM_NAMES, &made->dice);
	}
	ctrace_fixture_model(&made->model, made->plain, CTRACE_RANDOM_LANES);
}

void ctrace_random_lanes_finish(struct ctrace_random_lanes *made)
{
	ctrace_fixture_finish(&made->model);
	for (uint32_t i = 0; i < CTRACE_RANDOM_LANES; i++) {
		ctrace_oracle_lane_finish(&made->plain[i]);
	}
}

void ctrace_random_lanes_lengthen(struct ctrace_random_lanes *made)
{
	ctrace_random_lanes_finish(made);
	for (uint32_t i = 0; i < CTRACE_RANDOM_LANES; i++) {
		ctrace_oracle_lane_init(&made->plain[i], CTRACE_LANE_SPAN, 100000,
					CTRACE_RANDOM_NAMES, &made->dice);
	}
	ctrace_fixture_model(&made->model, made->plain, CTRACE_RANDOM_LANES);
}

uint64_t ctrace_random_lanes_time(struct ctrace_random_lanes *made)
{
	const struct ctrace_oracle_lane *lane =
		&made->plain[ctrace_random_lanes_below(made, CTRACE_RANDOM_LANES)];
	const struct ctrace_oracle_event *event;

	if (lane->count == 0) {
		return ctrace_random_lanes_below(made, made->model.duration + 2);
	}
	event = &lane->events[ctrace_random_lanes_below(made, lane->count)];
	uint64_t edge =
		event->start + (ctrace_random_lanes_below(made, 2) == 0 ? event->duration : 0);
	return ctrace_random_lanes_below(made, 3) > 0 || edge == 0
		       ? edge
		       : edge + ctrace_random_lanes_below(made, 3) - 1;
}

int ctrace_event_key_compare(const void *a, const void *b)
{
	const struct ctrace_event_key *x = a, *y = b;

	if (x->start != y->start) {
		return x->start < y->start ? -1 : 1;
	}
	if (x->lane != y->lane) {
		return x->lane < y->lane ? -1 : 1;
	}
	return (x->index > y->index) - (x->index < y->index);
}
