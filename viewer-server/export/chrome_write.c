/* SPDX-License-Identifier: MIT */
/*
 * Items of one chunk to lines of JSON. Nearly all are spans with nothing in between, written by a
 * way of their own right into the caller's buffer.
 */

#include "viewer-server/export/chrome_parts.h"

#include <string.h>

static bool is_in_range(const struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item)
{
	bool is_span = item->kind == CTRACE_KIND_SPAN_BEGIN;

	if (item->kind == CTRACE_KIND_NONE || item->is_chosen) {
		return item->kind != CTRACE_KIND_NONE;
	}
	if ((item->flags & CTRACE_CHROME_BEGAN_BEFORE) != 0) {
		return item->end >= chrome->start && item->end < chrome->end;
	}
	if (item->start >= chrome->end) {
		return false;
	}
	return item->start >= chrome->start ||
	       (is_span && (item->end > chrome->start || (item->flags & CTRACE_CHROME_OPEN) != 0));
}

static void count(struct ctrace_chrome_counts *counts, const struct ctrace_chrome_item *item)
{
	counts->lines++;
	switch (item->kind) {
	case CTRACE_KIND_SPAN_BEGIN:
		counts->open_spans += (item->flags & CTRACE_CHROME_OPEN) != 0;
		counts->spans += (item->flags & CTRACE_CHROME_OPEN) == 0;
		break;
	case CTRACE_KIND_INSTANT:
		counts->instants++;
		break;
	case CTRACE_KIND_LOG:
		counts->logs++;
		break;
	case CTRACE_KIND_COUNTER:
		counts->counters++;
		break;
	case CTRACE_KIND_TASK_BEGIN:
		counts->task_begins++;
		break;
	case CTRACE_KIND_TASK_STEP:
		counts->task_steps++;
		break;
	case CTRACE_KIND_TASK_END:
		counts->task_ends++;
		break;
	case CTRACE_KIND_LOST:
		counts->lost++;
		break;
	case CTRACE_KIND_THREAD_NAME:
	case CTRACE_KIND_PROCESS_NAME:
		counts->names++;
		break;
	default:
		counts->flows++;
	}
}

static char *put_line(struct ctrace_chrome *chrome, char *at, const struct ctrace_chrome_line *line)
{
	size_t size = strlen(chrome->separator);

	memcpy(at, chrome->separator, size);
	chrome->separator = ",\n";
	return ctrace_chrome_line_write(at + size, line);
}

static bool is_bare(const struct ctrace_chrome_item *item)
{
	return item->kind == CTRACE_KIND_SPAN_BEGIN && item->flags == 0 && item->task == 0 &&
	       item->args == item->args_end && !ctrace_is_marked_site(item->site);
}

static bool is_of_collector(const struct ctrace_chrome_item *item)
{
	return (item->kind >= CTRACE_KIND_GC_BEGIN && item->kind <= CTRACE_KIND_GC_THREAD) ||
	       (item->kind == CTRACE_KIND_SPAN_BEGIN && ctrace_is_collector_site(item->site));
}

/* Calls and samples that a thread tells of itself: as facts, like those of a kernel's buffers; and
 * what a collector tells. */
static bool is_fact(const struct ctrace_chrome_item *item)
{
	return item->kind == CTRACE_KIND_SAMPLE || item->kind == CTRACE_KIND_THREAD_STACK ||
	       is_of_collector(item) ||
	       (item->kind == CTRACE_KIND_SPAN_BEGIN && ctrace_is_call_site(item->site));
}

static void spill_collector(struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item)
{
	const struct ctrace_chrome_stream *stream = &chrome->plan.streams[item->stream];

	if (item->kind == CTRACE_KIND_SPAN_BEGIN) {
		const struct ctrace_collector_fact fact = ctrace_chrome_item_collector(item);

		chrome->counts.spans++;
		ctrace_chrome_collector(&chrome->spill, &fact, stream->pid, stream->tid);
	} else if (item->kind == CTRACE_KIND_GC_THREAD) {
		chrome->counts.instants++;
		ctrace_chrome_halt(&chrome->spill, item->task != 0, item->start, item->id,
				   stream->pid, stream->tid);
	} else {
		chrome->counts.counters++;
		ctrace_chrome_collector_heap(&chrome->spill, item->kind == CTRACE_KIND_GC_END,
					     item->start, item->id, stream->pid, stream->tid);
	}
}

static void spill_fact(struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item)
{
	const struct ctrace_chrome_stream *stream = &chrome->plan.streams[item->stream];

	ctrace_buffer_put(&chrome->spill, ",\n", 2);
	chrome->counts.lines++;
	if (is_of_collector(item)) {
		spill_collector(chrome, item);
		return;
	}
	if (item->kind == CTRACE_KIND_SAMPLE) {
		const struct ctrace_sample_fact sample =
			ctrace_chrome_item_sample(item, chrome->trace);

		ctrace_chrome_sample(&chrome->spill, &sample, stream->pid, stream->tid);
		return;
	}
	if (item->kind == CTRACE_KIND_THREAD_STACK) {
		const struct ctrace_look look = ctrace_chrome_item_look(item, chrome->trace);

		ctrace_chrome_look(&chrome->spill, &look, stream->pid, stream->tid);
		return;
	}
	const struct ctrace_call_fact call = ctrace_chrome_item_call(item, chrome->trace);

	chrome->counts.spans++;
	ctrace_chrome_call(&chrome->spill, chrome->trace, &call, stream->pid, stream->tid);
}

/* The common case with nothing in between. NULL: it is not that simple. */
static char *write_bare(struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item,
			char *at, const char *end)
{
	const struct ctrace_chrome_bare_span span = {
		.site = ctrace_chrome_site_get(&chrome->sites, item->site),
		.thread = &chrome->plan.streams[item->stream].thread,
		.start = item->start,
		.duration = item->end - item->start,
	};

	if (span.site == NULL || ctrace_chrome_bare_room(span.site) > (size_t)(end - at)) {
		return NULL;
	}
	chrome->counts.spans++;
	chrome->counts.lines++;
	memcpy(at, ",\n", 2);
	return ctrace_chrome_bare_write(at + 2, &span);
}

/* Write an item into the buffer if it surely fits, else into the spill. The end of what stands in
 * the buffer. */
static char *write_item(struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item,
			char *at, const char *end)
{
	struct ctrace_chrome_line line;
	struct ctrace_value values[16];

	if (!ctrace_chrome_item_line(&line, item, &chrome->sites,
				     &chrome->plan.streams[item->stream].thread, values)) {
		ctrace_chrome_fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
		return at;
	}
	count(&chrome->counts, item);
	size_t room = ctrace_chrome_line_room(&line);
	if (room <= (size_t)(end - at)) {
		return put_line(chrome, at, &line);
	}
	char *start = (char *)ctrace_buffer_reserve(&chrome->spill, room);
	if (start == NULL) {
		ctrace_chrome_fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
		return at;
	}
	chrome->spill.size += (size_t)(put_line(chrome, start, &line) - start);
	return at;
}

char *ctrace_chrome_write_items(struct ctrace_chrome *chrome, char *at, const char *end)
{
	while (chrome->item < chrome->list.count && chrome->spill.size == 0 &&
	       chrome->status == CTRACE_OK) {
		const struct ctrace_chrome_item *item = &chrome->list.items[chrome->item++];
		if (!is_in_range(chrome, item)) {
			continue;
		}
		if (__builtin_expect(is_fact(item), 0)) {
			spill_fact(chrome, item);
			continue;
		}
		/* Metadata stands before every event, so there is always a comma to write. */
		char *bare = is_bare(item) ? write_bare(chrome, item, at, end) : NULL;
		at = bare != NULL ? bare : write_item(chrome, item, at, end);
	}
	return at;
}
