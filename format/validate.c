/* SPDX-License-Identifier: MIT */
/* The strict validator: one walk over the directory with what is known so far. */

#include "format/checker.h"

#include "format/header.h"
#include "format/limits.h"
#include "format/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Was this chunk already named among the damage of opening? Its rows then count for nothing. */
static bool is_damaged(const struct ctrace_checker *checker, uint64_t offset)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(checker->trace);

	for (uint32_t i = 0; i < info->damage_count; i++) {
		if (info->damage[i].offset == offset) {
			return true;
		}
	}
	return false;
}

static void check_gap(struct ctrace_checker *checker, uint32_t index)
{
	const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(checker->trace, index);

	if (entry->missing_before > 0) {
		ctrace_checker_report(checker, entry->offset, index,
				      "%u chunk%s of stream %u missing before its chunk %u",
				      entry->missing_before, entry->missing_before == 1 ? "" : "s",
				      entry->stream, entry->seq);
	}
}

static void check_chunk(struct ctrace_checker *checker, uint32_t index)
{
	const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(checker->trace, index);
	struct ctrace_error error = {0};

	checker->is_reference_reported = false;
	check_gap(checker, index);
	if (is_damaged(checker, entry->offset)) {
		return;
	}
	enum ctrace_status status =
		ctrace_chunk_load(&checker->chunk, checker->trace, index, &error);
	if (status == CTRACE_ERR_NO_MEMORY || status == CTRACE_ERR_IO) {
		checker->status = status;
		return;
	}
	if (status != CTRACE_OK) {
		checker->report->problems++;
		checker->problem(checker->context, &error);
		return;
	}
	if (entry->type == CTRACE_CHUNK_EVENTS) {
		ctrace_checker_events(checker);
	} else {
		ctrace_checker_rows(checker);
	}
}

static bool is_row_of(const struct ctrace_index_row *row, const struct ctrace_chunk_entry *entry)
{
	return row->offset == entry->offset && row->type == entry->type &&
	       row->stream == entry->stream && row->base == entry->base &&
	       row->span == entry->span && row->events == entry->events &&
	       row->stored == entry->stored;
}

/* Rows of one INDEX chunk against the directory from `chunk` on; the next chunk to compare. */
static uint32_t check_index_rows(struct ctrace_checker *checker, uint32_t first, uint32_t chunk)
{
	struct ctrace_wire payload =
		ctrace_wire_over(checker->chunk.payload, checker->chunk.entry->raw);

	for (uint32_t i = 0; i < checker->chunk.entry->events; i++, chunk++) {
		struct ctrace_index_row row;
		if (ctrace_row_get_index(ctrace_wire_row(&payload), &row) != NULL) {
			return UINT32_MAX;
		}
		if (chunk >= first) {
			CTRACE_REPORT_CHUNK(checker,
					    "index row %u stands for no chunk before the index", i);
			return UINT32_MAX;
		}
		if (!is_row_of(&row, ctrace_trace_chunk(checker->trace, chunk))) {
			CTRACE_REPORT_CHUNK(
				checker, "index row %u is not what chunk %u at byte %" PRIu64 " is",
				i, chunk, ctrace_trace_chunk(checker->trace, chunk)->offset);
			return UINT32_MAX;
		}
	}
	return chunk;
}

/* A run of INDEX chunks that begins at `first`. Returns the chunk behind it. */
static uint32_t check_index(struct ctrace_checker *checker, uint32_t first)
{
	uint32_t count = ctrace_trace_info(checker->trace)->chunk_count, chunk = 0, at = first;

	for (; at < count && ctrace_trace_chunk(checker->trace, at)->type == CTRACE_CHUNK_INDEX;
	     at++) {
		if (chunk == UINT32_MAX ||
		    ctrace_chunk_load(&checker->chunk, checker->trace, at, NULL) != CTRACE_OK) {
			continue;
		}
		chunk = check_index_rows(checker, first, chunk);
	}
	if (chunk < first) {
		ctrace_checker_report(checker, ctrace_trace_chunk(checker->trace, first)->offset,
				      first, "the index has rows for %u of the %u chunks before it",
				      chunk, first);
	}
	return at;
}

static void check_indexes(struct ctrace_checker *checker)
{
	uint32_t count = ctrace_trace_info(checker->trace)->chunk_count;

	for (uint32_t i = 0; i < count;) {
		bool is_index = ctrace_trace_chunk(checker->trace, i)->type == CTRACE_CHUNK_INDEX;
		i = is_index ? check_index(checker, i) : i + 1;
	}
}

/* The chunk at this offset is the first INDEX of a run. */
static bool is_index_start(const struct ctrace_checker *checker, uint64_t offset)
{
	uint32_t count = ctrace_trace_info(checker->trace)->chunk_count;

	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(checker->trace, i);
		if (entry->offset == offset) {
			return entry->type == CTRACE_CHUNK_INDEX &&
			       (i == 0 || ctrace_trace_chunk(checker->trace, i - 1)->type !=
						  CTRACE_CHUNK_INDEX);
		}
	}
	return false;
}

static void check_trailer(struct ctrace_checker *checker)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(checker->trace);
	uint64_t offset = info->file_bytes - CTRACE_TRAILER_BYTES;

	if (info->trailer_chunks != info->chunk_count) {
		ctrace_checker_report(checker, offset, CTRACE_NO_CHUNK,
				      "trailer: says %u chunks, there are %u", info->trailer_chunks,
				      info->chunk_count);
	}
	if (info->lost != checker->report->lost) {
		ctrace_checker_report(checker, offset, CTRACE_NO_CHUNK,
				      "trailer: says %" PRIu64
				      " lost, the LOST events sum up to %" PRIu64,
				      info->lost, checker->report->lost);
	}
	if (info->index_offset != 0 && !is_index_start(checker, info->index_offset)) {
		ctrace_checker_report(checker, offset, CTRACE_NO_CHUNK,
				      "trailer: no INDEX begins at byte %" PRIu64,
				      info->index_offset);
	}
}

static void check_all(struct ctrace_checker *checker)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(checker->trace);

	for (uint32_t i = 0; i < info->damage_count; i++) {
		checker->report->problems++;
		checker->problem(checker->context, &info->damage[i].error);
	}
	checker->report->problems += info->damage_more;
	for (uint32_t i = 0; i < info->chunk_count && checker->status == CTRACE_OK; i++) {
		check_chunk(checker, i);
	}
	if (checker->report->problems == 0 && checker->status == CTRACE_OK) {
		check_indexes(checker);
	}
	if (checker->report->problems == 0 && info->has_trailer && checker->status == CTRACE_OK) {
		check_trailer(checker);
		ctrace_checker_counts(checker);
	}
}

static bool begin_table(struct ctrace_defined *defined, const char *what, uint32_t end)
{
	*defined = (struct ctrace_defined){
		.what = what, .bits = calloc((size_t)end / 8 + 1, 1), .end = end};
	return defined->bits != NULL;
}

static bool begin(struct ctrace_checker *checker)
{
	const struct ctrace_trace *trace = checker->trace;

	return begin_table(&checker->strings, "string", ctrace_trace_string_end(trace)) &&
	       begin_table(&checker->sites, "site", ctrace_trace_site_end(trace)) &&
	       begin_table(&checker->calls, "call", ctrace_trace_call_end(trace)) &&
	       begin_table(&checker->stacks, "stack", ctrace_trace_stack_end(trace)) &&
	       begin_table(&checker->frames, "frame", ctrace_trace_frame_end(trace)) &&
	       begin_table(&checker->modules, "module", ctrace_trace_module_end(trace));
}

static void finish(struct ctrace_checker *checker)
{
	for (uint32_t i = 0; i < checker->stream_count; i++) {
		free(checker->streams[i].stack);
	}
	free(checker->streams);
	free(checker->strings.bits);
	free(checker->sites.bits);
	free(checker->calls.bits);
	free(checker->stacks.bits);
	free(checker->frames.bits);
	free(checker->modules.bits);
	ctrace_map_finish(&checker->stream_index);
	ctrace_chunk_unload(&checker->chunk);
	free(checker);
}

enum ctrace_status ctrace_validate(const struct ctrace_trace *trace,
				   void (*problem)(void *context, const struct ctrace_error *error),
				   void *context, struct ctrace_validate_report *report_out)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);
	struct ctrace_checker *checker = calloc(1, sizeof(*checker));

	*report_out = (struct ctrace_validate_report){
		.chunks = info->chunk_count,
		.duration_ns = ctrace_trace_ns(trace, info->last_ticks),
	};
	if (checker == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	checker->trace = trace;
	checker->problem = problem;
	checker->context = context;
	checker->report = report_out;
	if (begin(checker)) {
		check_all(checker);
	} else {
		checker->status = CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < checker->stream_count; i++) {
		report_out->buffers += checker->streams[i].is_buffer;
	}
	report_out->threads = checker->stream_count - report_out->buffers;
	enum ctrace_status status = checker->status;
	finish(checker);
	return status;
}
