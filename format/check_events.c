/* SPDX-License-Identifier: MIT */
/* What the strict validator asks of a chunk's events beyond what the cursor does. */

#include "format/checker.h"
#include "format/limits.h"
#include "format/wire.h"

#include <inttypes.h>

/* Does the list at the chunk's head say what the chunks before say? */
static void check_restated(struct ctrace_checker *checker, struct ctrace_checked_stream *stream)
{
	const struct ctrace_cursor *cursor = &checker->cursor;
	bool is_same = cursor->open_count == stream->depth;

	for (uint32_t i = 0; is_same && i < stream->depth; i++) {
		is_same = cursor->open[i].site == stream->stack[i].site &&
			  cursor->open[i].begin == stream->stack[i].begin;
	}
	if (stream->is_stack_known && !stream->has_gap_last && !is_same) {
		CTRACE_REPORT_CHUNK(checker,
				    "%u restated open spans are not the %u that stream %u has open",
				    cursor->open_count, stream->depth, stream->number);
	}
	if (stream->is_buffer && cursor->open_count > 0) {
		CTRACE_REPORT_CHUNK(checker,
				    "%u open spans in the stream of a buffer, which is no thread's",
				    cursor->open_count);
	}
	for (uint32_t i = 0; i < cursor->open_count; i++) {
		if (!ctrace_defined_is(&checker->sites, cursor->open[i].site)) {
			CTRACE_REPORT_CHUNK(
				checker, "an open span refers to site %u, which is defined later",
				cursor->open[i].site);
		}
		stream->stack[i] = cursor->open[i];
	}
	stream->depth = cursor->open_count;
	stream->is_stack_known = true;
}

static void follow_end(struct ctrace_checked_stream *stream, uint32_t site)
{
	if (site == CTRACE_NO_SITE) {
		stream->depth -= stream->depth > 0;
		return;
	}
	for (uint32_t depth = stream->depth; depth > 0; depth--) {
		if (stream->stack[depth - 1].site == site) {
			stream->depth = depth - 1;
			return;
		}
	}
}

static bool is_reason_written(uint64_t reason)
{
	return reason >= CTRACE_LOSS_RING_FULL && reason <= CTRACE_LOSS_KERNEL_FULL &&
	       reason != CTRACE_LOSS_CHUNK_MISSING;
}

static void check_lost(struct ctrace_checker *checker, struct ctrace_checked_stream *stream,
		       const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	ctrace_event_values(checker->trace, event, values);
	stream->has_gap_last = values[0].u64 == CTRACE_LOSS_OVERWRITTEN;
	stream->lost += values[1].u64;
	checker->report->lost += values[1].u64;
	if (!is_reason_written(values[0].u64)) {
		CTRACE_REPORT_CHUNK(checker,
				    "event %u: lost for reason %" PRIu64
				    ", writers know 1 to 6, 8 and 9",
				    event->index, values[0].u64);
	}
	if (values[2].u64 > event->ticks - ctrace_trace_info(checker->trace)->base_ticks) {
		CTRACE_REPORT_CHUNK(checker, "event %u: lost since before the file's base ticks",
				    event->index);
	}
}

static void check_event_strings(struct ctrace_checker *checker, const struct ctrace_event *event)
{
	const struct ctrace_site *site = ctrace_trace_site(checker->trace, event->site);
	struct ctrace_wire args =
		ctrace_wire_over(event->args, (size_t)(event->args_end - event->args));

	for (unsigned i = 0; site != NULL && i < site->arg_count; i++) {
		if (site->arg_types[i] == CTRACE_ARG_F64) {
			ctrace_wire_take(&args, 8);
			continue;
		}
		uint64_t value = ctrace_wire_varint(&args);
		if (site->arg_types[i] != CTRACE_ARG_STR) {
			continue;
		}
		if ((value & 1) == 0) {
			ctrace_checker_string(checker, value >> 1, "an event's argument");
		} else {
			ctrace_wire_take(&args, value >> 1);
		}
	}
}

/* Fields of a kind with a text: it stands behind numbers. */
static void check_field_strings(struct ctrace_checker *checker, const struct ctrace_event *event)
{
	struct ctrace_field fields[CTRACE_FIELDS_MAX];
	unsigned count = ctrace_kind_fields((uint64_t)event->kind, fields);
	struct ctrace_wire bytes =
		ctrace_wire_over(event->args, (size_t)(event->args_end - event->args));

	for (unsigned i = 0; i < count; i++) {
		if (fields[i].type == CTRACE_FIELD_U8) {
			ctrace_wire_u8(&bytes);
			continue;
		}
		uint64_t value = ctrace_wire_varint(&bytes);
		if (fields[i].type == CTRACE_FIELD_STR && (value & 1) == 0) {
			ctrace_checker_string(checker, value >> 1, "an event's text");
		}
	}
}

static bool has_text(enum ctrace_kind kind)
{
	return kind == CTRACE_KIND_THREAD_NAME || kind == CTRACE_KIND_PROCESS_NAME ||
	       kind == CTRACE_KIND_EXEC || kind == CTRACE_KIND_SYSCALL_TEXT ||
	       kind == CTRACE_KIND_POOL;
}

static void check_event(struct ctrace_checker *checker, struct ctrace_checked_stream *stream,
			const struct ctrace_event *event)
{
	stream->written++;
	stream->has_gap_last = false;
	checker->report->events++;
	if (event->site != CTRACE_NO_SITE && !ctrace_defined_is(&checker->sites, event->site)) {
		CTRACE_REPORT_CHUNK(checker, "event %u refers to site %u, which is defined later",
				    event->index, event->site);
	}
	if (stream->is_buffer || event->kind >= CTRACE_KIND_SCHED_SWITCH) {
		ctrace_checker_kernel_event(checker, stream, event);
	}
	ctrace_checker_lock_event(checker, event);
	if (event->kind == CTRACE_KIND_SPAN_END) {
		follow_end(stream, event->site);
		return;
	}
	check_event_strings(checker, event);
	if (has_text(event->kind)) {
		check_field_strings(checker, event);
	}
	if (event->kind == CTRACE_KIND_LOST) {
		stream->written--;
		check_lost(checker, stream, event);
	}
	if (ctrace_kind_info((uint64_t)event->kind) == NULL) {
		checker->report->unknown_events++;
	}
	if (event->kind != CTRACE_KIND_SPAN_BEGIN) {
		return;
	}
	if (stream->depth == CTRACE_OPEN_SPANS_MAX) {
		CTRACE_REPORT_CHUNK(checker, "event %u opens one span more than the limit of 1024",
				    event->index);
		stream->is_stack_known = false;
		return;
	}
	stream->stack[stream->depth++] =
		(struct ctrace_open_span_in_chunk){.site = event->site, .begin = event->ticks};
}

void ctrace_checker_events(struct ctrace_checker *checker)
{
	const struct ctrace_chunk_entry *entry = checker->chunk.entry;
	struct ctrace_checked_stream *stream = ctrace_checker_stream(checker, entry->stream);
	struct ctrace_error error = {0};
	struct ctrace_event event;

	if (stream == NULL) {
		checker->status = CTRACE_ERR_NO_MEMORY;
		return;
	}
	if (ctrace_chunk_check(checker->trace, &checker->chunk, &error) != CTRACE_OK) {
		checker->report->problems++;
		checker->problem(checker->context, &error);
		stream->is_stack_known = false;
		return;
	}
	if (entry->missing_before > 0) {
		stream->is_stack_known = false;
	}
	ctrace_cursor_init(&checker->cursor, checker->trace, &checker->chunk, NULL);
	check_restated(checker, stream);
	while (ctrace_cursor_next(&checker->cursor, &event, NULL) == CTRACE_OK) {
		check_event(checker, stream, &event);
	}
	stream->last_offset = entry->offset;
}
