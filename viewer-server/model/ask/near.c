/* SPDX-License-Identifier: MIT */
/* Depth d + 1 stands in the lane after depth d, so families are found by two searches. */

#include "viewer-server/model/ask/near.h"

static const struct ctrace_place nowhere = {CTRACE_NONE, 0};

uint32_t ctrace_near_containing(const struct ctrace_lane *lane, uint64_t time)
{
	uint32_t after = ctrace_lane_lower_bound(lane, time + 1);

	if (after == 0 || lane->start[after - 1] + ctrace_lane_duration(lane, after - 1) < time) {
		return lane->count;
	}
	return after - 1;
}

static const struct ctrace_model_stream *stream_of(const struct ctrace_model *model, uint32_t lane)
{
	uint32_t stream = model->lane_streams[lane];

	return stream != CTRACE_NONE ? &model->streams[stream] : NULL;
}

static bool is_span_lane(const struct ctrace_model_stream *stream, uint32_t lane)
{
	return stream != NULL && lane >= stream->first_span_lane &&
	       lane - stream->first_span_lane < stream->span_lanes;
}

uint32_t ctrace_near_children(const struct ctrace_model *model, struct ctrace_place place,
			      uint32_t *first, uint32_t *end)
{
	const struct ctrace_lane *lane = &model->lanes[place.lane];
	uint64_t start = lane->start[place.index];
	const struct ctrace_lane *below;

	if (!is_span_lane(stream_of(model, place.lane), place.lane) ||
	    !is_span_lane(stream_of(model, place.lane), place.lane + 1)) {
		return CTRACE_NONE;
	}
	below = &model->lanes[place.lane + 1];
	*first = ctrace_lane_lower_bound(below, start);
	*end = ctrace_lane_gallop(below, *first, start + ctrace_lane_duration(lane, place.index));
	return place.lane + 1;
}

struct ctrace_place ctrace_near_innermost(const struct ctrace_model *model, uint32_t stream,
					  uint64_t time)
{
	const struct ctrace_model_stream *of = &model->streams[stream];
	struct ctrace_place found = nowhere;

	for (uint32_t i = 0; i < of->span_lanes; i++) {
		uint32_t lane = of->first_span_lane + i;
		uint32_t index = ctrace_near_containing(&model->lanes[lane], time);

		if (index < model->lanes[lane].count) {
			found = (struct ctrace_place){lane, index};
		}
	}
	return found;
}

struct ctrace_place ctrace_near_parent(const struct ctrace_model *model, struct ctrace_place place)
{
	const struct ctrace_model_stream *stream = stream_of(model, place.lane);
	uint64_t start = model->lanes[place.lane].start[place.index];
	uint32_t index;

	if (stream == NULL) {
		return nowhere;
	}
	if (!is_span_lane(stream, place.lane)) {
		return ctrace_near_innermost(model, model->lane_streams[place.lane], start);
	}
	if (place.lane == stream->first_span_lane) {
		return nowhere;
	}
	index = ctrace_near_containing(&model->lanes[place.lane - 1], start);
	if (index == model->lanes[place.lane - 1].count) {
		return nowhere;
	}
	return (struct ctrace_place){place.lane - 1, index};
}

uint64_t ctrace_near_self(const struct ctrace_model *model, struct ctrace_place place)
{
	uint64_t duration = ctrace_lane_duration(&model->lanes[place.lane], place.index), children;
	uint32_t first, end, below = ctrace_near_children(model, place, &first, &end);

	if (below == CTRACE_NONE || first >= end) {
		return duration;
	}
	children = ctrace_lane_busy_before(&model->lanes[below], end) -
		   ctrace_lane_busy_before(&model->lanes[below], first);
	return children < duration ? duration - children : 0;
}
