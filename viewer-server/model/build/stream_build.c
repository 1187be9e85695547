/* SPDX-License-Identifier: MIT */
/* What each event of a thread turns into. */

#include "viewer-server/model/build/stream_build.h"

#include "format/limits.h"
#include "viewer-server/model/build/names.h"
#include "viewer-server/model/lanes/pyramid.h"
#include "viewer-server/model/tile.h"

#include <string.h>

static uint64_t ns_of(const struct ctrace_stream_build *build, uint64_t ticks)
{
	return ctrace_trace_ns(build->model->trace, ticks);
}

static uint32_t ref_of(const struct ctrace_stream_build *build, uint32_t chunk, uint32_t index)
{
	return (uint32_t)(build->model->chunk_first[chunk] + index);
}

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

/* The kernel's calls that are over by then, at the depth at which the thread has been since the
 * last. */
static void weave_until(struct ctrace_stream_build *build, uint64_t time, uint32_t depth)
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
		.begin = ns_of(build, span->begin),
		.task = span->task,
		.site = span->site,
		.is_restated = (span->flags & CTRACE_SPAN_RESTATED) != 0,
	};
	return CTRACE_STRAY_REF + (uint32_t)number;
}

static void on_opened(void *context, struct ctrace_span *span, const struct ctrace_event *begin)
{
	struct ctrace_stream_build *build = context;

	(void)begin;
	span->tag = ns_of(build, span->begin);
	weave_until(build, span->tag, span->depth);
}

static void add_heap(struct ctrace_stream_build *build, uint64_t time, uint64_t bytes,
		     uint32_t name, uint32_t ref)
{
	struct ctrace_counter_sample *sample =
		ctrace_column_add(&build->collector_heap, sizeof(*sample));

	if (sample == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	*sample = (struct ctrace_counter_sample){time, (double)bytes, name, ref};
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
		add_heap(build, ns_of(build, span->end), (uint64_t)span->result,
			 CTRACE_NAME_COLLECTOR_LIVE, event->other);
	}
}

static void add_halt(struct ctrace_stream_build *build, const struct ctrace_event *event,
		     const struct ctrace_value *values, uint32_t ref)
{
	struct ctrace_collector_halt *halt =
		ctrace_column_add(&build->collector_halts, sizeof(*halt));

	if (halt == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	*halt = (struct ctrace_collector_halt){
		.time = ns_of(build, event->ticks),
		.thread = ctrace_thread_table_find(&build->model->threads, values[0].u64,
						   event->ticks),
		.ref = ref,
		.is_stopped = values[1].u64 != 0,
	};
}

/* What a later walk finds memory in (SPEC 8.5). A chunk is of one stream, so nobody else writes
 * there. */
static void mark_chunk(const struct ctrace_stream_build *build, uint32_t chunk)
{
	if (chunk != CTRACE_NO_CHUNK) {
		build->model->memory_chunks[chunk] = 1;
	}
}

static bool is_of_memory(enum ctrace_kind kind)
{
	return kind >= CTRACE_KIND_ALLOC && kind <= CTRACE_KIND_PAGE_FAULT;
}

static void on_closed(void *context, const struct ctrace_span *span)
{
	struct ctrace_stream_build *build = context;
	uint64_t end = ns_of(build, span->end);
	struct ctrace_lane_event event = {
		.start = span->tag,
		.duration = end - span->tag,
		.name = ctrace_names_of_site(build->model, span->site),
		.flags = flags_of(build, span),
		.ref = span->chunk == CTRACE_NO_CHUNK ? add_stray(build, span)
						      : ref_of(build, span->chunk, span->index),
		.has_other = span->has_result,
	};

	if (span->has_result) {
		event.other = ref_of(build, span->end_chunk, span->end_index);
	}
	if (ctrace_is_call_site(span->site) &&
	    ctrace_names_is_mapping(build->model, ctrace_call_of_site(span->site))) {
		mark_chunk(build, span->chunk);
		mark_chunk(build, span->has_result ? span->end_chunk : CTRACE_NO_CHUNK);
	}
	weave_until(build, end, span->depth + ((span->flags & CTRACE_SPAN_BEGAN_BEFORE) == 0));
	if (span->flags & CTRACE_SPAN_BEGAN_BEFORE) {
		bool is_held = insert_outermost(build);

		event.start = is_held ? ns_of(build, span->begin) : end;
		event.duration = end - event.start;
	}
	add_span(build, span->depth, &event);
	if (__builtin_expect(ctrace_is_collector_site(span->site), 0)) {
		add_collector(build, span, &event);
	}
}

static void change_task(struct ctrace_stream_build *build, uint32_t ref);

static void add_gap(struct ctrace_stream_build *build, const struct ctrace_lost *loss, uint32_t ref)
{
	uint64_t end = ns_of(build, loss->to);
	struct ctrace_lane_event event = {
		.start = ns_of(build, loss->from),
		.name = CTRACE_NAME_LOST + (loss->reason < CTRACE_NAMES_LOST ? loss->reason : 0),
		.ref = ref,
		.value = (double)loss->events,
	};

	if (build->gaps.count > 0 && event.start < build->gaps.last_end) {
		event.start = build->gaps.last_end;
	}
	event.duration = end > event.start ? end - event.start : 0;
	if (!ctrace_lane_append(&build->gaps, &event)) {
		build->is_out_of_memory = true;
	}
}

static void on_lost(void *context, const struct ctrace_lost *loss)
{
	struct ctrace_stream_build *build = context;
	struct ctrace_loss_fact *fact = ctrace_column_add(&build->losses, sizeof(*fact));
	bool is_record = loss->chunk != CTRACE_NO_CHUNK;

	if (fact == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	*fact = (struct ctrace_loss_fact){
		.since = ns_of(build, loss->from),
		.end = ns_of(build, loss->to),
		.events = loss->events,
		.chunks = loss->chunks,
		.reason = loss->reason,
	};
	build->lost += is_record ? loss->events : 0;
	add_gap(build, loss, is_record ? ref_of(build, loss->chunk, loss->index) : CTRACE_NO_REF);
	if (!is_record) {
		change_task(build, build->next_ref);
	}
}

static void add_instant(struct ctrace_stream_build *build, const struct ctrace_event *event,
			uint32_t ref)
{
	const struct ctrace_site *site = ctrace_trace_site(build->model->trace, event->site);
	const struct ctrace_lane_event added = {
		.start = ns_of(build, event->ticks),
		.name = ctrace_names_of_site(build->model, event->site),
		.flags = (event->kind == CTRACE_KIND_LOG ? 1u : 0u) |
			 (site != NULL && site->arg_count > 0 ? CTRACE_REAL_HAS_ARGS : 0u),
		.ref = ref,
	};

	if (!ctrace_lane_append(&build->instants, &added)) {
		build->is_out_of_memory = true;
	}
}

static double number_of(const struct ctrace_value *value)
{
	switch (value->type) {
	case CTRACE_ARG_F64:
		return value->f64;
	case CTRACE_ARG_I64:
		return (double)value->i64;
	default:
		return (double)value->u64;
	}
}

static void add_sample(struct ctrace_stream_build *build, const struct ctrace_event *event,
		       const struct ctrace_value *values, uint32_t ref)
{
	struct ctrace_counter_sample *sample = ctrace_column_add(&build->samples, sizeof(*sample));

	if (sample == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	*sample = (struct ctrace_counter_sample){
		.time = ns_of(build, event->ticks),
		.value = number_of(&values[0]),
		.name = ctrace_names_of_site(build->model, event->site),
		.ref = ref,
	};
}

static void add_task_event(struct ctrace_stream_build *build, const struct ctrace_event *event,
			   const struct ctrace_value *values, uint32_t ref)
{
	struct ctrace_task_event *added = ctrace_column_add(&build->tasks, sizeof(*added));

	if (added == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	*added = (struct ctrace_task_event){
		.time = ns_of(build, event->ticks),
		.id = values[0].u64,
		.kind = event->kind,
		.name = ctrace_names_of_site(build->model, event->site),
		.ref = ref,
	};
}

static void add_flow(struct ctrace_stream_build *build, const struct ctrace_event *event,
		     uint64_t id)
{
	struct ctrace_flow_event *added = ctrace_column_add(&build->flows, sizeof(*added));

	if (added == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	*added = (struct ctrace_flow_event){
		.time = ns_of(build, event->ticks),
		.id = id,
		.order = (uint8_t)(event->kind - CTRACE_KIND_FLOW_OUT),
	};
}

/* The thread may work for another task from event `ref` on. */
static void change_task(struct ctrace_stream_build *build, uint32_t ref)
{
	struct ctrace_task_context *added;

	if (build->context_id != 0 && ref > build->context_from) {
		added = ctrace_column_add(&build->contexts, sizeof(*added));
		if (added == NULL) {
			build->is_out_of_memory = true;
			return;
		}
		*added = (struct ctrace_task_context){build->context_from, ref, build->context_id};
	}
	build->context_id = ctrace_pairing_task(&build->pairing);
	build->context_from = ref;
}

/* Names said while recording are kept: chunks come and go. */
static void keep_name(struct ctrace_stream_build *build, struct ctrace_bytes *name,
		      struct ctrace_bytes said)
{
	char **kept = ctrace_column_add(&build->names, sizeof(*kept));
	char *copy = kept != NULL ? malloc(said.size + 1u) : NULL;

	if (kept != NULL) {
		*kept = copy;
	}
	if (copy == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	memcpy(copy, said.bytes, said.size);
	*name = (struct ctrace_bytes){copy, said.size};
}

/* Where the thread was found running, by itself: its stream tells of nobody else. */
static void add_found(struct ctrace_stream_build *build, const struct ctrace_event *event,
		      uint32_t ref)
{
	struct ctrace_value values[16];
	struct ctrace_lane_event added = {.ref = ref, .has_other = true};

	if (ctrace_event_values(build->model->trace, event, values) < 4) {
		return;
	}
	added.start = ns_of(build, event->ticks);
	added.other = values[3].u64 <= CTRACE_STACK_MAX ? (uint32_t)values[3].u64 : 0;
	added.name = ctrace_names_of_stack(build->model, added.other);
	added.value = (double)values[2].u64;
	if (!ctrace_lane_append(&build->own_found, &added)) {
		build->is_out_of_memory = true;
	}
}

static void on_other(void *context, const struct ctrace_event *event, uint32_t chunk,
		     const struct ctrace_span *inner)
{
	struct ctrace_stream_build *build = context;
	struct ctrace_value values[16];
	uint32_t ref = ref_of(build, chunk, event->index);

	(void)inner;
	if (is_of_memory(event->kind)) {
		mark_chunk(build, chunk);
		build->memory += event->kind != CTRACE_KIND_PAGE_FAULT;
		return;
	}
	memset(values, 0, 3 * sizeof(values[0]));
	ctrace_event_values(build->model->trace, event, values);
	switch ((int)event->kind) {
	case CTRACE_KIND_INSTANT:
	case CTRACE_KIND_LOG:
		add_instant(build, event, ref);
		break;
	case CTRACE_KIND_COUNTER:
		add_sample(build, event, values, ref);
		break;
	case CTRACE_KIND_TASK_BEGIN:
	case CTRACE_KIND_TASK_STEP:
	case CTRACE_KIND_TASK_END:
		add_task_event(build, event, values, ref);
		break;
	case CTRACE_KIND_TASK_ENTER:
	case CTRACE_KIND_TASK_LEAVE:
		change_task(build, ref);
		break;
	case CTRACE_KIND_FLOW_OUT:
	case CTRACE_KIND_FLOW_STEP:
	case CTRACE_KIND_FLOW_IN:
		add_flow(build, event, values[0].u64);
		break;
	case CTRACE_KIND_SAMPLE:
		add_found(build, event, ref);
		break;
	case CTRACE_KIND_GC_HEAP:
		add_heap(build, ns_of(build, event->ticks), values[0].u64,
			 CTRACE_NAME_COLLECTOR_HEAP, ref);
		break;
	case CTRACE_KIND_GC_THREAD:
		add_halt(build, event, values, ref);
		break;
	case CTRACE_KIND_THREAD_NAME:
		keep_name(build, &build->thread_name, values[0].str);
		break;
	case CTRACE_KIND_PROCESS_NAME:
		keep_name(build, &build->process_name, values[0].str);
		break;
	default:
		break;
	}
}

static const struct ctrace_pairing_calls calls = {
	.opened = on_opened,
	.closed = on_closed,
	.other = on_other,
	.lost = on_lost,
};

enum ctrace_status ctrace_stream_build_init(struct ctrace_stream_build *build,
					    struct ctrace_model *model, uint32_t stream)
{
	*build = (struct ctrace_stream_build){
		.model = model, .stream = stream, .thread = CTRACE_NO_THREAD};
	build->found.info.kind = CTRACE_LANE_SAMPLE;
	build->own_found.info.kind = CTRACE_LANE_SAMPLE;
	build->instants.info.kind = CTRACE_LANE_INSTANT;
	build->gaps.info.kind = CTRACE_LANE_GAP;
	build->halted.info.kind = CTRACE_LANE_HALT;
	return ctrace_pairing_init(&build->pairing, &calls, build);
}

void ctrace_stream_build_finish(struct ctrace_stream_build *build)
{
	char **names = build->names.items;

	for (size_t i = 0; i < build->names.count; i++) {
		free(names[i]);
	}
	for (uint32_t i = 0; i < build->lane_count; i++) {
		ctrace_lane_finish(&build->lanes[i]);
	}
	free(build->lanes);
	ctrace_lane_finish(&build->instants);
	ctrace_lane_finish(&build->gaps);
	ctrace_lane_finish(&build->states);
	ctrace_lane_finish(&build->found);
	ctrace_lane_finish(&build->own_found);
	ctrace_lane_finish(&build->weave.calls);
	ctrace_lane_finish(&build->halted);
	ctrace_column_finish(&build->collector_work);
	ctrace_column_finish(&build->collector_halts);
	ctrace_column_finish(&build->collector_heap);
	ctrace_column_finish(&build->delays);
	ctrace_column_finish(&build->samples);
	ctrace_column_finish(&build->tasks);
	ctrace_column_finish(&build->flows);
	ctrace_column_finish(&build->contexts);
	ctrace_column_finish(&build->losses);
	ctrace_column_finish(&build->strays);
	ctrace_column_finish(&build->names);
	ctrace_pairing_finish(&build->pairing);
	*build = (struct ctrace_stream_build){0};
}

enum ctrace_status ctrace_stream_build_chunk(struct ctrace_stream_build *build,
					     const struct ctrace_chunk *chunk, uint32_t ordinal,
					     struct ctrace_error *error)
{
	enum ctrace_status status;

	build->next_ref = ref_of(build, ordinal, 0);
	status = ctrace_pairing_chunk(&build->pairing, build->model->trace, chunk, ordinal, error);
	if (status == CTRACE_OK) {
		build->events += chunk->entry->events;
	}
	return build->is_out_of_memory ? CTRACE_ERR_NO_MEMORY : status;
}

static bool append_copy(struct ctrace_lane *to, const struct ctrace_lane *from, uint32_t index)
{
	const struct ctrace_lane_event event = {
		.start = from->start[index],
		.name = ctrace_lane_name(from, index),
		.flags = ctrace_lane_flags(from, index),
		.ref = from->ref[index],
		.has_other = true,
		.other = from->other[index],
		.value = from->value[index],
	};

	return ctrace_lane_append(to, &event);
}

/* A thread may be sampled by the kernel and by itself. */
static bool merge_samples(struct ctrace_stream_build *build)
{
	struct ctrace_lane merged = {.info = {.kind = CTRACE_LANE_SAMPLE}};
	struct ctrace_lane *kernel = &build->found, *own = &build->own_found;
	bool is_ok = true;

	for (uint32_t i = 0, j = 0; is_ok && (i < kernel->count || j < own->count);) {
		bool is_own =
			i == kernel->count || (j < own->count && own->start[j] < kernel->start[i]);

		is_ok = append_copy(&merged, is_own ? own : kernel, is_own ? j++ : i++);
	}
	ctrace_lane_finish(kernel);
	ctrace_lane_finish(own);
	*kernel = merged;
	return is_ok;
}

static bool seal(struct ctrace_stream_build *build)
{
	if (build->own_found.count > 0 && !merge_samples(build)) {
		return false;
	}
	bool is_ok = ctrace_lane_seal(&build->instants) && ctrace_lane_seal(&build->gaps) &&
		     ctrace_lane_seal(&build->found);

	for (uint32_t i = 0; is_ok && i < build->lane_count; i++) {
		is_ok = ctrace_lane_seal(&build->lanes[i]) &&
			ctrace_pyramid_create(&build->lanes[i], build->model->duration);
	}
	return is_ok;
}

void ctrace_stream_build_miss(struct ctrace_stream_build *build,
			      const struct ctrace_chunk_entry *entry)
{
	ctrace_pairing_miss(&build->pairing, entry);
}

enum ctrace_status ctrace_stream_build_close(struct ctrace_stream_build *build)
{
	build->next_ref = CTRACE_NO_REF;
	ctrace_pairing_close(&build->pairing, ctrace_trace_info(build->model->trace)->last_ticks);
	weave_until(build, UINT64_MAX, 0);
	ctrace_lane_finish(&build->weave.calls);
	change_task(build, CTRACE_NO_REF);
	build->repaired += build->pairing.repaired + build->weave.repaired;
	ctrace_pairing_finish(&build->pairing);
	if (build->is_out_of_memory || !seal(build)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	return CTRACE_OK;
}
