/* SPDX-License-Identifier: MIT */
/* Events read again by their numbers; see kernel_detail.h. */

#include "viewer-server/model/ask/kernel_detail.h"

#include "viewer-server/model/ask/event_origin.h"
#include "viewer-server/model/ask/lock_detail.h"
#include "viewer-server/model/ask/near.h"
#include "viewer-server/model/ask/sleeps.h"
#include "viewer-server/model/kernel/call_decode.h"
#include "viewer-server/model/threads/call_fields.h"
#include "viewer-server/model/threads/pairing.h"
#include "viewer-server/model/tile.h"

#include <string.h>

#define WOKE_MAX 64u
/* A list may be short, but it must not take long. */
#define WAKES_LOOKED_AT_MAX 200000u

static const struct ctrace_place nowhere = {CTRACE_NONE, 0};

/* ---- Threads ------------------------------------------------------------------ */

static struct ctrace_place state_at(const struct ctrace_model *model, uint32_t stream,
				    uint64_t time)
{
	uint32_t lane = model->streams[stream].state_lane, index;

	if (lane == CTRACE_NONE) {
		return nowhere;
	}
	index = ctrace_near_containing(&model->lanes[lane], time);
	return index < model->lanes[lane].count ? (struct ctrace_place){lane, index} : nowhere;
}

static struct ctrace_named_thread name_thread(const struct ctrace_model *model, uint64_t tid,
					      uint32_t thread, uint64_t time)
{
	struct ctrace_named_thread named = {
		.tid = tid, .thread = thread, .track = CTRACE_NONE, .running = nowhere};
	uint32_t stream;

	if (thread == CTRACE_NO_THREAD) {
		return named;
	}
	stream = model->thread_streams[thread];
	named.label = ctrace_model_name(model, model->thread_names[thread]);
	if (stream != CTRACE_NONE) {
		named.track = model->streams[stream].track;
		named.label = model->tracks[named.track].label;
		named.running = state_at(model, stream, time);
	}
	return named;
}

struct ctrace_place ctrace_kernel_call_at(const struct ctrace_model *model, uint32_t stream,
					  uint64_t time)
{
	struct ctrace_place place = ctrace_near_innermost(model, stream, time);

	while (place.lane != CTRACE_NONE &&
	       !ctrace_real_is_call(ctrace_lane_flags(&model->lanes[place.lane], place.index))) {
		place = ctrace_near_parent(model, place);
	}
	return place;
}

/* ---- Calls ---------------------------------------------------------------------- */

static bool is_of(const struct ctrace_value *values, uint64_t tid)
{
	return values[0].u64 == 0 || values[0].u64 == tid;
}

/* Texts behind the enter, in its chunk, before anything else that the thread calls. */
static void find_texts(struct ctrace_call_fact *call, const struct ctrace_model *model,
		       const struct ctrace_chunk *chunk, uint64_t tid)
{
	struct ctrace_error error = {0};
	struct ctrace_value values[16];
	struct ctrace_cursor cursor;
	struct ctrace_event event;

	if (ctrace_cursor_init(&cursor, model->trace, chunk, &error) != CTRACE_OK) {
		return;
	}
	while (call->text_count < CTRACE_CALL_TEXTS &&
	       ctrace_cursor_next(&cursor, &event, &error) == CTRACE_OK) {
		bool is_edge = event.kind == CTRACE_KIND_SYSCALL_ENTER ||
			       event.kind == CTRACE_KIND_SYSCALL_EXIT;

		if (event.index > call->from.index &&
		    (event.kind == CTRACE_KIND_SPAN_BEGIN || event.kind == CTRACE_KIND_SPAN_END)) {
			return;
		}
		if (event.index <= call->from.index ||
		    (!is_edge && event.kind != CTRACE_KIND_SYSCALL_TEXT) ||
		    ctrace_event_values(model->trace, &event, values) < 3 || !is_of(values, tid)) {
			continue;
		}
		if (is_edge) {
			return;
		}
		call->texts[call->text_count++] =
			(struct ctrace_call_text){(unsigned)values[1].u64, values[2].str};
	}
}

static void take_enter(struct ctrace_detail *detail, const struct ctrace_model *model, uint64_t tid)
{
	struct ctrace_call_fact *call = &detail->kernel.call;
	const struct ctrace_event *event = &detail->origin.event;
	struct ctrace_value values[16];

	bool is_lock = ctrace_is_lock_event(event->kind);

	if (ctrace_event_values(model->trace, event, values) < (is_lock ? 4 : 8)) {
		return;
	}
	call->call = (uint32_t)(values[ctrace_call_field(event->kind)].u64 & 0xffff);
	call->ticks = event->ticks;
	call->begin = ctrace_trace_ns(model->trace, event->ticks);
	call->has_args = true;
	if (is_lock) {
		ctrace_call_take_lock(call, values);
		return;
	}
	for (unsigned i = 0; i < 6; i++) {
		call->args[i] = values[2 + i].u64;
	}
	find_texts(call, model, &detail->chunk, tid);
}

static enum ctrace_status take_exit(struct ctrace_detail *detail, const struct ctrace_model *model,
				    uint32_t ref, struct ctrace_error *error)
{
	struct ctrace_call_fact *call = &detail->kernel.call;
	struct ctrace_value values[16];
	struct ctrace_event event;
	enum ctrace_status status =
		ctrace_origin_read(model, ref, &detail->end_chunk, &event, error);

	if (status != CTRACE_OK || ctrace_event_values(model->trace, &event, values) <=
					   ctrace_call_result_field(event.kind)) {
		return status;
	}
	call->call = (uint32_t)(values[ctrace_call_field(event.kind)].u64 & 0xffff);
	call->to = ctrace_origin_place(model, ref);
	call->end = ctrace_trace_ns(model->trace, event.ticks);
	call->ticks = call->has_args ? call->ticks : event.ticks;
	call->has_result = true;
	call->result = values[ctrace_call_result_field(event.kind)].i64;
	return CTRACE_OK;
}

static unsigned fact_flags(const struct ctrace_model_event *event)
{
	unsigned flags = 0;

	flags |= (event->flags & CTRACE_REAL_UNFINISHED) != 0 ? CTRACE_FACT_UNFINISHED : 0u;
	flags |= (event->flags & CTRACE_REAL_BEGAN_BEFORE) != 0 ? CTRACE_FACT_BEGAN_BEFORE : 0u;
	return flags | ((event->flags & CTRACE_LANE_CUT) != 0 ? CTRACE_FACT_CUT : 0u);
}

static enum ctrace_status find_call(struct ctrace_detail *detail, const struct ctrace_model *model,
				    struct ctrace_error *error)
{
	const struct ctrace_lane *lane = &model->lanes[detail->event.place.lane];
	uint32_t index = detail->event.place.index, stream = model->lane_streams[lane->info.id];
	struct ctrace_call_fact *call = &detail->kernel.call;
	enum ctrace_status status = CTRACE_OK;

	detail->kernel.is_call = true;
	*call = (struct ctrace_call_fact){
		.thread = model->streams[stream].thread,
		.begin = detail->origin.begin,
		.end = detail->event.start + detail->event.duration,
		.from = detail->kernel.from,
		.to = {CTRACE_NO_CHUNK, 0},
		.flags = fact_flags(&detail->event),
	};
	if (ctrace_is_call_site(detail->origin.site)) {
		call->call = ctrace_call_of_site(detail->origin.site);
	}
	detail->origin.stream = model->streams[stream].stream;
	detail->arg_count = 0;
	if (lane->ref[index] < CTRACE_STRAY_REF) {
		take_enter(detail, model, model->tracks[lane->info.track].tid);
	}
	if (lane->other != NULL && lane->other[index] != CTRACE_NO_REF) {
		status = take_exit(detail, model, lane->other[index], error);
	}
	ctrace_lock_detail_find(detail, model, model->tracks[lane->info.track].pid,
				model->tracks[lane->info.track].tid);
	return status;
}

/* ---- States ----------------------------------------------------------------------- */

static uint32_t cpu_of(uint64_t cpu)
{
	return cpu < CTRACE_NO_CPU ? (uint32_t)cpu : CTRACE_NO_CPU;
}

/* Of the buffer that the chunk is of. */
static uint32_t buffer_cpu(const struct ctrace_model *model, const struct ctrace_chunk *chunk)
{
	const struct ctrace_buffer_row *buffer =
		ctrace_trace_buffer(model->trace, chunk->entry->stream);

	return buffer != NULL ? buffer->cpu : CTRACE_NO_CPU;
}

/*
 * The thread's last CPU, as the event says that began its state. Of who was not seen to begin
 * running that is the first thing it did.
 */
static void take_cpu(struct ctrace_detail *detail, const struct ctrace_model *model,
		     const struct ctrace_event *event, const struct ctrace_chunk *chunk)
{
	bool is_running = detail->kernel.state == CTRACE_STATE_RUNNING;
	struct ctrace_value values[16];
	unsigned count;

	detail->kernel.cpu = CTRACE_NO_CPU;
	if (event->kind == CTRACE_KIND_NONE) {
		return;
	}
	count = ctrace_event_values(model->trace, event, values);
	switch ((int)event->kind) {
	case CTRACE_KIND_SCHED_SWITCH:
	case CTRACE_KIND_SCHED_IN:
	case CTRACE_KIND_SCHED_OUT:
		detail->kernel.cpu = count > 0 ? cpu_of(values[0].u64) : CTRACE_NO_CPU;
		break;
	case CTRACE_KIND_SCHED_WAKING:
		detail->kernel.cpu =
			count > 3 ? cpu_of(values[is_running ? 0 : 3].u64) : CTRACE_NO_CPU;
		break;
	case CTRACE_KIND_SYSCALL_ENTER:
	case CTRACE_KIND_SYSCALL_EXIT:
		detail->kernel.cpu = buffer_cpu(model, chunk);
		break;
	default:
		break;
	}
}

struct ctrace_waker ctrace_kernel_who(const struct ctrace_model *model, uint64_t tid,
				      uint64_t ticks, uint64_t time)
{
	struct ctrace_waker found = {
		.is_there = true, .time = time, .cpu = CTRACE_NO_CPU, .doing = nowhere};

	found.who = name_thread(model, tid, ctrace_thread_table_find(&model->threads, tid, ticks),
				time);
	if (found.who.thread != CTRACE_NO_THREAD &&
	    model->thread_streams[found.who.thread] != CTRACE_NONE) {
		found.doing =
			ctrace_near_innermost(model, model->thread_streams[found.who.thread], time);
	}
	return found;
}

/* Is the event one that wakes, and who did it? */
static bool find_waker(struct ctrace_detail *detail, const struct ctrace_model *model,
		       const struct ctrace_event *event)
{
	struct ctrace_waker *waker = &detail->kernel.waker;
	bool is_waking = event->kind == CTRACE_KIND_SCHED_WAKING;
	struct ctrace_value values[16];
	uint64_t tid;

	if ((!is_waking && event->kind != CTRACE_KIND_FORK) ||
	    ctrace_event_values(model->trace, event, values) < 3) {
		return false;
	}
	tid = values[is_waking ? 1 : 0].u64;
	*waker = ctrace_kernel_who(model, tid, event->ticks,
				   ctrace_trace_ns(model->trace, event->ticks));
	waker->cpu = is_waking ? cpu_of(values[0].u64) : CTRACE_NO_CPU;
	return true;
}

static enum ctrace_status find_state(struct ctrace_detail *detail, const struct ctrace_model *model,
				     struct ctrace_error *error)
{
	const struct ctrace_lane *lane = &model->lanes[detail->event.place.lane];
	uint32_t stream = model->lane_streams[lane->info.id];
	uint32_t end = lane->other[detail->event.place.index];
	enum ctrace_status status = CTRACE_OK;
	struct ctrace_event event;

	detail->kernel.state = detail->event.name - CTRACE_NAME_STATE;
	detail->kernel.in_call = ctrace_kernel_call_at(model, stream, detail->event.start);
	detail->kernel.seen = ctrace_sleep_told(model, detail->event.place);
	take_cpu(detail, model, &detail->origin.event, &detail->chunk);
	if (detail->kernel.state == CTRACE_STATE_WOKEN) {
		find_waker(detail, model, &detail->origin.event);
		detail->kernel.waker_tid = detail->kernel.waker.who.tid;
		return CTRACE_OK;
	}
	if (end != CTRACE_NO_REF) {
		status = ctrace_origin_read(model, end, &detail->end_chunk, &event, error);
	}
	if (end == CTRACE_NO_REF || status != CTRACE_OK) {
		return status;
	}
	if (ctrace_thread_state_is_waiting(detail->kernel.state)) {
		find_waker(detail, model, &event);
	} else if (detail->origin.event.kind == CTRACE_KIND_NONE) {
		/* It began before the recording: where it ran is told when it stops. */
		take_cpu(detail, model, &event, &detail->end_chunk);
	}
	return CTRACE_OK;
}

/* ---- Whom a thread woke --------------------------------------------------------- */

static size_t first_wake(const struct ctrace_model *model, uint64_t time)
{
	const struct ctrace_wake *wakes = model->wakes.items;
	size_t low = 0, high = model->wakes.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (wakes[middle].time < time) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static enum ctrace_status find_woken(struct ctrace_detail *detail, const struct ctrace_model *model,
				     uint32_t thread)
{
	const struct ctrace_wake *wakes = model->wakes.items;
	uint64_t end = detail->event.start + detail->event.duration;
	size_t first = first_wake(model, detail->event.start);

	for (size_t i = first; i < model->wakes.count && i - first < WAKES_LOOKED_AT_MAX &&
			       wakes[i].time < end && detail->kernel.woke_count < WOKE_MAX;
	     i++) {
		const struct ctrace_known_thread *known = &model->threads.threads[wakes[i].woken];

		if (wakes[i].waker != thread) {
			continue;
		}
		if (detail->kernel.woke == NULL) {
			detail->kernel.woke = calloc(WOKE_MAX, sizeof(*detail->kernel.woke));
		}
		if (detail->kernel.woke == NULL) {
			return CTRACE_ERR_NO_MEMORY;
		}
		detail->kernel.woke[detail->kernel.woke_count++] = (struct ctrace_woken){
			wakes[i].time,
			name_thread(model, known->tid, wakes[i].woken, wakes[i].time)};
	}
	return CTRACE_OK;
}

/* ---- Turns and samples ------------------------------------------------------------- */

static void find_turn(struct ctrace_detail *detail, const struct ctrace_model *model)
{
	const struct ctrace_lane *lane = &model->lanes[detail->event.place.lane];
	uint32_t thread = lane->other[detail->event.place.index];
	struct ctrace_value values[16];

	detail->kernel.cpu = lane->info.cpu;
	if (thread != CTRACE_NO_THREAD) {
		detail->kernel.tid = model->threads.threads[thread].tid;
	} else if (detail->event.name != CTRACE_NAME_OTHERS &&
		   detail->origin.event.kind == CTRACE_KIND_SCHED_SWITCH &&
		   ctrace_event_values(model->trace, &detail->origin.event, values) > 3) {
		detail->kernel.tid = values[3].u64;
	}
	detail->kernel.turn = name_thread(model, detail->kernel.tid, thread, detail->event.start);
	if (thread == CTRACE_NO_THREAD) {
		detail->kernel.turn.label = ctrace_model_name(model, detail->event.name);
	}
}

static void find_sample(struct ctrace_detail *detail, const struct ctrace_model *model)
{
	const struct ctrace_lane *lane = &model->lanes[detail->event.place.lane];
	struct ctrace_value values[16];

	detail->kernel.stack = lane->other[detail->event.place.index];
	detail->kernel.cpu = CTRACE_NO_CPU;
	if (ctrace_event_values(model->trace, &detail->origin.event, values) > 2) {
		detail->kernel.cpu = cpu_of(values[1].u64);
		detail->kernel.cpu_told = values[1].u64;
		detail->kernel.weight = values[2].u64;
	}
}

static enum ctrace_status find_what_it_is(struct ctrace_detail *detail,
					  const struct ctrace_model *model,
					  struct ctrace_error *error)
{
	switch (model->lanes[detail->event.place.lane].info.kind) {
	case CTRACE_LANE_STATE:
		return find_state(detail, model, error);
	case CTRACE_LANE_CPU:
		find_turn(detail, model);
		return CTRACE_OK;
	case CTRACE_LANE_SAMPLE:
		find_sample(detail, model);
		return CTRACE_OK;
	case CTRACE_LANE_GAP:
		detail->kernel.is_of_cpu =
			model->tracks[model->lanes[detail->event.place.lane].info.track].kind ==
			CTRACE_TRACK_CPUS;
		detail->kernel.cpu = model->lanes[detail->event.place.lane].info.cpu;
		return CTRACE_OK;
	case CTRACE_LANE_SPAN:
		return ctrace_real_is_call(detail->event.flags) ? find_call(detail, model, error)
								: CTRACE_OK;
	default:
		return CTRACE_OK;
	}
}

enum ctrace_status ctrace_kernel_detail_find(struct ctrace_detail *detail,
					     const struct ctrace_model *model,
					     struct ctrace_error *error)
{
	const struct ctrace_lane *lane = &model->lanes[detail->event.place.lane];
	uint32_t ref = lane->ref[detail->event.place.index];
	uint32_t stream = model->lane_streams[lane->info.id], thread;
	enum ctrace_status status;

	detail->kernel = (struct ctrace_kernel_detail){
		.in_call = nowhere,
		.cpu = CTRACE_NO_CPU,
		.threads = &model->threads,
		.holder_sample = nowhere,
	};
	detail->kernel.track_stream =
		stream != CTRACE_NONE ? model->streams[stream].stream : CTRACE_NONE;
	detail->kernel.thread =
		stream != CTRACE_NONE ? model->streams[stream].thread : CTRACE_NO_THREAD;
	detail->kernel.from = ref < CTRACE_STRAY_REF
				      ? ctrace_origin_place(model, ref)
				      : (struct ctrace_event_place){CTRACE_NO_CHUNK, 0};
	status = find_what_it_is(detail, model, error);
	thread = detail->kernel.thread;
	if (status == CTRACE_OK && thread != CTRACE_NO_THREAD &&
	    (lane->info.kind == CTRACE_LANE_SPAN ||
	     (lane->info.kind == CTRACE_LANE_STATE &&
	      detail->kernel.state == CTRACE_STATE_RUNNING))) {
		status = find_woken(detail, model, thread);
	}
	return status;
}
