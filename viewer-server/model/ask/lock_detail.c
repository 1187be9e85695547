/* SPDX-License-Identifier: MIT */
/* Holder and waker of a wait; see lock_detail.h. */

#include "viewer-server/model/ask/lock_detail.h"

#include "format/lock_events.h"
#include "viewer-server/model/ask/kernel_detail.h"

#define CHUNKS_LOOKED_AT_MAX 64u

struct search {
	const struct ctrace_model *model;
	const struct ctrace_call_fact *call;
	uint64_t pid, tid;
	/* Found: the latest one so far. */
	bool is_there;
	uint64_t ticks, time, who;
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

static void look_at(struct search *search, const struct ctrace_event *event, uint64_t tid)
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
		look_at(search, &event, tid);
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

void ctrace_lock_detail_find(struct ctrace_detail *detail, const struct ctrace_model *model,
			     uint64_t pid, uint64_t tid)
{
	const struct ctrace_call_fact *call = &detail->kernel.call;
	struct search search = {.model = model, .call = call, .pid = pid, .tid = tid};

	if (call->lock_kind == 0) {
		return;
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
	}
}
