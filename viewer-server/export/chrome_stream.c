/* SPDX-License-Identifier: MIT */
/* Events of one stream as items: spans by pairing, points as they are, tasks by their table. */

#include "viewer-server/export/chrome_stream.h"

#include "viewer-server/export/chrome_memory.h"

#include <stdlib.h>
#include <string.h>

/*
 * What pairing keeps for us with a span: where its item is. Odd: its place in
 * the list of the chunk it began in. Even: a copy, made when that chunk ended.
 */
static uint64_t tag_of_index(size_t index)
{
	return (uint64_t)index << 1 | 1;
}

static uint64_t tag_of_copy(struct ctrace_chrome_copy *copy)
{
	return (uint64_t)(uintptr_t)copy;
}

static struct ctrace_chrome_copy *copy_of_tag(uint64_t tag)
{
	return (tag & 1) != 0 ? NULL : (struct ctrace_chrome_copy *)(uintptr_t)tag;
}

static void span_opened(void *context, struct ctrace_span *span, const struct ctrace_event *begin)
{
	struct ctrace_chrome_stream *stream = context;
	size_t index = stream->list->count;
	struct ctrace_chrome_item *item = ctrace_chrome_list_slot(stream->list);

	span->tag = tag_of_index(index);
	if (item == NULL) {
		return;
	}
	item->start = item->end = ctrace_trace_ns(stream->trace, span->begin);
	item->args = begin == NULL ? NULL : begin->args;
	item->args_end = begin == NULL ? NULL : begin->args_end;
	item->id = 0;
	item->task = span->task;
	item->site = span->site;
	item->task_site = CTRACE_NO_SITE;
	item->stream = stream->index;
	item->kind = CTRACE_KIND_SPAN_BEGIN;
	item->flags = 0;
	item->text_count = 0;
	item->is_lock_wait = begin != NULL && begin->kind == CTRACE_KIND_LOCK_WAIT;
	item->ticks = span->begin;
	item->is_chosen = false;
}

/* The item of a span that ends now, wherever it waits. */
static struct ctrace_chrome_item *item_of(struct ctrace_chrome_stream *stream,
					  const struct ctrace_span *span)
{
	struct ctrace_chrome_copy *copy = copy_of_tag(span->tag);

	if ((span->flags & CTRACE_SPAN_BEGAN_BEFORE) != 0) {
		return ctrace_chrome_list_add(
			stream->list, (struct ctrace_chrome_item){
					      .kind = CTRACE_KIND_SPAN_BEGIN,
					      .start = ctrace_trace_ns(stream->trace, span->begin),
					      .site = span->site,
					      .stream = stream->index,
					      .ticks = span->end,
				      });
	}
	if (copy != NULL) {
		return ctrace_chrome_list_add_copy(stream->list, copy);
	}
	size_t index = (size_t)(span->tag >> 1);
	return index < stream->list->count ? &stream->list->items[index] : NULL;
}

/* What is alive when the collector is done is a counter, too. */
static void add_live(struct ctrace_chrome_stream *stream, const struct ctrace_span *span)
{
	if (span->has_result && span->result != 0) {
		ctrace_chrome_list_add(stream->list,
				       (struct ctrace_chrome_item){
					       .kind = CTRACE_KIND_GC_END,
					       .start = ctrace_trace_ns(stream->trace, span->end),
					       .id = (uint64_t)span->result,
					       .stream = stream->index,
				       });
	}
}

static void mark(const struct ctrace_chrome_stream *stream, uint32_t chunk)
{
	if (chunk != CTRACE_NO_CHUNK) {
		stream->marks[chunk] = CTRACE_CHROME_HAS_MEMORY;
	}
}

/* A call that maps memory: a later walk looks at it again. */
static void mark_call(const struct ctrace_chrome_stream *stream, const struct ctrace_span *span)
{
	uint32_t call = ctrace_call_of_site(span->site);

	if (ctrace_is_call_site(span->site) && call < ctrace_trace_call_end(stream->trace) &&
	    stream->mapping_calls[call] != CTRACE_MAPPING_NONE) {
		mark(stream, span->chunk);
		mark(stream, span->has_result ? span->end_chunk : CTRACE_NO_CHUNK);
	}
}

static void span_closed(void *context, const struct ctrace_span *span)
{
	struct ctrace_chrome_stream *stream = context;
	struct ctrace_chrome_item *item = item_of(stream, span);

	if (__builtin_expect(ctrace_is_call_site(span->site), 0)) {
		mark_call(stream, span);
	}
	if (item != NULL) {
		item->end = ctrace_trace_ns(stream->trace, span->end);
		item->flags = span->flags == 0 ? 0 : ctrace_chrome_flags_of_span(span->flags);
		if (__builtin_expect(span->has_result, 0)) {
			item->flags |= CTRACE_CHROME_HAS_RESULT;
			item->id = (uint64_t)span->result;
		}
		if (__builtin_expect(ctrace_is_collector_site(span->site), 0)) {
			item->ticks = span->freed;
			add_live(stream, span);
		}
	}
}

static uint64_t first_number(const struct ctrace_trace *trace, const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	return ctrace_event_values(trace, event, values) > 0 ? values[0].u64 : 0;
}

static void on_lost(void *context, const struct ctrace_lost *loss)
{
	struct ctrace_chrome_stream *stream = context;

	ctrace_chrome_list_add(stream->list,
			       (struct ctrace_chrome_item){
				       .kind = CTRACE_KIND_LOST,
				       .start = ctrace_trace_ns(stream->trace, loss->to),
				       .end = ctrace_trace_ns(stream->trace, loss->from),
				       .site = loss->reason,
				       .id = loss->events,
				       .task = loss->chunks,
				       .stream = stream->index,
			       });
}

/* What the call that has just begun, in this chunk, was given. */
static void add_text(struct ctrace_chrome_stream *stream, const struct ctrace_event *event,
		     const struct ctrace_span *inner)
{
	struct ctrace_chrome_item *item;
	size_t index = inner != NULL ? (size_t)(inner->tag >> 1) : 0;

	if (inner == NULL || !ctrace_is_call_site(inner->site) || (inner->tag & 1) == 0 ||
	    index >= stream->list->count) {
		return;
	}
	item = &stream->list->items[index];
	if (item->text_count < CTRACE_CALL_TEXTS) {
		item->texts[item->text_count++] =
			(struct ctrace_chrome_args){event->args, event->args_end};
	}
}

static bool is_stop(const struct ctrace_trace *trace, const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	return ctrace_event_values(trace, event, values) > 1 && values[1].u64 != 0;
}

/* Every event that is neither begin, end nor LOST. */
static void other_event(void *context, const struct ctrace_event *event, uint32_t chunk,
			const struct ctrace_span *inner)
{
	struct ctrace_chrome_stream *stream = context;
	struct ctrace_chrome_item item = {
		.kind = (uint8_t)event->kind,
		.start = ctrace_trace_ns(stream->trace, event->ticks),
		.site = event->site,
		.task_site = CTRACE_NO_SITE,
		.stream = stream->index,
		.task = ctrace_pairing_task(&stream->pairing),
		.args = event->args,
		.args_end = event->args_end,
	};

	switch (event->kind) {
	case CTRACE_KIND_GC_HEAP:
	case CTRACE_KIND_GC_THREAD:
		item.id = first_number(stream->trace, event);
		item.task = event->kind == CTRACE_KIND_GC_THREAD && is_stop(stream->trace, event);
		ctrace_chrome_list_add(stream->list, item);
		return;
	case CTRACE_KIND_ALLOC:
	case CTRACE_KIND_FREE:
	case CTRACE_KIND_REALLOC:
	case CTRACE_KIND_POOL:
	case CTRACE_KIND_PAGE_FAULT:
	case CTRACE_KIND_PROCESS_MEMORY:
		mark(stream, chunk);
		return;
	case CTRACE_KIND_SYSCALL_TEXT:
		add_text(stream, event, inner);
		return;
	case CTRACE_KIND_SAMPLE:
	case CTRACE_KIND_THREAD_STACK:
		ctrace_chrome_list_add(stream->list, item);
		return;
	case CTRACE_KIND_TASK_BEGIN:
	case CTRACE_KIND_TASK_STEP:
	case CTRACE_KIND_TASK_END:
		item.task = 0;
		item.id = first_number(stream->trace, event);
		ctrace_chrome_tasks_add(stream->all_tasks, stream->list, &item, stream->pid,
					(uint64_t)chunk << 32 | event->index);
		return;
	case CTRACE_KIND_FLOW_OUT:
	case CTRACE_KIND_FLOW_STEP:
	case CTRACE_KIND_FLOW_IN:
		item.id = first_number(stream->trace, event);
		ctrace_chrome_list_add(stream->list, item);
		return;
	case CTRACE_KIND_COUNTER:
		item.task = 0;
		ctrace_chrome_list_add(stream->list, item);
		return;
	case CTRACE_KIND_INSTANT:
	case CTRACE_KIND_LOG:
	case CTRACE_KIND_THREAD_NAME:
	case CTRACE_KIND_PROCESS_NAME:
		ctrace_chrome_list_add(stream->list, item);
		return;
	default:
		return;
	}
}

static const struct ctrace_pairing_calls pairing_calls = {
	.opened = span_opened,
	.closed = span_closed,
	.other = other_event,
	.lost = on_lost,
};

/* Spans that are open at the chunk's end take their arguments with them. */
static void carry_open_spans(struct ctrace_chrome_stream *stream)
{
	struct ctrace_chrome_list *list = stream->list;

	for (uint32_t i = 0; i < stream->pairing.depth; i++) {
		struct ctrace_span *span = &stream->pairing.open[i];
		size_t index = (size_t)(span->tag >> 1);
		if ((span->tag & 1) == 0 || index >= list->count) {
			continue;
		}
		struct ctrace_chrome_copy *copy = ctrace_chrome_copy_of(&list->items[index]);
		list->is_failed = list->is_failed || copy == NULL;
		list->items[index].kind = CTRACE_KIND_NONE;
		span->tag = tag_of_copy(copy);
	}
}

static enum ctrace_status begin(struct ctrace_chrome_stream *stream)
{
	if (stream->is_begun) {
		return CTRACE_OK;
	}
	stream->is_begun = true;
	return ctrace_pairing_init(&stream->pairing, &pairing_calls, stream);
}

void ctrace_chrome_work_finish(struct ctrace_chrome_work *work)
{
	free(work->events);
	*work = (struct ctrace_chrome_work){0};
}

/* Pairing decodes a chunk into memory of its own: a megabyte, too much for each of many threads. */
static void lend(struct ctrace_chrome_work *work, struct ctrace_pairing *pairing)
{
	pairing->events = work->events;
	pairing->events_room = work->events_room;
}

static void take_back(struct ctrace_chrome_work *work, struct ctrace_pairing *pairing)
{
	work->events = pairing->events;
	work->events_room = pairing->events_room;
	pairing->events = NULL;
	pairing->events_room = 0;
}

enum ctrace_status ctrace_chrome_stream_chunk(struct ctrace_chrome_stream *stream,
					      const struct ctrace_chunk *chunk, uint32_t ordinal,
					      struct ctrace_chrome_work *work,
					      struct ctrace_error *error)
{
	enum ctrace_status status = begin(stream);

	if (status != CTRACE_OK) {
		return status;
	}
	lend(work, &stream->pairing);
	status = ctrace_pairing_chunk(&stream->pairing, stream->trace, chunk, ordinal, error);
	take_back(work, &stream->pairing);
	if (status != CTRACE_OK) {
		return status;
	}
	carry_open_spans(stream);
	return stream->list->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

void ctrace_chrome_stream_miss(struct ctrace_chrome_stream *stream,
			       const struct ctrace_chunk_entry *entry)
{
	if (begin(stream) != CTRACE_OK) {
		stream->list->is_failed = true;
		return;
	}
	ctrace_pairing_miss(&stream->pairing, entry);
}

void ctrace_chrome_stream_close(struct ctrace_chrome_stream *stream, uint64_t last_ticks)
{
	stream->is_over = true;
	if (stream->is_begun) {
		ctrace_pairing_close(&stream->pairing, last_ticks);
		stream->repaired = stream->pairing.repaired;
		ctrace_pairing_finish(&stream->pairing);
		stream->is_begun = false;
	}
}

void ctrace_chrome_stream_finish(struct ctrace_chrome_stream *stream)
{
	for (uint32_t i = 0; stream->is_begun && i < stream->pairing.depth; i++) {
		free(copy_of_tag(stream->pairing.open[i].tag));
	}
	if (stream->is_begun) {
		ctrace_pairing_finish(&stream->pairing);
		stream->is_begun = false;
	}
}
