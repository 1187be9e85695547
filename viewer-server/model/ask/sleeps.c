/* SPDX-License-Identifier: MIT */
/* States that wait, or looks that found a thread asleep; see sleeps.h. */

#include "viewer-server/model/ask/sleeps.h"

#include "viewer-server/model/model_parts.h"

/* The thread's stream; NULL: the track is no thread. */
static const struct ctrace_model_stream *stream_of(const struct ctrace_model *model, uint32_t track)
{
	if (track >= model->track_count || model->tracks[track].kind != CTRACE_TRACK_THREAD) {
		return NULL;
	}
	for (uint32_t i = 0; i < model->stream_count; i++) {
		if (model->streams[i].track == track) {
			return &model->streams[i];
		}
	}
	return NULL;
}

/* ns; of who was there before the trace, its beginning. */
static uint64_t born_at(const struct ctrace_model *model, uint32_t thread)
{
	return thread == CTRACE_NO_THREAD
		       ? 0
		       : ctrace_trace_ns(model->trace, model->threads.threads[thread].start);
}

static size_t first_state(const struct ctrace_lane *lane, uint64_t start)
{
	uint32_t first = ctrace_lane_lower_bound(lane, start);

	if (first > 0 && lane->start[first - 1] + ctrace_lane_duration(lane, first - 1) > start) {
		first--;
	}
	return first;
}

bool ctrace_sleep_walk_init(struct ctrace_sleep_walk *walk, const struct ctrace_model *model,
			    uint32_t track, uint64_t start, uint64_t end)
{
	const struct ctrace_model_stream *stream = stream_of(model, track);

	if (stream == NULL) {
		return false;
	}
	*walk = (struct ctrace_sleep_walk){
		.model = model,
		.looks = &stream->looks,
		.state_lane = stream->state_lane,
		.start = start,
		.end = end,
		.born = born_at(model, stream->thread),
	};
	walk->next = walk->state_lane != CTRACE_NONE
			     ? first_state(&model->lanes[walk->state_lane], start)
			     : ctrace_look_first(walk->looks, start);
	return true;
}

static bool is_sleep(const struct ctrace_lane *lane, uint32_t index)
{
	return ctrace_thread_state_is_waiting(ctrace_lane_name(lane, index) - CTRACE_NAME_STATE);
}

static bool next_state(struct ctrace_sleep_walk *walk, struct ctrace_sleep *sleep)
{
	const struct ctrace_lane *lane = &walk->model->lanes[walk->state_lane];

	for (; walk->next < lane->count && lane->start[walk->next] < walk->end; walk->next++) {
		uint32_t index = (uint32_t)walk->next;

		if (!is_sleep(lane, index)) {
			continue;
		}
		*sleep = (struct ctrace_sleep){
			.state = {walk->state_lane, index},
			.begin = lane->start[index],
			.end = lane->start[index] + ctrace_lane_duration(lane, index),
		};
		sleep->look = ctrace_look_asleep(walk->looks, sleep->begin, sleep->end);
		walk->next++;
		return true;
	}
	return false;
}

static bool next_look(struct ctrace_sleep_walk *walk, struct ctrace_sleep *sleep)
{
	for (; walk->next < walk->looks->count; walk->next++) {
		const struct ctrace_look *look = ctrace_look_at(walk->looks, walk->next);
		uint64_t since = ctrace_look_since(walk->looks, walk->next, walk->born);

		if (since >= walk->end) {
			return false;
		}
		if (ctrace_look_is_asleep(look)) {
			*sleep = (struct ctrace_sleep){
				.state = {CTRACE_NONE, 0},
				.begin = since,
				.end = look->time,
				.look = look,
			};
			walk->next++;
			return true;
		}
	}
	return false;
}

bool ctrace_sleep_walk_next(struct ctrace_sleep_walk *walk, struct ctrace_sleep *sleep)
{
	return walk->state_lane != CTRACE_NONE ? next_state(walk, sleep) : next_look(walk, sleep);
}

const struct ctrace_look *ctrace_sleep_look(const struct ctrace_model *model,
					    struct ctrace_place state)
{
	const struct ctrace_lane *lane = ctrace_model_lane(model, state.lane);
	uint32_t stream = lane != NULL ? model->lane_streams[state.lane] : CTRACE_NONE;

	if (stream == CTRACE_NONE || lane->info.kind != CTRACE_LANE_STATE ||
	    state.index >= lane->count || !is_sleep(lane, state.index)) {
		return NULL;
	}
	return ctrace_look_asleep(&model->streams[stream].looks, lane->start[state.index],
				  lane->start[state.index] +
					  ctrace_lane_duration(lane, state.index));
}

const struct ctrace_column *ctrace_sleep_looks_at(const struct ctrace_model *model, uint64_t tid,
						  uint64_t ticks)
{
	uint32_t thread = ctrace_thread_table_find(&model->threads, tid, ticks);
	uint32_t stream = thread != CTRACE_NO_THREAD ? model->thread_streams[thread] : CTRACE_NONE;

	return stream != CTRACE_NONE ? &model->streams[stream].looks : NULL;
}
