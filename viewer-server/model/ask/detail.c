/* SPDX-License-Identifier: MIT */
/* Everything about one event; its arguments are read from the file again. */

#include "viewer-server/model/ask/collector_detail.h"
#include "viewer-server/model/ask/event_origin.h"
#include "viewer-server/model/ask/kernel_detail.h"
#include "viewer-server/model/ask/near.h"

#include <string.h>

static const struct ctrace_place nowhere = {CTRACE_NONE, 0};

enum ctrace_status ctrace_model_event(const struct ctrace_model *model, struct ctrace_place place,
				      struct ctrace_model_event *event)
{
	const struct ctrace_lane *lane = ctrace_model_lane(model, place.lane);

	if (lane == NULL || place.index >= lane->count) {
		return CTRACE_ERR_NOT_FOUND;
	}
	*event = (struct ctrace_model_event){
		.place = place,
		.start = lane->start[place.index],
		.duration = ctrace_lane_duration(lane, place.index),
		.name = ctrace_lane_name(lane, place.index),
		.flags = ctrace_lane_flags(lane, place.index),
		.value = lane->value != NULL ? lane->value[place.index] : 0,
	};
	return CTRACE_OK;
}

uint64_t ctrace_model_self(const struct ctrace_model *model, struct ctrace_place place)
{
	return ctrace_near_self(model, place);
}

struct ctrace_place ctrace_model_at(const struct ctrace_model *model, uint32_t lane_id,
				    uint64_t time)
{
	const struct ctrace_lane *lane = ctrace_model_lane(model, lane_id);
	uint32_t after;
	uint64_t end;

	if (lane == NULL || lane->count == 0) {
		return nowhere;
	}
	after = ctrace_lane_lower_bound(lane, time == UINT64_MAX ? time : time + 1);
	if (after == 0) {
		return (struct ctrace_place){lane_id, 0};
	}
	end = lane->start[after - 1] + ctrace_lane_duration(lane, after - 1);
	if (after < lane->count && end < time && lane->start[after] - time < time - end) {
		return (struct ctrace_place){lane_id, after};
	}
	return (struct ctrace_place){lane_id, after - 1};
}

static void find_family(struct ctrace_detail *detail, const struct ctrace_model *model,
			struct ctrace_place place)
{
	uint32_t first = 0, end = 0, below;

	detail->parent = ctrace_near_parent(model, place);
	detail->first_child = nowhere;
	detail->self = detail->event.duration;
	if (model->lanes[place.lane].info.kind != CTRACE_LANE_SPAN) {
		return;
	}
	below = ctrace_near_children(model, place, &first, &end);
	detail->self = ctrace_near_self(model, place);
	if (below != CTRACE_NONE && end > first) {
		detail->children = end - first;
		detail->first_child = (struct ctrace_place){below, first};
	}
}

/* The task of that id that had begun by `time`. */
static void name_task(struct ctrace_detail *detail, const struct ctrace_model *model, uint64_t id,
		      uint64_t time)
{
	const struct ctrace_task_fact *tasks = model->tasks.items;
	size_t after = ctrace_task_fact_at(&model->tasks, id, time + 1);

	detail->has_task = true;
	detail->task_id = id;
	detail->task = after > 0 && tasks[after - 1].id == id ? tasks[after - 1].place : nowhere;
}

static enum ctrace_status find_steps(struct ctrace_detail *detail, const struct ctrace_model *model)
{
	uint64_t id = detail->arg_count > 0 ? detail->args[0].u64 : 0;
	size_t from = ctrace_task_fact_at(&model->steps, id, detail->event.start);
	size_t to = ctrace_task_fact_at(&model->steps, id,
					detail->event.start + detail->event.duration + 1);
	const struct ctrace_task_fact *steps = model->steps.items;

	detail->has_task = true;
	detail->task_id = id;
	detail->task = detail->event.place;
	detail->steps = calloc(to - from + 1, sizeof(*detail->steps));
	if (detail->steps == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (size_t i = from; i < to; i++) {
		detail->steps[detail->step_count++] =
			(struct ctrace_task_step){steps[i].name, steps[i].track, steps[i].time};
	}
	return CTRACE_OK;
}

#define FLOWS_MAX 64u

static struct ctrace_flow_end flow_end(const struct ctrace_model *model, uint32_t flow)
{
	const struct ctrace_flow_fact *fact = &model->flows[flow];

	return (struct ctrace_flow_end){ctrace_near_innermost(model, fact->stream, fact->time),
					fact->time};
}

static void add_arrow(struct ctrace_detail *detail, const struct ctrace_model *model, uint32_t from,
		      uint32_t to)
{
	if (detail->flow_count < FLOWS_MAX && from < model->flow_count && to < model->flow_count &&
	    model->flows[from].id == model->flows[to].id && model->flows[from].order < 2 &&
	    model->flows[to].order > 0) {
		detail->flows[detail->flow_count++] = (struct ctrace_flow){
			.id = model->flows[from].id,
			.from = flow_end(model, from),
			.to = flow_end(model, to),
		};
	}
}

/* The first flow of a thread at or after a time: a position in flows_by_time. */
static uint32_t flow_at(const struct ctrace_model *model, uint32_t stream, uint64_t time)
{
	uint32_t low = 0, high = model->flow_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct ctrace_flow_fact *fact = &model->flows[model->flows_by_time[middle]];

		if (fact->stream < stream || (fact->stream == stream && fact->time < time)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static enum ctrace_status find_flows(struct ctrace_detail *detail, const struct ctrace_model *model,
				     uint32_t stream)
{
	uint64_t end = detail->event.start + detail->event.duration;

	detail->flows = calloc(FLOWS_MAX, sizeof(*detail->flows));
	if (detail->flows == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = flow_at(model, stream, detail->event.start);
	     i < model->flow_count && detail->flow_count < FLOWS_MAX; i++) {
		uint32_t flow = model->flows_by_time[i];
		struct ctrace_place inner;

		if (model->flows[flow].stream != stream || model->flows[flow].time > end) {
			break;
		}
		inner = ctrace_near_innermost(model, stream, model->flows[flow].time);
		if (inner.lane == detail->event.place.lane &&
		    inner.index == detail->event.place.index) {
			add_arrow(detail, model, flow, flow + 1);
			add_arrow(detail, model, flow - 1, flow);
		}
	}
	return CTRACE_OK;
}

static void find_memory(struct ctrace_detail *detail, const struct ctrace_model *model,
			const struct ctrace_lane *lane)
{
	if (!lane->info.is_made) {
		return;
	}
	detail->memory = (struct ctrace_memory_detail){
		.unit = lane->info.unit,
		.is_estimate = lane->info.is_estimate,
		.pid = model->tracks[lane->info.track].pid,
		.tid = lane->info.tid,
		.name = ctrace_model_name(model, lane->info.name),
	};
}

enum ctrace_status ctrace_detail_init(struct ctrace_detail *detail,
				      const struct ctrace_model *model, struct ctrace_place place,
				      struct ctrace_error *error)
{
	enum ctrace_status status;
	const struct ctrace_lane *lane;
	uint32_t stream;

	memset(detail, 0, sizeof(*detail));
	status = ctrace_model_event(model, place, &detail->event);
	if (status != CTRACE_OK) {
		return ctrace_error_set(error, status, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					"there is no event %u in lane %u", place.index, place.lane);
	}
	lane = &model->lanes[place.lane];
	stream = model->lane_streams[place.lane];
	detail->task = nowhere;
	find_memory(detail, model, lane);
	find_family(detail, model, place);
	status = ctrace_origin_find(detail, model, error);
	if (status == CTRACE_OK) {
		status = ctrace_kernel_detail_find(detail, model, error);
	}
	if (status == CTRACE_OK) {
		status = ctrace_collector_detail_find(detail, model, error);
	}
	if (status == CTRACE_OK && lane->info.kind == CTRACE_LANE_TASK) {
		status = find_steps(detail, model);
	}
	if (status == CTRACE_OK && stream != CTRACE_NONE) {
		if (detail->origin.task != 0) {
			name_task(detail, model, detail->origin.task, detail->event.start);
		}
		status = find_flows(detail, model, stream);
	}
	if (status != CTRACE_OK) {
		ctrace_detail_finish(detail);
	}
	return status;
}

void ctrace_detail_finish(struct ctrace_detail *detail)
{
	if (detail == NULL) {
		return;
	}
	free(detail->steps);
	free(detail->flows);
	free(detail->kernel.woke);
	free(detail->collector.interrupted);
	ctrace_chunk_unload(&detail->chunk);
	ctrace_chunk_unload(&detail->end_chunk);
	memset(detail, 0, sizeof(*detail));
}
