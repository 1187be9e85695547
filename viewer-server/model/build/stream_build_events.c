/* SPDX-License-Identifier: MIT */
/* What is not a span: to lanes of its own, or set aside with its time until streams come together.
 */

#include "format/limits.h"
#include "viewer-server/model/build/names.h"
#include "viewer-server/model/build/stream_build_parts.h"

#include <stdlib.h>
#include <string.h>

void ctrace_stream_build_change_task(struct ctrace_stream_build *build, uint32_t ref)
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

static void add_gap(struct ctrace_stream_build *build, const struct ctrace_lost *loss, uint32_t ref)
{
	uint64_t end = ctrace_stream_build_ns(build, loss->to);
	struct ctrace_lane_event event = {
		.start = ctrace_stream_build_ns(build, loss->from),
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

void ctrace_stream_build_lost(void *context, const struct ctrace_lost *loss)
{
	struct ctrace_stream_build *build = context;
	struct ctrace_loss_fact *fact = ctrace_column_add(&build->losses, sizeof(*fact));
	bool is_record = loss->chunk != CTRACE_NO_CHUNK;

	if (fact == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	*fact = (struct ctrace_loss_fact){
		.since = ctrace_stream_build_ns(build, loss->from),
		.end = ctrace_stream_build_ns(build, loss->to),
		.events = loss->events,
		.chunks = loss->chunks,
		.reason = loss->reason,
	};
	build->lost += is_record ? loss->events : 0;
	add_gap(build, loss,
		is_record ? ctrace_stream_build_ref(build, loss->chunk, loss->index)
			  : CTRACE_NO_REF);
	if (!is_record) {
		ctrace_stream_build_change_task(build, build->next_ref);
	}
}

void ctrace_stream_build_add_heap(struct ctrace_stream_build *build, uint64_t time, uint64_t bytes,
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
		.time = ctrace_stream_build_ns(build, event->ticks),
		.thread = ctrace_thread_table_find(&build->model->threads, values[0].u64,
						   event->ticks),
		.ref = ref,
		.is_stopped = values[1].u64 != 0,
	};
}

static bool is_of_memory(enum ctrace_kind kind)
{
	return kind >= CTRACE_KIND_ALLOC && kind <= CTRACE_KIND_PROCESS_MEMORY;
}

static void add_instant(struct ctrace_stream_build *build, const struct ctrace_event *event,
			uint32_t ref)
{
	const struct ctrace_site *site = ctrace_trace_site(build->model->trace, event->site);
	const struct ctrace_lane_event added = {
		.start = ctrace_stream_build_ns(build, event->ticks),
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
		.time = ctrace_stream_build_ns(build, event->ticks),
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
		.time = ctrace_stream_build_ns(build, event->ticks),
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
		.time = ctrace_stream_build_ns(build, event->ticks),
		.id = id,
		.order = (uint8_t)(event->kind - CTRACE_KIND_FLOW_OUT),
	};
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
	added.start = ctrace_stream_build_ns(build, event->ticks);
	added.other = values[3].u64 <= CTRACE_STACK_MAX ? (uint32_t)values[3].u64 : 0;
	added.name = ctrace_names_of_stack(build->model, added.other);
	added.value = (double)values[2].u64;
	if (!ctrace_lane_append(&build->own_found, &added)) {
		build->is_out_of_memory = true;
	}
}

/* Where the thread stood, by its own stream. */
static void add_look(struct ctrace_stream_build *build, const struct ctrace_event *event,
		     const struct ctrace_value *values)
{
	const struct ctrace_look look =
		ctrace_look_of_fields(ctrace_stream_build_ns(build, event->ticks), values);

	if (!ctrace_look_add(&build->own_looks, &look)) {
		build->is_out_of_memory = true;
	}
}

void ctrace_stream_build_other(void *context, const struct ctrace_event *event, uint32_t chunk,
			       const struct ctrace_span *inner)
{
	struct ctrace_stream_build *build = context;
	struct ctrace_value values[16];
	uint32_t ref = ctrace_stream_build_ref(build, chunk, event->index);

	(void)inner;
	if (is_of_memory(event->kind)) {
		ctrace_stream_build_mark(build, chunk);
		build->memory += event->kind < CTRACE_KIND_PAGE_FAULT;
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
		ctrace_stream_build_change_task(build, ref);
		break;
	case CTRACE_KIND_FLOW_OUT:
	case CTRACE_KIND_FLOW_STEP:
	case CTRACE_KIND_FLOW_IN:
		add_flow(build, event, values[0].u64);
		break;
	case CTRACE_KIND_SAMPLE:
		add_found(build, event, ref);
		break;
	case CTRACE_KIND_THREAD_STACK:
		add_look(build, event, values);
		break;
	case CTRACE_KIND_GC_HEAP:
		ctrace_stream_build_add_heap(build, ctrace_stream_build_ns(build, event->ticks),
					     values[0].u64, CTRACE_NAME_COLLECTOR_HEAP, ref);
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
