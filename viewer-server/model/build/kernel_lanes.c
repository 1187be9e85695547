/* SPDX-License-Identifier: MIT */
/* Facts appended to lanes; see kernel_lanes.h. */

#include "viewer-server/model/build/kernel_lanes.h"

#include "viewer-server/model/build/names.h"
#include "viewer-server/model/lanes/pyramid.h"
#include "viewer-server/model/tile.h"

static uint32_t ref_of(const struct ctrace_kernel_lanes *lanes, struct ctrace_event_place place)
{
	return place.chunk == CTRACE_NO_CHUNK
		       ? CTRACE_NO_REF
		       : (uint32_t)(lanes->model->chunk_first[place.chunk] + place.index);
}

static uint32_t flags_of(unsigned fact_flags)
{
	uint32_t flags = 0;

	flags |= (fact_flags & CTRACE_FACT_UNFINISHED) != 0 ? CTRACE_REAL_UNFINISHED : 0u;
	flags |= (fact_flags & CTRACE_FACT_BEGAN_BEFORE) != 0 ? CTRACE_REAL_BEGAN_BEFORE : 0u;
	return flags | ((fact_flags & CTRACE_FACT_CUT) != 0 ? CTRACE_LANE_CUT : 0u);
}

static void append(struct ctrace_kernel_lanes *lanes, struct ctrace_lane *lane,
		   const struct ctrace_lane_event *event)
{
	if (!ctrace_lane_append(lane, event)) {
		lanes->is_out_of_memory = true;
	}
}

/* The lanes of a CPU; those for buffers of no CPU are the last. NULL: no memory. */
static struct ctrace_cpu_lanes *cpu_lanes(struct ctrace_kernel_lanes *lanes, uint32_t cpu)
{
	struct ctrace_cpu_lanes *grown;

	for (uint32_t i = 0; i < lanes->cpu_count; i++) {
		if (lanes->cpus[i].cpu == cpu) {
			return &lanes->cpus[i];
		}
	}
	grown = realloc(lanes->cpus, (lanes->cpu_count + 1u) * sizeof(*grown));
	if (grown == NULL) {
		lanes->is_out_of_memory = true;
		return NULL;
	}
	lanes->cpus = grown;
	grown[lanes->cpu_count] = (struct ctrace_cpu_lanes){.cpu = cpu};
	grown[lanes->cpu_count].turns.info.kind = CTRACE_LANE_CPU;
	grown[lanes->cpu_count].gaps.info.kind = CTRACE_LANE_GAP;
	return &grown[lanes->cpu_count++];
}

static uint32_t name_of_turn(const struct ctrace_kernel_lanes *lanes,
			     const struct ctrace_turn_fact *fact)
{
	const struct ctrace_model *model = lanes->model;
	uint32_t known = fact->thread;

	if (known == CTRACE_NO_THREAD && fact->tid != 0) {
		/* Not recorded: but a row may tell its name. */
		known = ctrace_thread_table_find(&model->threads, fact->tid, UINT64_MAX);
	}
	return known != CTRACE_NO_THREAD ? model->thread_names[known]
					 : (uint32_t)CTRACE_NAME_OTHERS;
}

static void on_turn(void *context, const struct ctrace_turn_fact *fact)
{
	struct ctrace_kernel_lanes *lanes = context;
	struct ctrace_cpu_lanes *cpu = cpu_lanes(lanes, fact->cpu);
	const struct ctrace_lane_event event = {
		.start = fact->begin,
		.duration = fact->end - fact->begin,
		.name = name_of_turn(lanes, fact),
		.flags = flags_of(fact->flags),
		.ref = ref_of(lanes, fact->from),
		.has_other = true,
		.other = fact->thread,
	};

	if (cpu != NULL) {
		append(lanes, &cpu->turns, &event);
	}
}

static void on_state(void *context, const struct ctrace_state_fact *fact)
{
	struct ctrace_kernel_lanes *lanes = context;
	const struct ctrace_lane_event event = {
		.start = fact->begin,
		.duration = fact->end - fact->begin,
		.name = ctrace_model_state_name(fact->state),
		.flags = flags_of(fact->flags),
		.ref = ref_of(lanes, fact->from),
		.has_other = true,
		.other = ref_of(lanes, fact->to),
	};

	append(lanes, &lanes->threads[fact->thread].states, &event);
}

/* What a later walk finds memory in (SPEC 8.5). */
static void mark_chunk(const struct ctrace_kernel_lanes *lanes, struct ctrace_event_place place)
{
	if (place.chunk != CTRACE_NO_CHUNK) {
		lanes->model->memory_chunks[place.chunk] = 1;
	}
}

static void on_pages(void *context, uint32_t thread, struct ctrace_event_place at)
{
	struct ctrace_kernel_lanes *lanes = context;

	mark_chunk(lanes, at);
	if (thread != CTRACE_NO_THREAD) {
		lanes->threads[thread].has_pages = true;
	}
}

static void on_call(void *context, const struct ctrace_call_fact *fact)
{
	struct ctrace_kernel_lanes *lanes = context;
	const struct ctrace_lane_event event = {
		.start = fact->begin,
		.duration = fact->end - fact->begin,
		.name = ctrace_names_of_call(lanes->model, fact->call),
		.flags = flags_of(fact->flags) |
			 ctrace_names_flags_of_call(lanes->model, fact->call) |
			 (fact->has_args ? (uint32_t)CTRACE_REAL_HAS_ARGS : 0u),
		.ref = ref_of(lanes, fact->from),
		.has_other = true,
		.other = ref_of(lanes, fact->to),
	};

	append(lanes, &lanes->threads[fact->thread].calls, &event);
	if (ctrace_names_is_mapping(lanes->model, fact->call)) {
		mark_chunk(lanes, fact->from);
		mark_chunk(lanes, fact->to);
	}
}

static void on_wake(void *context, const struct ctrace_wake_fact *fact)
{
	struct ctrace_kernel_lanes *lanes = context;
	struct ctrace_wake *wake = ctrace_column_add(&lanes->wakes, sizeof(*wake));

	if (wake == NULL) {
		lanes->is_out_of_memory = true;
		return;
	}
	*wake = (struct ctrace_wake){fact->time, fact->waker, fact->woken};
}

static void on_sample(void *context, const struct ctrace_sample_fact *fact)
{
	struct ctrace_kernel_lanes *lanes = context;
	const struct ctrace_lane_event event = {
		.start = fact->time,
		.name = ctrace_names_of_stack(lanes->model, fact->stack),
		.ref = ref_of(lanes, fact->at),
		.has_other = true,
		.other = fact->stack,
		.value = (double)fact->weight,
	};

	append(lanes, &lanes->threads[fact->thread].samples, &event);
}

static void on_look(void *context, uint32_t thread, const struct ctrace_look *look)
{
	struct ctrace_kernel_lanes *lanes = context;

	if (!ctrace_look_add(&lanes->threads[thread].looks, look)) {
		lanes->is_out_of_memory = true;
	}
}

static void on_delay(void *context, uint32_t thread, uint64_t time, uint64_t waited)
{
	struct ctrace_kernel_lanes *lanes = context;
	struct ctrace_run_delay *delay =
		ctrace_column_add(&lanes->threads[thread].delays, sizeof(*delay));

	if (delay == NULL) {
		lanes->is_out_of_memory = true;
		return;
	}
	*delay = (struct ctrace_run_delay){time, waited};
}

static void on_lost(void *context, const struct ctrace_buffer_loss *loss)
{
	struct ctrace_kernel_lanes *lanes = context;
	struct ctrace_cpu_lanes *cpu = cpu_lanes(lanes, loss->cpu);
	const struct ctrace_lost *lost = loss->lost;
	bool is_record = lost->chunk != CTRACE_NO_CHUNK;
	const struct ctrace_event_place at = {lost->chunk, lost->index};
	struct ctrace_loss_fact *fact;
	struct ctrace_lane_event event = {
		.start = loss->from,
		.name = CTRACE_NAME_LOST + (lost->reason < CTRACE_NAMES_LOST ? lost->reason : 0),
		.ref = ref_of(lanes, at),
		.value = (double)lost->events,
	};

	fact = cpu != NULL ? ctrace_column_add(&cpu->losses, sizeof(*fact)) : NULL;
	if (fact == NULL) {
		lanes->is_out_of_memory = true;
		return;
	}
	*fact = (struct ctrace_loss_fact){
		.since = loss->from,
		.end = loss->to,
		.events = lost->events,
		.chunks = lost->chunks,
		.reason = lost->reason,
	};
	if (cpu->gaps.count > 0 && event.start < cpu->gaps.last_end) {
		event.start = cpu->gaps.last_end;
	}
	event.duration = loss->to > event.start ? loss->to - event.start : 0;
	append(lanes, &cpu->gaps, &event);
	cpu->stream = loss->stream;
	cpu->lost += is_record ? lost->events : 0;
	lanes->lost += is_record ? lost->events : 0;
}

static void on_damaged(void *context, uint32_t chunk, const struct ctrace_error *error)
{
	struct ctrace_kernel_lanes *lanes = context;

	if (lanes->damaged != NULL) {
		lanes->damaged(lanes->context, chunk, error);
	}
}

static const struct ctrace_kernel_calls calls = {
	.turn = on_turn,
	.state = on_state,
	.call = on_call,
	.wake = on_wake,
	.sample = on_sample,
	.look = on_look,
	.pages = on_pages,
	.delay = on_delay,
	.lost = on_lost,
	.damaged = on_damaged,
};

static bool make_threads(struct ctrace_kernel_lanes *lanes)
{
	lanes->thread_count = lanes->model->threads.count;
	lanes->threads = calloc(lanes->thread_count + 1u, sizeof(*lanes->threads));
	for (uint32_t i = 0; lanes->threads != NULL && i < lanes->thread_count; i++) {
		lanes->threads[i].states.info.kind = CTRACE_LANE_STATE;
		lanes->threads[i].calls.info.kind = CTRACE_LANE_SPAN;
		lanes->threads[i].samples.info.kind = CTRACE_LANE_SAMPLE;
	}
	return lanes->threads != NULL;
}

static bool seal_one(const struct ctrace_kernel_lanes *lanes, struct ctrace_lane *lane)
{
	return ctrace_lane_seal(lane) && ctrace_pyramid_create(lane, lanes->model->duration);
}

/* Calls and samples go on to the thread's own, and are sealed there. */
static bool seal(struct ctrace_kernel_lanes *lanes)
{
	bool is_ok = true;

	for (uint32_t i = 0; is_ok && i < lanes->thread_count; i++) {
		is_ok = seal_one(lanes, &lanes->threads[i].states);
	}
	for (uint32_t i = 0; is_ok && i < lanes->cpu_count; i++) {
		is_ok = seal_one(lanes, &lanes->cpus[i].turns) &&
			ctrace_lane_seal(&lanes->cpus[i].gaps);
	}
	return is_ok;
}

static enum ctrace_status replay_all(struct ctrace_kernel_lanes *lanes,
				     struct ctrace_kernel_replay *replay)
{
	enum ctrace_status status = CTRACE_OK;

	while (status == CTRACE_OK) {
		status = ctrace_kernel_replay_step(replay);
		lanes->events = ctrace_kernel_replay_events(replay);
		if (lanes->is_out_of_memory) {
			return CTRACE_ERR_NO_MEMORY;
		}
		if (lanes->go_on != NULL && !lanes->go_on(lanes->context, lanes->events)) {
			return CTRACE_END;
		}
	}
	lanes->repaired = ctrace_kernel_replay_repaired(replay);
	return status == CTRACE_END ? CTRACE_OK : status;
}

enum ctrace_status ctrace_kernel_lanes_fill(struct ctrace_kernel_lanes *lanes,
					    struct ctrace_model *model)
{
	struct ctrace_kernel_replay *replay = NULL;
	enum ctrace_status status = CTRACE_ERR_NO_MEMORY;

	lanes->model = model;
	if (make_threads(lanes)) {
		status = ctrace_kernel_replay_create(&replay, model->trace, &model->threads, &calls,
						     lanes);
	}
	if (status == CTRACE_OK) {
		status = replay_all(lanes, replay);
	}
	if (status == CTRACE_OK && !seal(lanes)) {
		status = CTRACE_ERR_NO_MEMORY;
	}
	ctrace_kernel_replay_destroy(replay);
	return status;
}

void ctrace_kernel_lanes_finish(struct ctrace_kernel_lanes *lanes)
{
	for (uint32_t i = 0; lanes->threads != NULL && i < lanes->thread_count; i++) {
		ctrace_lane_finish(&lanes->threads[i].states);
		ctrace_lane_finish(&lanes->threads[i].calls);
		ctrace_lane_finish(&lanes->threads[i].samples);
		ctrace_column_finish(&lanes->threads[i].delays);
		ctrace_column_finish(&lanes->threads[i].looks);
	}
	for (uint32_t i = 0; i < lanes->cpu_count; i++) {
		ctrace_lane_finish(&lanes->cpus[i].turns);
		ctrace_lane_finish(&lanes->cpus[i].gaps);
		ctrace_column_finish(&lanes->cpus[i].losses);
	}
	free(lanes->threads);
	free(lanes->cpus);
	ctrace_column_finish(&lanes->wakes);
	lanes->threads = NULL;
	lanes->cpus = NULL;
	lanes->thread_count = lanes->cpu_count = 0;
}
