/* SPDX-License-Identifier: MIT */
/* Holder and waker of a wait; see lock_detail.h. */

#include "viewer-server/model/ask/lock_detail.h"

#include "format/lock_events.h"
#include "viewer-server/model/ask/kernel_detail.h"
#include "viewer-server/model/ask/sleeps.h"

#define CHUNKS_LOOKED_AT_MAX 64u

struct search {
	const struct ctrace_model *model;
	const struct ctrace_call_fact *call;
	uint64_t pid, tid;
	/* Found: the latest one so far. */
	bool is_there;
	uint64_t ticks, time, who;
	struct ctrace_event_place place;
};

static bool is_rwlock(unsigned kind)
{
	return kind == CTRACE_LOCK_RWLOCK_READ || kind == CTRACE_LOCK_RWLOCK_WRITE;
}

static bool is_join(unsigned kind)
{
	return kind == CTRACE_LOCK_JOIN || kind == CTRACE_LOCK_THRD_JOIN;
}

/* Of a barrier, who comes lets go. */
static bool lets_go(const struct search *search, const struct ctrace_event *event,
		    const struct ctrace_value *values)
{
	unsigned kind = search->call->lock_kind, told = (unsigned)values[1].u64;
	enum ctrace_kind wanted =
		kind == CTRACE_LOCK_BARRIER ? CTRACE_KIND_LOCK_WAIT : CTRACE_KIND_LOCK_RELEASED;

	return event->kind == wanted && values[0].u64 == search->call->args[0] &&
	       (told == kind || (is_rwlock(told) && is_rwlock(kind)));
}

static void look_at(struct search *search, const struct ctrace_event *event, uint32_t chunk,
		    uint64_t tid)
{
	uint64_t time = ctrace_trace_ns(search->model->trace, event->ticks);
	struct ctrace_value values[16];

	if ((event->kind != CTRACE_KIND_LOCK_RELEASED && event->kind != CTRACE_KIND_LOCK_WAIT) ||
	    time < search->call->begin || time > search->call->end ||
	    (search->is_there && event->ticks < search->ticks)) {
		return;
	}
	ctrace_event_values(search->model->trace, event, values);
	if (lets_go(search, event, values)) {
		search->is_there = true;
		search->ticks = event->ticks;
		search->time = time;
		search->who = tid;
		search->place = (struct ctrace_event_place){chunk, event->index};
	}
}

static void look_through(struct search *search, struct ctrace_chunk *chunk, uint32_t index,
			 uint64_t tid)
{
	struct ctrace_error error = {0};
	struct ctrace_cursor cursor;
	struct ctrace_event event;

	if (ctrace_chunk_load(chunk, search->model->trace, index, &error) != CTRACE_OK ||
	    ctrace_chunk_check(search->model->trace, chunk, &error) != CTRACE_OK ||
	    ctrace_cursor_init(&cursor, search->model->trace, chunk, &error) != CTRACE_OK) {
		return;
	}
	while (ctrace_cursor_next(&cursor, &event, &error) == CTRACE_OK) {
		look_at(search, &event, index, tid);
	}
}

/* The thread of the chunk, if it may have let go; NULL: not so. */
static const struct ctrace_thread_row *whose(const struct search *search,
					     const struct ctrace_chunk_entry *entry)
{
	const struct ctrace_trace *trace = search->model->trace;
	const struct ctrace_thread_row *thread;

	if (entry->type != CTRACE_CHUNK_EVENTS ||
	    ctrace_trace_ns(trace, entry->base) > search->call->end ||
	    ctrace_trace_ns(trace, entry->base + entry->span) < search->call->begin) {
		return NULL;
	}
	thread = ctrace_trace_thread(trace, entry->stream);
	return thread != NULL && thread->pid == search->pid && thread->tid != search->tid ? thread
											  : NULL;
}

static void look_for_waker(struct search *search)
{
	uint32_t left = CHUNKS_LOOKED_AT_MAX;
	struct ctrace_chunk chunk = {0};

	for (uint32_t i = ctrace_trace_info(search->model->trace)->chunk_count; i > 0 && left > 0;
	     i--) {
		const struct ctrace_thread_row *thread =
			whose(search, ctrace_trace_chunk(search->model->trace, i - 1));

		if (thread != NULL) {
			look_through(search, &chunk, i - 1, thread->tid);
			left--;
		}
	}
	ctrace_chunk_unload(&chunk);
}

/* ---- where they were ---- */

/* The stream's chunk behind this one; CTRACE_NO_CHUNK: none. */
static uint32_t next_chunk(const struct ctrace_trace *trace, uint32_t chunk)
{
	uint32_t count = ctrace_trace_info(trace)->chunk_count;
	uint32_t stream = ctrace_trace_chunk(trace, chunk)->stream;

	for (uint32_t i = chunk + 1; i < count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);

		if (entry->type == CTRACE_CHUNK_EVENTS && entry->stream == stream) {
			return i;
		}
	}
	return CTRACE_NO_CHUNK;
}

static bool ends_search(enum ctrace_kind kind)
{
	return kind == CTRACE_KIND_LOCK_WAIT || kind == CTRACE_KIND_LOCK_ACQUIRED ||
	       kind == CTRACE_KIND_LOCK_RELEASED || kind == CTRACE_KIND_LOST;
}

/* A stack among the chunk's events from `first` on. False: the chunk says nothing of it. */
static bool find_stack_in(const struct ctrace_trace *trace, const struct ctrace_chunk *chunk,
			  uint32_t first, uint32_t *stack)
{
	struct ctrace_error error = {0};
	struct ctrace_value values[16];
	struct ctrace_cursor cursor;
	struct ctrace_event event;

	if (ctrace_chunk_check(trace, chunk, &error) != CTRACE_OK ||
	    ctrace_cursor_init(&cursor, trace, chunk, &error) != CTRACE_OK) {
		return true;
	}
	while (ctrace_cursor_next(&cursor, &event, &error) == CTRACE_OK) {
		if (event.index >= first && event.kind == CTRACE_KIND_LOCK_STACK) {
			ctrace_event_values(trace, &event, values);
			*stack = values[0].u64 <= UINT32_MAX ? (uint32_t)values[0].u64 : 0;
			return true;
		}
		if (event.index >= first && ends_search(event.kind)) {
			return true;
		}
	}
	return false;
}

/* Of the lock's event at `place`; 0: none is told. It stands behind it, at most a chunk later. */
static uint32_t stack_behind(const struct ctrace_trace *trace, struct ctrace_event_place place)
{
	struct ctrace_error error = {0};
	struct ctrace_chunk chunk = {0};
	uint32_t stack = 0, at = place.chunk, first = place.index + 1;

	for (unsigned i = 0; i < 2 && at != CTRACE_NO_CHUNK; i++) {
		if (ctrace_chunk_load(&chunk, trace, at, &error) != CTRACE_OK ||
		    find_stack_in(trace, &chunk, first, &stack)) {
			break;
		}
		at = next_chunk(trace, at);
		first = 0;
	}
	ctrace_chunk_unload(&chunk);
	return stack;
}

/* Until it was let go, as far as is known. */
static uint64_t end_of_holding(const struct ctrace_kernel_detail *kernel)
{
	return kernel->waker.is_there ? kernel->waker.time : kernel->call.end;
}

/* The first sample of the holder before it let go. */
static void find_sample(struct ctrace_kernel_detail *kernel, const struct ctrace_model *model)
{
	uint32_t thread = kernel->holder.who.thread, stream, lane, index;
	uint64_t until = end_of_holding(kernel);

	stream = thread != CTRACE_NO_THREAD ? model->thread_streams[thread] : CTRACE_NONE;
	lane = stream != CTRACE_NONE ? model->streams[stream].sample_lane : CTRACE_NONE;
	if (lane == CTRACE_NONE) {
		return;
	}
	index = ctrace_lane_lower_bound(&model->lanes[lane], kernel->call.begin);
	if (index < model->lanes[lane].count && model->lanes[lane].start[index] <= until) {
		kernel->holder_sample = (struct ctrace_place){lane, index};
	}
}

static void find_looks(struct ctrace_kernel_detail *kernel, const struct ctrace_model *model)
{
	const struct ctrace_call_fact *call = &kernel->call;
	const struct ctrace_column *looks =
		ctrace_sleep_looks_at(model, call->args[1], call->ticks);

	if (looks != NULL) {
		kernel->holder_seen =
			ctrace_looks_tell(looks, call->begin, end_of_holding(kernel), false);
	}
}

void ctrace_lock_detail_find(struct ctrace_detail *detail, const struct ctrace_model *model,
			     uint64_t pid, uint64_t tid)
{
	const struct ctrace_call_fact *call = &detail->kernel.call;
	struct search search = {.model = model, .call = call, .pid = pid, .tid = tid};

	if (call->lock_kind == 0) {
		return;
	}
	if (call->from.chunk != CTRACE_NO_CHUNK) {
		detail->kernel.wait_stack = stack_behind(model->trace, call->from);
	}
	if (call->args[1] != 0) {
		detail->kernel.holder =
			ctrace_kernel_who(model, call->args[1], call->ticks, call->begin);
	}
	if (call->has_result && call->result == 0 && !is_join(call->lock_kind)) {
		look_for_waker(&search);
	}
	if (search.is_there) {
		detail->kernel.waker =
			ctrace_kernel_who(model, search.who, search.ticks, search.time);
		detail->kernel.give_stack = stack_behind(model->trace, search.place);
	}
	if (detail->kernel.holder.is_there) {
		find_sample(&detail->kernel, model);
		find_looks(&detail->kernel, model);
	}
}
