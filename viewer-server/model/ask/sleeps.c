/* SPDX-License-Identifier: MIT */
/* States that wait, or looks that found a thread asleep; see sleeps.h. */

#include "viewer-server/model/ask/sleeps.h"

#include "viewer-server/model/model_parts.h"

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

uint32_t ctrace_sleep_threads(const struct ctrace_model *model)
{
	return model->stream_count;
}

uint32_t ctrace_sleep_track(const struct ctrace_model *model, uint32_t thread)
{
	return model->streams[thread].track;
}

void ctrace_sleep_walk_thread(struct ctrace_sleep_walk *walk, const struct ctrace_model *model,
			      uint32_t thread, uint64_t start, uint64_t end)
{
	const struct ctrace_model_stream *stream = &model->streams[thread];

	*walk = (struct ctrace_sleep_walk){
		.model = model,
		.looks = &stream->looks,
		.state_lane = stream->state_lane,
		.sample_lane = stream->sample_lane,
		.start = start,
		.end = end,
		.born = born_at(model, stream->thread),
	};
	walk->next = walk->state_lane != CTRACE_NONE
			     ? first_state(&model->lanes[walk->state_lane], start)
			     : ctrace_look_first(walk->looks, start);
}

bool ctrace_sleep_walk_init(struct ctrace_sleep_walk *walk, const struct ctrace_model *model,
			    uint32_t track, uint64_t start, uint64_t end)
{
	if (track >= model->track_count || model->tracks[track].kind != CTRACE_TRACK_THREAD) {
		return false;
	}
	for (uint32_t i = 0; i < model->stream_count; i++) {
		if (model->streams[i].track == track) {
			ctrace_sleep_walk_thread(walk, model, i, start, end);
			return true;
		}
	}
	return false;
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

/* ns in which samples found the thread running. */
static uint64_t ran_between(const struct ctrace_sleep_walk *walk, uint64_t begin, uint64_t end)
{
	const struct ctrace_lane *lane = ctrace_model_lane(walk->model, walk->sample_lane);
	uint64_t ran = 0;

	if (lane == NULL) {
		return 0;
	}
	for (uint32_t i = ctrace_lane_lower_bound(lane, begin);
	     i < lane->count && lane->start[i] < end && ran < end - begin; i++) {
		ran += lane->value[i] > 0 ? (uint64_t)lane->value[i] : 0;
	}
	return ran < end - begin ? ran : end - begin;
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
				.begin = since + ran_between(walk, since, look->time),
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

/* The looks at whose state it is, if it is one that waits; NULL: it is not. */
static const struct ctrace_column *looks_of(const struct ctrace_model *model,
					    struct ctrace_place state, struct ctrace_sleep *sleep)
{
	const struct ctrace_lane *lane = ctrace_model_lane(model, state.lane);
	uint32_t stream = lane != NULL ? model->lane_streams[state.lane] : CTRACE_NONE;

	if (stream == CTRACE_NONE || lane->info.kind != CTRACE_LANE_STATE ||
	    state.index >= lane->count || !is_sleep(lane, state.index)) {
		return NULL;
	}
	sleep->begin = lane->start[state.index];
	sleep->end = sleep->begin + ctrace_lane_duration(lane, state.index);
	return &model->streams[stream].looks;
}

const struct ctrace_look *ctrace_sleep_look(const struct ctrace_model *model,
					    struct ctrace_place state)
{
	struct ctrace_sleep sleep;
	const struct ctrace_column *looks = looks_of(model, state, &sleep);

	return looks != NULL ? ctrace_look_asleep(looks, sleep.begin, sleep.end) : NULL;
}

struct ctrace_looks_told ctrace_sleep_told(const struct ctrace_model *model,
					   struct ctrace_place state)
{
	struct ctrace_sleep sleep;
	const struct ctrace_column *looks = looks_of(model, state, &sleep);

	return looks != NULL ? ctrace_looks_tell(looks, sleep.begin, sleep.end, true)
			     : (struct ctrace_looks_told){.count = 0};
}

const struct ctrace_column *ctrace_sleep_looks_at(const struct ctrace_model *model, uint64_t tid,
						  uint64_t ticks)
{
	uint32_t thread = ctrace_thread_table_find(&model->threads, tid, ticks);
	uint32_t stream = thread != CTRACE_NO_THREAD ? model->thread_streams[thread] : CTRACE_NONE;

	return stream != CTRACE_NONE ? &model->streams[stream].looks : NULL;
}
