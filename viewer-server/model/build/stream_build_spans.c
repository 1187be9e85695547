/* SPDX-License-Identifier: MIT */
/*
 * Spans to the lanes of their depths, the kernel's calls woven in between. What a collector did in
 * this thread is also set aside for its process.
 */

#include "viewer-server/model/build/names.h"
#include "viewer-server/model/build/stream_build_parts.h"

#include <stdlib.h>
#include <string.h>

static struct ctrace_lane *lane_at(struct ctrace_stream_build *build, uint32_t depth)
{
	struct ctrace_lane *grown;
	uint32_t room;

	while (depth >= build->lane_count) {
		if (build->lane_count == build->lane_room) {
			room = build->lane_room == 0 ? 8 : build->lane_room * 2;
			grown = realloc(build->lanes, room * sizeof(*grown));
			if (grown == NULL) {
				return NULL;
			}
			build->lanes = grown;
			build->lane_room = room;
		}
		build->lanes[build->lane_count++] =
			(struct ctrace_lane){.info = {.kind = CTRACE_LANE_SPAN}};
	}
	return &build->lanes[depth];
}

/* A span that would overlap its lane goes to the next one below that has room (a repair). */
static void add_span(struct ctrace_stream_build *build, uint32_t depth,
		     const struct ctrace_lane_event *event)
{
	struct ctrace_lane *lane = lane_at(build, depth);
	bool is_repaired = false;

	while (lane != NULL && lane->count > 0 && event->start < lane->last_end) {
		is_repaired = true;
		if (++depth >= CTRACE_STREAM_LANES_MAX) {
			build->repaired++;
			return;
		}
		lane = lane_at(build, depth);
	}
	if (lane == NULL || !ctrace_lane_append(lane, event)) {
		build->is_out_of_memory = true;
		return;
	}
	lane->info.repaired += is_repaired;
	build->repaired += is_repaired;
}

void ctrace_stream_build_weave(struct ctrace_stream_build *build, uint64_t time, uint32_t depth)
{
	struct ctrace_lane_event event;

	while (ctrace_call_weave_next(&build->weave, time, &event)) {
		add_span(build, depth, &event);
	}
}

/* A span from before the recording holds all that came before its end: a lane above all others. */
static bool insert_outermost(struct ctrace_stream_build *build)
{
	uint32_t last = build->lane_count;
	struct ctrace_lane inserted;

	if (last >= CTRACE_STREAM_LANES_MAX || build->began_before >= CTRACE_BEGAN_BEFORE_MAX) {
		return false;
	}
	if (lane_at(build, last) == NULL) {
		build->is_out_of_memory = true;
		return false;
	}
	build->began_before++;
	inserted = build->lanes[last];
	memmove(&build->lanes[1], &build->lanes[0], last * sizeof(*build->lanes));
	build->lanes[0] = inserted;
	return true;
}

static uint32_t flags_of(const struct ctrace_stream_build *build, const struct ctrace_span *span)
{
	uint32_t flags = 0;

	if (span->chunk != CTRACE_NO_CHUNK) {
		flags = ctrace_names_flags_of_site(build->model, span->site);
	} else if (ctrace_is_call_site(span->site)) {
		flags = ctrace_names_flags_of_call(build->model, ctrace_call_of_site(span->site));
	} else if (ctrace_is_collector_site(span->site)) {
		flags = CTRACE_REAL_IS_COLLECTOR;
	}
	if (__builtin_expect(span->flags == 0, 1)) {
		return flags;
	}
	flags |= span->flags & CTRACE_SPAN_UNFINISHED ? CTRACE_REAL_UNFINISHED : 0;
	flags |= span->flags & CTRACE_SPAN_CUT ? CTRACE_LANE_CUT : 0;
	return flags | (span->flags & CTRACE_SPAN_BEGAN_BEFORE ? CTRACE_REAL_BEGAN_BEFORE : 0);
}

/* What the file does not hold of a span: its begin is not in it. */
static uint32_t add_stray(struct ctrace_stream_build *build, const struct ctrace_span *span)
{
	size_t number = build->strays.count;
	struct ctrace_stray *stray;

	if (number >= CTRACE_NO_REF - CTRACE_STRAY_REF) {
		return CTRACE_NO_REF;
	}
	stray = ctrace_column_add(&build->strays, sizeof(*stray));
	if (stray == NULL) {
		build->is_out_of_memory = true;
		return CTRACE_NO_REF;
	}
	*stray = (struct ctrace_stray){
		.begin = ctrace_stream_build_ns(build, span->begin),
		.task = span->task,
		.site = span->site,
		.is_restated = (span->flags & CTRACE_SPAN_RESTATED) != 0,
	};
	return CTRACE_STRAY_REF + (uint32_t)number;
}

void ctrace_stream_build_opened(void *context, struct ctrace_span *span,
				const struct ctrace_event *begin)
{
	struct ctrace_stream_build *build = context;

	(void)begin;
	span->tag = ctrace_stream_build_ns(build, span->begin);
	ctrace_stream_build_weave(build, span->tag, span->depth);
}

/* A collector's work also concerns its process (collector_lanes.h). */
static void add_collector(struct ctrace_stream_build *build, const struct ctrace_span *span,
			  const struct ctrace_lane_event *event)
{
	struct ctrace_collector_work *work =
		ctrace_column_add(&build->collector_work, sizeof(*work));

	if (work == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	*work = (struct ctrace_collector_work){
		.start = event->start,
		.end = event->start + event->duration,
		.kind = ctrace_collector_of_site(span->site),
		.flags = event->flags,
		.ref = event->ref,
		.end_ref = event->has_other ? event->other : CTRACE_NO_REF,
	};
	if (span->has_result && span->result != 0) {
		ctrace_stream_build_add_heap(build, ctrace_stream_build_ns(build, span->end),
					     (uint64_t)span->result, CTRACE_NAME_COLLECTOR_LIVE,
					     event->other);
	}
}

void ctrace_stream_build_closed(void *context, const struct ctrace_span *span)
{
	struct ctrace_stream_build *build = context;
	uint64_t end = ctrace_stream_build_ns(build, span->end);
	struct ctrace_lane_event event = {
		.start = span->tag,
		.duration = end - span->tag,
		.name = ctrace_names_of_site(build->model, span->site),
		.flags = flags_of(build, span),
		.ref = span->chunk == CTRACE_NO_CHUNK
			       ? add_stray(build, span)
			       : ctrace_stream_build_ref(build, span->chunk, span->index),
		.has_other = span->has_result,
	};

	if (span->has_result) {
		event.other = ctrace_stream_build_ref(build, span->end_chunk, span->end_index);
	}
	if (ctrace_is_call_site(span->site) &&
	    ctrace_names_is_mapping(build->model, ctrace_call_of_site(span->site))) {
		ctrace_stream_build_mark(build, span->chunk);
		ctrace_stream_build_mark(build,
					 span->has_result ? span->end_chunk : CTRACE_NO_CHUNK);
	}
	ctrace_stream_build_weave(build, end,
				  span->depth + ((span->flags & CTRACE_SPAN_BEGAN_BEFORE) == 0));
	if (span->flags & CTRACE_SPAN_BEGAN_BEFORE) {
		bool is_held = insert_outermost(build);

		event.start = is_held ? ctrace_stream_build_ns(build, span->begin) : end;
		event.duration = end - event.start;
	}
	add_span(build, span->depth, &event);
	if (__builtin_expect(ctrace_is_collector_site(span->site), 0)) {
		add_collector(build, span, &event);
	}
}
