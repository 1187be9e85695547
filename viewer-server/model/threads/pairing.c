/* SPDX-License-Identifier: MIT */
/*
 * The open-span stack of one stream, its tasks and its losses. Pairing only: lanes, times in
 * nanoseconds and arguments belong to the callers.
 */

#include "viewer-server/model/threads/pairing.h"

#include "format/limits.h"
#include "viewer-server/model/threads/call_fields.h"
#include "viewer-server/model/threads/call_words.h"

#include <stdlib.h>
#include <string.h>

enum ctrace_status ctrace_pairing_init(struct ctrace_pairing *pairing,
				       const struct ctrace_pairing_calls *calls, void *context)
{
	*pairing = (struct ctrace_pairing){.calls = calls, .context = context};
	pairing->open = calloc(CTRACE_OPEN_SPANS_MAX, sizeof(*pairing->open));
	return pairing->open == NULL ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

void ctrace_pairing_finish(struct ctrace_pairing *pairing)
{
	if (pairing == NULL) {
		return;
	}
	free(pairing->open);
	free(pairing->events);
	ctrace_task_stack_finish(&pairing->entered);
	*pairing = (struct ctrace_pairing){0};
}

/* Where a span begins: made on the stack of open spans, where it stays. */
struct place {
	uint64_t begin;
	uint32_t site, chunk, index, flags;
};

static inline void open_span(struct ctrace_pairing *pairing, struct place at,
			     const struct ctrace_event *begin)
{
	struct ctrace_span *span = &pairing->open[pairing->depth];

	if (__builtin_expect(pairing->depth == CTRACE_OPEN_SPANS_MAX, 0)) {
		pairing->too_deep++;
		pairing->repaired++;
		return;
	}
	*span = (struct ctrace_span){
		.begin = at.begin,
		.task = ctrace_pairing_task(pairing),
		.site = at.site,
		.depth = pairing->depth++,
		.chunk = at.chunk,
		.index = at.index,
		.flags = at.flags,
	};
	pairing->calls->opened(pairing->context, span, begin);
}

static void close_innermost(struct ctrace_pairing *pairing, uint64_t ticks, uint32_t flags)
{
	struct ctrace_span *span = &pairing->open[--pairing->depth];

	span->end = ticks;
	span->flags |= flags;
	if (pairing->depth > 0) {
		pairing->open[pairing->depth - 1].children += ticks - span->begin;
	}
	pairing->calls->closed(pairing->context, span);
}

/*
 * Nothing of that name is open: the span began before the recording did, outside of all
 * that is open now, so it has its own time only if nothing is.
 */
static void close_unknown(struct ctrace_pairing *pairing, struct ctrace_span span)
{
	span.begin = pairing->first;
	span.chunk = CTRACE_NO_CHUNK;
	span.flags = CTRACE_SPAN_BEGAN_BEFORE;
	pairing->repaired += pairing->depth > 0;
	if (pairing->depth == 0) {
		pairing->calls->closed(pairing->context, &span);
	}
}

/* Close all that is open within the `depth` outermost ones. */
static void unwind(struct ctrace_pairing *pairing, uint32_t depth, uint64_t ticks)
{
	while (pairing->depth > depth) {
		pairing->repaired++;
		close_innermost(pairing, ticks, CTRACE_SPAN_UNWOUND);
	}
}

/* How many are open up to and with the innermost one of that site; 0: none. */
static uint32_t depth_of(const struct ctrace_pairing *pairing, uint32_t site)
{
	uint32_t i = pairing->depth;

	while (i > 0 && pairing->open[i - 1].site != site) {
		i--;
	}
	return i;
}

static void end_named(struct ctrace_pairing *pairing, uint32_t site, uint64_t ticks)
{
	uint32_t depth = depth_of(pairing, site);

	if (depth == 0) {
		close_unknown(pairing, (struct ctrace_span){.site = site, .end = ticks});
		return;
	}
	unwind(pairing, depth, ticks);
	close_innermost(pairing, ticks, 0);
}

/* An END without a name is of a span: what is open within of calls and collectors has no end. */
static void end_unnamed(struct ctrace_pairing *pairing, uint64_t ticks)
{
	uint32_t depth = pairing->depth;

	while (depth > 0 && ctrace_is_marked_site(pairing->open[depth - 1].site)) {
		depth--;
	}
	if (depth == 0) {
		close_unknown(pairing, (struct ctrace_span){.site = CTRACE_NO_SITE, .end = ticks});
		return;
	}
	unwind(pairing, depth, ticks);
	close_innermost(pairing, ticks, 0);
}

/* What the event says of the call that it ends. */
static void take_result(struct ctrace_span *span, const struct ctrace_event *event,
			const struct ctrace_value *values, uint32_t ordinal)
{
	span->has_result = true;
	span->result = values[ctrace_call_result_field(event->kind)].i64;
	span->end_chunk = ordinal;
	span->end_index = event->index;
}

static void end_call(struct ctrace_pairing *pairing, const struct ctrace_trace *trace,
		     const struct ctrace_event *event, uint32_t ordinal)
{
	struct ctrace_span unknown = {.end = event->ticks};
	struct ctrace_value values[16];
	uint32_t depth;

	if (ctrace_event_values(trace, event, values) <= ctrace_call_result_field(event->kind)) {
		return;
	}
	unknown.site = ctrace_site_of_call(values[ctrace_call_field(event->kind)].u64);
	depth = depth_of(pairing, unknown.site);
	if (depth == 0) {
		take_result(&unknown, event, values, ordinal);
		close_unknown(pairing, unknown);
		return;
	}
	unwind(pairing, depth, event->ticks);
	take_result(&pairing->open[depth - 1], event, values, ordinal);
	close_innermost(pairing, event->ticks, 0);
}

/* The innermost work of a collector ends, whatever its kind is. */
static void end_collector(struct ctrace_pairing *pairing, const struct ctrace_trace *trace,
			  const struct ctrace_event *event, uint32_t ordinal)
{
	struct ctrace_span unknown = {.end = event->ticks, .site = ctrace_site_of_collector(0)};
	struct ctrace_span *span = &unknown;
	struct ctrace_value values[16];
	uint32_t depth = pairing->depth;

	if (ctrace_event_values(trace, event, values) < 2) {
		return;
	}
	while (depth > 0 && !ctrace_is_collector_site(pairing->open[depth - 1].site)) {
		depth--;
	}
	if (depth > 0) {
		unwind(pairing, depth, event->ticks);
		span = &pairing->open[depth - 1];
	}
	span->has_result = true;
	span->result = (int64_t)values[0].u64;
	span->freed = values[1].u64;
	span->end_chunk = ordinal;
	span->end_index = event->index;
	if (depth > 0) {
		close_innermost(pairing, event->ticks, 0);
	} else {
		close_unknown(pairing, unknown);
	}
}

static void end_event(struct ctrace_pairing *pairing, const struct ctrace_event *event)
{
	if (event->site != CTRACE_NO_SITE) {
		end_named(pairing, event->site, event->ticks);
	} else if (pairing->too_deep > 0) {
		pairing->too_deep--;
	} else {
		end_unnamed(pairing, event->ticks);
	}
}

static uint64_t first_number(const struct ctrace_trace *trace, const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	return ctrace_event_values(trace, event, values) > 0 ? values[0].u64 : 0;
}

static void enter_task(struct ctrace_pairing *pairing, uint64_t id)
{
	if (!ctrace_task_stack_enter(&pairing->entered, id)) {
		pairing->is_out_of_memory = true;
	}
}

static void tell_loss(const struct ctrace_pairing *pairing, const struct ctrace_lost *loss)
{
	if (pairing->calls->lost != NULL) {
		pairing->calls->lost(pairing->context, loss);
	}
}

static void lost_event(struct ctrace_pairing *pairing, const struct ctrace_trace *trace,
		       const struct ctrace_event *event, uint32_t ordinal)
{
	struct ctrace_value values[16];
	uint64_t base = ctrace_trace_info(trace)->base_ticks;
	uint64_t room = event->ticks > base ? event->ticks - base : 0;

	if (ctrace_event_values(trace, event, values) < 3) {
		return;
	}
	const struct ctrace_lost loss = {
		.from = event->ticks - (values[2].u64 < room ? values[2].u64 : room),
		.to = event->ticks,
		.events = values[1].u64,
		.reason = (unsigned)values[0].u64,
		.chunk = ordinal,
		.index = event->index,
	};
	tell_loss(pairing, &loss);
}

/* What was missed since the last good chunk; the next one, or the stream's end, is at `to`. */
static void tell_missed(struct ctrace_pairing *pairing, uint64_t to)
{
	const struct ctrace_lost loss = {
		.from = pairing->has_events ? pairing->last : pairing->missed_from,
		.to = to,
		.events = pairing->missed_events,
		.chunks = pairing->missed_chunks,
		.reason = CTRACE_LOSS_CHUNK_MISSING,
		.chunk = CTRACE_NO_CHUNK,
	};

	if (pairing->missed_chunks == 0) {
		return;
	}
	pairing->missed_chunks = pairing->missed_events = 0;
	/* Who knows which tasks were left meanwhile. */
	pairing->entered.count = 0;
	tell_loss(pairing, &loss);
}

void ctrace_pairing_miss(struct ctrace_pairing *pairing, const struct ctrace_chunk_entry *entry)
{
	if (pairing->missed_chunks == 0) {
		pairing->missed_from = entry->base;
	}
	pairing->missed_chunks += 1 + (uint64_t)entry->missing_before;
	pairing->missed_events += entry->events;
	pairing->missed_to = entry->base + entry->span;
}

static void other_event(struct ctrace_pairing *pairing, const struct ctrace_trace *trace,
			const struct ctrace_event *event, uint32_t ordinal)
{
	if (event->kind == CTRACE_KIND_LOST) {
		lost_event(pairing, trace, event, ordinal);
		return;
	}
	if (event->kind == CTRACE_KIND_TASK_ENTER) {
		enter_task(pairing, first_number(trace, event));
	} else if (event->kind == CTRACE_KIND_TASK_LEAVE) {
		ctrace_task_stack_leave(&pairing->entered, first_number(trace, event));
	}
	pairing->calls->other(pairing->context, event, ordinal,
			      pairing->depth > 0 ? &pairing->open[pairing->depth - 1] : NULL);
}

static void begin_call(struct ctrace_pairing *pairing, const struct ctrace_trace *trace,
		       const struct ctrace_event *event, uint32_t ordinal)
{
	struct ctrace_value values[16];

	if (ctrace_event_values(trace, event, values) <= ctrace_call_field(event->kind)) {
		return;
	}
	const struct place begun = {
		.begin = event->ticks,
		.site = ctrace_site_of_call(values[ctrace_call_field(event->kind)].u64),
		.chunk = ordinal,
		.index = event->index,
	};
	open_span(pairing, begun, event);
}

static void begin_collector(struct ctrace_pairing *pairing, const struct ctrace_trace *trace,
			    const struct ctrace_event *event, uint32_t ordinal)
{
	const struct place begun = {
		.begin = event->ticks,
		.site = ctrace_site_of_collector(first_number(trace, event)),
		.chunk = ordinal,
		.index = event->index,
	};

	open_span(pairing, begun, event);
}

static void replay(struct ctrace_pairing *pairing, const struct ctrace_trace *trace,
		   const struct ctrace_event *event, uint32_t ordinal)
{
	const struct place begun = {
		.begin = event->ticks,
		.site = event->site,
		.chunk = ordinal,
		.index = event->index,
	};

	if (!pairing->has_events) {
		pairing->has_events = true;
		pairing->first = event->ticks;
	}
	pairing->last = event->ticks;
	switch (event->kind) {
	case CTRACE_KIND_SPAN_BEGIN:
		open_span(pairing, begun, event);
		break;
	case CTRACE_KIND_SPAN_END:
		end_event(pairing, event);
		break;
	case CTRACE_KIND_SYSCALL_ENTER:
	case CTRACE_KIND_LOCK_WAIT:
		begin_call(pairing, trace, event, ordinal);
		break;
	case CTRACE_KIND_SYSCALL_EXIT:
	case CTRACE_KIND_LOCK_ACQUIRED:
		end_call(pairing, trace, event, ordinal);
		break;
	case CTRACE_KIND_GC_BEGIN:
		begin_collector(pairing, trace, event, ordinal);
		break;
	case CTRACE_KIND_GC_END:
		end_collector(pairing, trace, event, ordinal);
		break;
	default:
		other_event(pairing, trace, event, ordinal);
	}
}

/* What agrees with a chunk's list, from the outermost: of what is open now, and of the list. */
struct agreement {
	uint32_t open, listed;
};

/* Lists tell of spans, not of calls and collectors: these stay open where nothing says otherwise.
 */
static struct agreement agree(const struct ctrace_pairing *pairing,
			      const struct ctrace_cursor *cursor, bool has_missed)
{
	struct agreement same = {0, 0};

	while (same.open < pairing->depth) {
		const struct ctrace_span *span = &pairing->open[same.open];
		const struct ctrace_open_span_in_chunk *listed = &cursor->open[same.listed];

		if (ctrace_is_marked_site(span->site)) {
			if (has_missed) {
				break;
			}
		} else if (same.listed < cursor->open_count && span->site == listed->site &&
			   span->begin == listed->begin) {
			same.listed++;
		} else {
			break;
		}
		same.open++;
	}
	return same;
}

/* The chunk's list wins over what is known (SPEC 8). */
static void restate(struct ctrace_pairing *pairing, const struct ctrace_cursor *cursor,
		    bool has_missed)
{
	struct agreement same = agree(pairing, cursor, has_missed);

	pairing->too_deep = 0;
	pairing->repaired += same.open < pairing->depth;
	while (pairing->depth > same.open) {
		close_innermost(pairing, pairing->last, CTRACE_SPAN_CUT);
	}
	for (uint32_t i = same.listed; i < cursor->open_count; i++) {
		const struct place place = {
			.begin = cursor->open[i].begin,
			.site = cursor->open[i].site,
			.chunk = CTRACE_NO_CHUNK,
			.flags = CTRACE_SPAN_RESTATED,
		};

		open_span(pairing, place, NULL);
	}
}

static enum ctrace_status reserve(struct ctrace_pairing *pairing, uint32_t events)
{
	struct ctrace_event *grown;

	if (events <= pairing->events_room) {
		return CTRACE_OK;
	}
	grown = realloc(pairing->events, events * sizeof(*grown));
	if (grown == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	pairing->events = grown;
	pairing->events_room = events;
	return CTRACE_OK;
}

/* All events of the chunk, or none: whether it is good is known at its end only. */
static enum ctrace_status decode(struct ctrace_pairing *pairing, struct ctrace_cursor *cursor,
				 struct ctrace_error *error)
{
	enum ctrace_status status = reserve(pairing, cursor->chunk->entry->events);
	struct ctrace_event spare;
	uint32_t count;

	if (status == CTRACE_OK) {
		status = ctrace_cursor_fill(cursor, pairing->events, cursor->chunk->entry->events,
					    &count, error);
	}
	return status == CTRACE_OK ? ctrace_cursor_next(cursor, &spare, error) : status;
}

enum ctrace_status ctrace_pairing_chunk(struct ctrace_pairing *pairing,
					const struct ctrace_trace *trace,
					const struct ctrace_chunk *chunk, uint32_t ordinal,
					struct ctrace_error *error)
{
	struct ctrace_cursor cursor;
	enum ctrace_status status = ctrace_cursor_init(&cursor, trace, chunk, error);
	bool has_missed;

	if (status == CTRACE_OK) {
		status = decode(pairing, &cursor, error);
	}
	if (status != CTRACE_END) {
		return status;
	}
	if (pairing->missed_chunks == 0) {
		pairing->missed_from = chunk->entry->base;
	}
	pairing->missed_chunks += chunk->entry->missing_before;
	has_missed = pairing->missed_chunks > 0;
	pairing->trace = trace;
	tell_missed(pairing, chunk->entry->base);
	restate(pairing, &cursor, has_missed);
	for (uint32_t i = 0; i < chunk->entry->events; i++) {
		replay(pairing, trace, &pairing->events[i], ordinal);
	}
	return pairing->is_out_of_memory ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

static bool is_final(const struct ctrace_pairing *pairing, const struct ctrace_span *span)
{
	const struct ctrace_call_row *row =
		ctrace_is_call_site(span->site)
			? ctrace_trace_call(pairing->trace, ctrace_call_of_site(span->site))
			: NULL;

	return row != NULL &&
	       ctrace_call_never_returns(ctrace_trace_string(pairing->trace, row->name));
}

void ctrace_pairing_close(struct ctrace_pairing *pairing, uint64_t ticks)
{
	tell_missed(pairing, pairing->missed_to);
	while (pairing->depth > 0 && is_final(pairing, &pairing->open[pairing->depth - 1])) {
		close_innermost(pairing, pairing->last, CTRACE_SPAN_CUT);
	}
	while (pairing->depth > 0) {
		close_innermost(pairing, ticks, CTRACE_SPAN_UNFINISHED);
	}
}
