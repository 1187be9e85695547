/* SPDX-License-Identifier: MIT */
/* From a begin to its end, its thread, the heap then and whom it stopped; see collector_detail.h.
 */

#include "viewer-server/model/ask/collector_detail.h"

#include "viewer-server/model/ask/event_origin.h"
#include "viewer-server/model/ask/kernel_detail.h"
#include "viewer-server/model/tile.h"

static const struct ctrace_place nowhere = {CTRACE_NONE, 0};

static bool is_of(const struct ctrace_model *model, const struct ctrace_lane *lane, uint64_t pid)
{
	return model->tracks[lane->info.track].pid == pid;
}

static uint64_t pid_of(const struct ctrace_model *model, const struct ctrace_detail *detail)
{
	return model->tracks[model->lanes[detail->event.place.lane].info.track].pid;
}

/* Position in model->streams of the thread in which the event stands; CTRACE_NONE: none has it. */
static uint32_t stream_of(const struct ctrace_model *model, uint32_t number)
{
	for (uint32_t i = 0; i < model->stream_count; i++) {
		if (model->streams[i].stream == number) {
			return i;
		}
	}
	return CTRACE_NONE;
}

/* The same work in the lanes of its thread. */
static struct ctrace_place span_of(const struct ctrace_model *model, uint32_t stream,
				   uint64_t start, uint32_t ref)
{
	const struct ctrace_model_stream *of = &model->streams[stream];

	for (uint32_t i = 0; i < of->span_lanes; i++) {
		const struct ctrace_lane *lane = &model->lanes[of->first_span_lane + i];

		for (uint32_t j = ctrace_lane_lower_bound(lane, start);
		     j < lane->count && lane->start[j] == start; j++) {
			if (lane->ref[j] == ref) {
				return (struct ctrace_place){lane->info.id, j};
			}
		}
	}
	return nowhere;
}

static void find_who(struct ctrace_detail *detail, const struct ctrace_model *model)
{
	const struct ctrace_lane *lane = &model->lanes[detail->event.place.lane];
	uint32_t ref = lane->ref[detail->event.place.index];
	uint32_t stream = stream_of(model, detail->origin.stream);
	const struct ctrace_track *track;

	if (stream == CTRACE_NONE || ref >= CTRACE_STRAY_REF) {
		return;
	}
	track = &model->tracks[model->streams[stream].track];
	detail->collector.who = ctrace_kernel_who(model, track->tid, detail->origin.event.ticks,
						  detail->event.start)
					.who;
	detail->collector.who.track = track->id;
	detail->collector.who.label = track->label;
	detail->collector.span = lane->info.kind == CTRACE_LANE_SPAN
					 ? detail->event.place
					 : span_of(model, stream, detail->event.start, ref);
}

/* What the end of a collector's work says: at `ref`, CTRACE_NO_REF: it is not in the trace. */
static enum ctrace_status read_end(struct ctrace_collector_end *end,
				   const struct ctrace_model *model, uint32_t ref,
				   struct ctrace_error *error)
{
	struct ctrace_chunk chunk = {0};
	struct ctrace_value values[16];
	struct ctrace_event event;
	enum ctrace_status status;

	if (ref >= CTRACE_STRAY_REF) {
		return CTRACE_OK;
	}
	status = ctrace_origin_read(model, ref, &chunk, &event, error);
	if (status == CTRACE_OK && event.kind == CTRACE_KIND_GC_END &&
	    ctrace_event_values(model->trace, &event, values) >= 2) {
		*end = (struct ctrace_collector_end){true, values[0].u64, values[1].u64};
	}
	ctrace_chunk_unload(&chunk);
	return status;
}

/* ---- What the heap was --------------------------------------------------------- */

/* The counter's value at a time; negative: none yet. */
static double value_at(const struct ctrace_lane *lane, uint64_t time)
{
	uint32_t after = ctrace_lane_lower_bound(lane, time + 1);

	return after > 0 ? lane->value[after - 1] : -1;
}

static void find_heap(struct ctrace_detail *detail, const struct ctrace_model *model)
{
	uint64_t start = detail->event.start, end = start + detail->event.duration;
	uint64_t pid = pid_of(model, detail);

	detail->collector.heap_before = detail->collector.heap_after = -1;
	for (uint32_t i = 0; i < model->lane_count; i++) {
		const struct ctrace_lane *lane = &model->lanes[i];

		if (lane->info.kind == CTRACE_LANE_COUNTER &&
		    lane->info.name == CTRACE_NAME_COLLECTOR_HEAP && is_of(model, lane, pid)) {
			detail->collector.heap_before = value_at(lane, start);
			detail->collector.heap_after = value_at(lane, end);
		}
	}
}

/* ---- Collections and their pauses -------------------------------------------------- */

static bool holds(const struct ctrace_lane *lane, uint32_t index,
		  const struct ctrace_detail *detail)
{
	return lane->start[index] + ctrace_lane_duration(lane, index) >=
	       detail->event.start + detail->event.duration;
}

/* The innermost collection that a pause is in. */
static enum ctrace_status find_cycle(struct ctrace_detail *detail, const struct ctrace_model *model,
				     struct ctrace_error *error)
{
	uint64_t pid = pid_of(model, detail);
	uint32_t end_ref = CTRACE_NO_REF;

	for (uint32_t i = 0; i < model->lane_count; i++) {
		const struct ctrace_lane *lane = &model->lanes[i];
		uint32_t after;

		if (lane->info.kind != CTRACE_LANE_CYCLE || !is_of(model, lane, pid)) {
			continue;
		}
		after = ctrace_lane_lower_bound(lane, detail->event.start + 1);
		if (after > 0 && holds(lane, after - 1, detail)) {
			detail->collector.cycle = (struct ctrace_place){i, after - 1};
			end_ref = lane->other[after - 1];
		}
	}
	return read_end(&detail->collector.cycle_end, model, end_ref, error);
}

static void find_pauses(struct ctrace_detail *detail, const struct ctrace_model *model)
{
	uint64_t start = detail->event.start, end = start + detail->event.duration;
	uint64_t pid = pid_of(model, detail);

	for (uint32_t i = 0; i < model->lane_count; i++) {
		const struct ctrace_lane *lane = &model->lanes[i];

		if (lane->info.kind == CTRACE_LANE_PAUSE && is_of(model, lane, pid)) {
			uint32_t first = ctrace_lane_lower_bound(lane, start);

			detail->collector.pauses = ctrace_lane_gallop(lane, first, end) - first;
			detail->collector.paused = ctrace_lane_busy(lane, start, end);
		}
	}
}

/* ---- Whom a pause interrupted ------------------------------------------------------ */

static enum ctrace_status find_interrupted(struct ctrace_detail *detail,
					   const struct ctrace_model *model)
{
	struct ctrace_collector_detail *collector = &detail->collector;
	uint64_t pid = pid_of(model, detail);

	collector->interrupted = calloc(CTRACE_INTERRUPTED_MAX, sizeof(*collector->interrupted));
	if (collector->interrupted == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0;
	     i < model->stream_count && collector->interrupted_count < CTRACE_INTERRUPTED_MAX;
	     i++) {
		const struct ctrace_track *track = &model->tracks[model->streams[i].track];
		struct ctrace_waker who;

		if (track->pid != pid || track->id == collector->who.track) {
			continue;
		}
		who = ctrace_kernel_who(model, track->tid, detail->origin.event.ticks,
					detail->event.start);
		if (who.doing.lane != CTRACE_NONE) {
			who.who.track = track->id;
			who.who.label = track->label;
			collector->interrupted[collector->interrupted_count++] = who;
		}
	}
	return CTRACE_OK;
}

/* ---- All together ------------------------------------------------------------------ */

static bool is_of_collector(const struct ctrace_lane *lane, const struct ctrace_model_event *event)
{
	return lane->info.kind == CTRACE_LANE_CYCLE || lane->info.kind == CTRACE_LANE_PAUSE ||
	       lane->info.kind == CTRACE_LANE_HALT ||
	       (lane->info.kind == CTRACE_LANE_SPAN && ctrace_real_is_collector(event->flags));
}

enum ctrace_status ctrace_collector_detail_find(struct ctrace_detail *detail,
						const struct ctrace_model *model,
						struct ctrace_error *error)
{
	const struct ctrace_lane *lane = &model->lanes[detail->event.place.lane];
	struct ctrace_collector_detail *collector = &detail->collector;
	uint32_t end_ref =
		lane->other != NULL ? lane->other[detail->event.place.index] : CTRACE_NO_REF;
	enum ctrace_status status;

	*collector = (struct ctrace_collector_detail){
		.span = nowhere, .cycle = nowhere, .who = {.track = CTRACE_NONE}};
	if (!is_of_collector(lane, &detail->event)) {
		return CTRACE_OK;
	}
	collector->is_there = true;
	detail->arg_count = 0;
	find_who(detail, model);
	if (lane->info.kind == CTRACE_LANE_HALT) {
		return CTRACE_OK;
	}
	collector->kind = detail->event.name - CTRACE_NAME_COLLECTOR;
	find_heap(detail, model);
	status = read_end(&collector->end, model, end_ref, error);
	if (status == CTRACE_OK && ctrace_collector_is_cycle(collector->kind)) {
		find_pauses(detail, model);
	} else if (status == CTRACE_OK) {
		status = find_cycle(detail, model, error);
	}
	if (status == CTRACE_OK && collector->kind == CTRACE_COLLECTOR_WORLD_STOPPED) {
		status = find_interrupted(detail, model);
	}
	return status;
}
