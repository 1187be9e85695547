/* SPDX-License-Identifier: MIT */
/* Where an event of a lane comes from; see event_origin.h. */

#include "viewer-server/model/ask/event_origin.h"

#include "viewer-server/model/threads/pairing.h"
#include "viewer-server/model/tile.h"

/* The chunk that holds the event of that number. */
static uint32_t chunk_of(const struct ctrace_model *model, uint32_t ref)
{
	uint32_t low = 0, high = ctrace_trace_info(model->trace)->chunk_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (model->chunk_first[middle] <= ref) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

static uint32_t stream_of_ref(const struct ctrace_model *model, uint32_t ref)
{
	return ctrace_trace_chunk(model->trace, chunk_of(model, ref))->stream;
}

struct ctrace_event_place ctrace_origin_place(const struct ctrace_model *model, uint32_t ref)
{
	uint32_t ordinal = chunk_of(model, ref);

	return (struct ctrace_event_place){ordinal, (uint32_t)(ref - model->chunk_first[ordinal])};
}

enum ctrace_status ctrace_origin_read(const struct ctrace_model *model, uint32_t ref,
				      struct ctrace_chunk *chunk, struct ctrace_event *event,
				      struct ctrace_error *error)
{
	struct ctrace_event_place place = ctrace_origin_place(model, ref);
	struct ctrace_cursor cursor;
	enum ctrace_status status = ctrace_chunk_load(chunk, model->trace, place.chunk, error);

	if (status == CTRACE_OK) {
		status = ctrace_cursor_init(&cursor, model->trace, chunk, error);
	}
	for (uint32_t i = 0; status == CTRACE_OK && i <= place.index; i++) {
		status = ctrace_cursor_next(&cursor, event, error);
	}
	return status == CTRACE_END ? CTRACE_ERR_NOT_FOUND : status;
}

static enum ctrace_status read_event(struct ctrace_detail *detail, const struct ctrace_model *model,
				     uint32_t ref, struct ctrace_error *error)
{
	struct ctrace_event *event = &detail->origin.event;
	enum ctrace_status status = ctrace_origin_read(model, ref, &detail->chunk, event, error);

	if (status != CTRACE_OK) {
		return status;
	}
	detail->arg_count = ctrace_event_values(model->trace, event, detail->args);
	detail->origin.stream = detail->chunk.entry->stream;
	detail->origin.site = event->site;
	return CTRACE_OK;
}

/* The task that the thread worked for when it wrote event `ref`. */
static uint64_t task_at(const struct ctrace_model_stream *stream, uint32_t ref)
{
	const struct ctrace_task_context *contexts = stream->contexts.items;
	size_t low = 0, high = stream->contexts.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (contexts[middle].from <= ref) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low > 0 && ref < contexts[low - 1].to ? contexts[low - 1].id : 0;
}

static void take_loss(struct ctrace_detail *detail, const struct ctrace_column *losses)
{
	const struct ctrace_loss_fact *facts = losses->items;
	const struct ctrace_loss_fact *fact = &facts[detail->event.place.index];

	detail->origin.begin = fact->since;
	detail->origin.end = fact->end;
	detail->origin.lost_events = fact->events;
	detail->origin.lost_chunks = fact->chunks;
	detail->lost_reason = fact->reason;
	detail->lost_count = fact->events;
}

static void take_cpu_loss(struct ctrace_detail *detail, const struct ctrace_model *model)
{
	const struct ctrace_cpu_losses *all = model->cpu_losses.items;

	for (size_t i = 0; i < model->cpu_losses.count; i++) {
		if (all[i].lane == detail->event.place.lane) {
			detail->origin.stream = all[i].stream;
			take_loss(detail, &all[i].losses);
		}
	}
}

static void take_stray(struct ctrace_detail *detail, const struct ctrace_model_stream *stream,
		       uint32_t ref)
{
	const struct ctrace_stray *strays = stream->strays.items;
	const struct ctrace_stray *stray = &strays[ref - CTRACE_STRAY_REF];

	detail->origin.begin = stray->begin;
	detail->origin.site = stray->site;
	detail->origin.task = stray->task;
	detail->origin.span_flags |= stray->is_restated ? CTRACE_SPAN_RESTATED : 0u;
}

static unsigned span_flags_of(const struct ctrace_model_event *event)
{
	unsigned flags = 0;

	flags |= (event->flags & CTRACE_REAL_UNFINISHED) != 0 ? CTRACE_SPAN_UNFINISHED : 0u;
	flags |= (event->flags & CTRACE_REAL_BEGAN_BEFORE) != 0 ? CTRACE_SPAN_BEGAN_BEFORE : 0u;
	return flags | ((event->flags & CTRACE_LANE_CUT) != 0 ? CTRACE_SPAN_CUT : 0u);
}

/* Two tasks of one id may begin in the same nanosecond: the place tells them apart. */
static void find_task_end(struct ctrace_detail *detail, const struct ctrace_model *model)
{
	const struct ctrace_task_fact *tasks = model->tasks.items;
	struct ctrace_place place = detail->event.place;
	uint64_t id = detail->arg_count > 0 ? detail->args[0].u64 : 0;

	for (size_t i = ctrace_task_fact_at(&model->tasks, id, detail->event.start);
	     i < model->tasks.count && tasks[i].id == id && tasks[i].time == detail->event.start;
	     i++) {
		if (tasks[i].place.lane == place.lane && tasks[i].place.index == place.index &&
		    tasks[i].end_ref != CTRACE_NO_REF) {
			detail->origin.has_end = true;
			detail->origin.end_stream = stream_of_ref(model, tasks[i].end_ref);
		}
	}
}

enum ctrace_status ctrace_origin_find(struct ctrace_detail *detail,
				      const struct ctrace_model *model, struct ctrace_error *error)
{
	struct ctrace_place place = detail->event.place;
	const struct ctrace_lane *lane = &model->lanes[place.lane];
	uint32_t position = model->lane_streams[place.lane], ref = lane->ref[place.index];
	const struct ctrace_model_stream *stream =
		position != CTRACE_NONE ? &model->streams[position] : NULL;
	enum ctrace_status status = CTRACE_OK;

	detail->origin = (struct ctrace_origin){
		.stream = stream != NULL ? stream->stream : CTRACE_NONE,
		.site = CTRACE_NO_SITE,
		.begin = detail->event.start,
		.end = detail->event.start + detail->event.duration,
		.span_flags = span_flags_of(&detail->event),
	};
	if (ref < CTRACE_STRAY_REF) {
		status = read_event(detail, model, ref, error);
	}
	if (status != CTRACE_OK) {
		return status;
	}
	if (lane->info.kind == CTRACE_LANE_GAP && stream != NULL) {
		take_loss(detail, &stream->losses);
	} else if (lane->info.kind == CTRACE_LANE_GAP) {
		take_cpu_loss(detail, model);
	} else if (lane->info.kind == CTRACE_LANE_TASK) {
		find_task_end(detail, model);
	} else if (ref < CTRACE_STRAY_REF && stream != NULL) {
		/* Tasks are entered by events of the thread's own stream: a kernel's say nothing of
		 * them. */
		detail->origin.task =
			detail->origin.stream == stream->stream ? task_at(stream, ref) : 0;
	} else if (ref != CTRACE_NO_REF && stream != NULL) {
		take_stray(detail, stream, ref);
	}
	detail->site = ctrace_is_marked_site(detail->origin.site)
			       ? NULL
			       : ctrace_trace_site(model->trace, detail->origin.site);
	return CTRACE_OK;
}
