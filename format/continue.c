/* SPDX-License-Identifier: MIT */

/* Rows behind a trace; see continue.h. */

#include "format/continue.h"

#include "format/opened.h"
#include "format/rows.h"
#include "format/writing.h"

#include <stdlib.h>

uint64_t ctrace_continued_end(const struct ctrace_trace *trace)
{
	const struct ctrace_trace_info *info = &trace->info;

	if (!info->has_trailer) {
		return info->good_end;
	}
	return info->index_offset != 0 ? info->index_offset : info->good_end - CTRACE_TRAILER_BYTES;
}

static uint32_t kept_chunks(const struct ctrace_trace *trace)
{
	uint64_t end = ctrace_continued_end(trace);
	uint32_t count = trace->info.chunk_count;

	while (count > 0 && trace->entries[count - 1].offset >= end) {
		count--;
	}
	return count;
}

static void remember(struct ctrace_writer *writer, const struct ctrace_chunk_entry *entry)
{
	const struct ctrace_index_row row = {
		.offset = entry->offset,
		.type = entry->type,
		.stream = entry->stream,
		.base = entry->base,
		.span = entry->span,
		.events = entry->events,
		.stored = entry->stored,
	};

	ctrace_row_put_index(&writer->tables->index, &row);
	if (entry->stream == 0 && entry->type != CTRACE_CHUNK_EVENTS &&
	    entry->seq >= writer->table_seq) {
		writer->table_seq = entry->seq + 1;
	}
}

enum ctrace_status ctrace_writer_continue(struct ctrace_writer *writer,
					  const struct ctrace_writer_settings *settings,
					  const struct ctrace_trace *trace, uint64_t lost)
{
	uint32_t count = kept_chunks(trace);

	*writer = (struct ctrace_writer){.settings = *settings,
					 .offset = ctrace_continued_end(trace),
					 .events = trace->info.events,
					 .chunks = count,
					 .lost = lost};
	writer->tables = calloc(1, sizeof(*writer->tables));
	if (writer->tables == NULL || ctrace_packer_init(&writer->tables->packer) != CTRACE_OK) {
		ctrace_writer_finish(writer);
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < count; i++) {
		remember(writer, &trace->entries[i]);
	}
	writer->tables->strings.count =
		trace->tables.string_end > 0 ? trace->tables.string_end - 1 : 0;
	writer->tables->strings.total_bytes = trace->tables.string_bytes;
	if (writer->tables->index.is_failed) {
		ctrace_writer_finish(writer);
		return CTRACE_ERR_NO_MEMORY;
	}
	return CTRACE_OK;
}

/* `at`: where it stands in `chunks`. */
static enum ctrace_status add_chunk(struct ctrace_trace *trace,
				    const struct ctrace_chunk_header *header, const uint8_t *stored,
				    uint64_t at, struct ctrace_error *error)
{
	uint8_t *raw = malloc(header->raw + 1u);
	enum ctrace_status status = CTRACE_ERR_NO_MEMORY;
	const char *wrong = NULL;
	uint32_t row = 0;

	if (raw != NULL) {
		status = ctrace_chunk_payload_decode(header, stored, raw, at, CTRACE_NO_CHUNK,
						     error);
	}
	if (status == CTRACE_OK) {
		wrong = ctrace_tables_add(&trace->tables, (enum ctrace_chunk_type)header->type, raw,
					  header->raw, header->events, &row, &status);
	}
	free(raw);
	return wrong == NULL ? status
			     : ctrace_error_set(error, status, at, CTRACE_NO_CHUNK, "row %u: %s",
						row, wrong);
}

enum ctrace_status ctrace_trace_amend(struct ctrace_trace *trace, const uint8_t *chunks,
				      size_t size, struct ctrace_error *error)
{
	enum ctrace_status status = CTRACE_OK;
	size_t at = 0;

	while (status == CTRACE_OK && size - at >= CTRACE_CHUNK_HEADER_BYTES) {
		struct ctrace_chunk_header header;

		status = ctrace_chunk_header_decode(&header, chunks + at, trace->info.base_ticks,
						    at, CTRACE_NO_CHUNK, error);
		if (status != CTRACE_OK) {
			break;
		}
		if (header.stored > size - at - CTRACE_CHUNK_HEADER_BYTES) {
			return ctrace_error_set(error, CTRACE_ERR_CUT, at, CTRACE_NO_CHUNK,
						"rows are cut short");
		}
		status = add_chunk(trace, &header, chunks + at + CTRACE_CHUNK_HEADER_BYTES, at,
				   error);
		at += CTRACE_CHUNK_HEADER_BYTES + header.stored;
	}
	return status;
}
