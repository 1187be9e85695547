/* SPDX-License-Identifier: MIT */
/* A track's stream, and what it holds; see thread_query.h. */

#include "viewer-server/model/ask/thread_query.h"

#include "viewer-server/model/ask/kernel_detail.h"
#include "viewer-server/model/ask/near.h"

static const struct ctrace_place nowhere = {CTRACE_NONE, 0};

static uint32_t stream_of(const struct ctrace_model *model, uint32_t track)
{
	for (uint32_t i = 0; i < model->stream_count; i++) {
		if (model->streams[i].track == track) {
			return i;
		}
	}
	return CTRACE_NONE;
}

static bool is_thread(const struct ctrace_model *model, uint32_t track)
{
	return track < model->track_count && model->tracks[track].kind == CTRACE_TRACK_THREAD;
}

bool ctrace_thread_view(const struct ctrace_model *model, uint32_t track,
			struct ctrace_thread_view *view)
{
	const struct ctrace_model_stream *stream;

	if (!is_thread(model, track)) {
		return false;
	}
	stream = &model->streams[stream_of(model, track)];
	*view = (struct ctrace_thread_view){
		.state_lane = stream->state_lane,
		.sample_lane = stream->sample_lane,
		.first_span_lane = stream->first_span_lane,
		.span_lanes = stream->span_lanes,
	};
	return true;
}

uint32_t ctrace_thread_track(const struct ctrace_model *model, uint32_t stream)
{
	for (uint32_t i = 0; i < model->stream_count; i++) {
		if (model->streams[i].stream == stream &&
		    is_thread(model, model->streams[i].track)) {
			return model->streams[i].track;
		}
	}
	return CTRACE_NONE;
}

struct ctrace_named_thread ctrace_thread_named(const struct ctrace_model *model, uint64_t tid,
					       uint64_t ticks, uint64_t time)
{
	return ctrace_kernel_who(model, tid, ticks, time).who;
}

struct ctrace_place ctrace_thread_call_at(const struct ctrace_model *model, uint32_t track,
					  uint64_t time)
{
	return is_thread(model, track) ? ctrace_kernel_call_at(model, stream_of(model, track), time)
				       : nowhere;
}

struct ctrace_place ctrace_thread_parent(const struct ctrace_model *model,
					 struct ctrace_place place)
{
	return ctrace_near_parent(model, place);
}

uint32_t ctrace_thread_first_after(const struct ctrace_model *model, uint32_t id, uint64_t time)
{
	const struct ctrace_lane *lane = &model->lanes[id];
	uint32_t first = ctrace_lane_lower_bound(lane, time);

	if (first > 0 && lane->start[first - 1] + ctrace_lane_duration(lane, first - 1) > time) {
		first--;
	}
	return first;
}

uint32_t ctrace_thread_stack(const struct ctrace_model *model, struct ctrace_place sample)
{
	const struct ctrace_lane *lane = ctrace_model_lane(model, sample.lane);

	return lane != NULL && lane->info.kind == CTRACE_LANE_SAMPLE && sample.index < lane->count
		       ? lane->other[sample.index]
		       : 0;
}

/* What was known last at a time. */
static bool delay_at(const struct ctrace_column *delays, uint64_t time, uint64_t *waited)
{
	const struct ctrace_run_delay *rows = delays->items;
	size_t low = 0, high = delays->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].time <= time) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	*waited = low > 0 ? rows[low - 1].waited : 0;
	return low > 0;
}

bool ctrace_thread_run_delay(const struct ctrace_model *model, uint32_t track, uint64_t start,
			     uint64_t end, uint64_t *waited)
{
	const struct ctrace_column *delays;
	uint64_t before, after;

	if (!is_thread(model, track)) {
		return false;
	}
	delays = &model->streams[stream_of(model, track)].delays;
	if (!delay_at(delays, start, &before) || !delay_at(delays, end, &after)) {
		return false;
	}
	*waited = after > before ? after - before : 0;
	return true;
}
