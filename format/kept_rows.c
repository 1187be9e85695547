/* SPDX-License-Identifier: MIT */

/* Rows that are remembered, given to another trace; see kept_rows.h. */

#include "format/kept_rows.h"

#include "format/kernel_rows.h"
#include "format/rows.h"
#include "format/writing.h"

/* Of a string beside its bytes: its slot, and what malloc takes. */
#define STRING_BYTES 64u

/* ---- how much ---- */

size_t ctrace_kept_rows_bytes(const struct ctrace_writer *writer)
{
	const struct ctrace_writer_tables *tables = writer->tables;
	size_t live = tables->strings.count - tables->strings.free_count;
	size_t bytes = tables->strings.total_bytes + live * STRING_BYTES;

	for (unsigned i = 0; i < CTRACE_CHUNK_TYPES_END; i++) {
		bytes += tables->pending[i].rows.size;
	}
	return bytes;
}

uint64_t ctrace_kept_rows_refused(const struct ctrace_writer *writer)
{
	return writer->tables->kept.refused;
}

uint32_t ctrace_kept_rows_count(const struct ctrace_writer *writer, enum ctrace_chunk_type type)
{
	return writer->tables->pending[type].count;
}

uint32_t ctrace_kept_rows_age(const struct ctrace_writer *writer)
{
	return writer->tables->kept.age;
}

/* ---- one row ---- */

struct giving {
	struct ctrace_writer *to;
	uint64_t from_base, to_base;
	const struct ctrace_kept_counts *counts;
};

typedef void give_fn(const struct giving *giving, struct ctrace_wire row);

/* 0 stays what it is: earlier than the recording, or not known. */
static uint64_t moved(const struct giving *giving, uint64_t after_base)
{
	uint64_t ticks = giving->from_base + after_base;

	return after_base != 0 && ticks > giving->to_base ? ticks - giving->to_base : 0;
}

static void give_process(const struct giving *giving, struct ctrace_wire bytes)
{
	struct ctrace_process_row row;

	if (ctrace_row_get_process(bytes, &row) == NULL) {
		row.start = moved(giving, row.start);
		ctrace_writer_process(giving->to, &row);
	}
}

static void give_thread(const struct giving *giving, struct ctrace_wire bytes)
{
	struct ctrace_thread_row row;

	if (ctrace_row_get_thread(bytes, &row) == NULL) {
		row.start = moved(giving, row.start);
		ctrace_writer_thread(giving->to, &row);
	}
}

static void give_source(const struct giving *giving, struct ctrace_wire bytes)
{
	struct ctrace_source_row row;

	if (ctrace_row_get_source(bytes, &row) == NULL) {
		giving->counts->source(giving->counts->context, &row);
		ctrace_writer_source(giving->to, &row);
	}
}

static void give_call(const struct giving *giving, struct ctrace_wire bytes)
{
	struct ctrace_call_row row;

	if (ctrace_row_get_call(bytes, &row) == NULL) {
		ctrace_writer_call(giving->to, &row);
	}
}

static void give_module(const struct giving *giving, struct ctrace_wire bytes)
{
	struct ctrace_module_row row;

	if (ctrace_row_get_module(bytes, &row) == NULL) {
		ctrace_writer_module(giving->to, &row);
	}
}

static void give_frame(const struct giving *giving, struct ctrace_wire bytes)
{
	struct ctrace_frame_row row;

	if (ctrace_row_get_frame(bytes, &row) == NULL) {
		ctrace_writer_frame(giving->to, &row);
	}
}

static void give_stack(const struct giving *giving, struct ctrace_wire bytes)
{
	struct ctrace_stack_row row;

	if (ctrace_row_get_stack(bytes, &row) == NULL) {
		ctrace_writer_stack(giving->to, &row);
	}
}

static void give_file(const struct giving *giving, struct ctrace_wire bytes)
{
	struct ctrace_file_row row;

	if (ctrace_row_get_file(bytes, &row) == NULL) {
		row.from = moved(giving, row.from);
		ctrace_writer_file(giving->to, &row);
	}
}

/* ---- all of them ---- */

static void give_string(void *context, uint32_t id, const char *bytes, size_t size)
{
	ctrace_writer_string_as(context, id, bytes, size);
}

void ctrace_kept_rows_strings(const struct ctrace_writer *from, struct ctrace_writer *to)
{
	ctrace_strings_each(&from->tables->strings, give_string, to);
}

static void give_table(const struct giving *giving, const struct ctrace_buffer *rows, give_fn *give)
{
	struct ctrace_wire wire = ctrace_wire_over(rows->bytes, rows->size);

	while (ctrace_wire_left(&wire) > 0 && giving->to->status == CTRACE_OK) {
		give(giving, ctrace_wire_row(&wire));
	}
}

void ctrace_kept_rows_put(const struct ctrace_writer *from, struct ctrace_writer *to,
			  const struct ctrace_kept_counts *counts)
{
	static const struct {
		enum ctrace_chunk_type type;
		give_fn *give;
	} tables[] = {
		{CTRACE_CHUNK_PROCESSES, give_process}, {CTRACE_CHUNK_THREADS, give_thread},
		{CTRACE_CHUNK_SOURCES, give_source},	{CTRACE_CHUNK_CALLS, give_call},
		{CTRACE_CHUNK_MODULES, give_module},	{CTRACE_CHUNK_FRAMES, give_frame},
		{CTRACE_CHUNK_STACKS, give_stack},	{CTRACE_CHUNK_FILES, give_file},
	};
	const struct giving giving = {
		.to = to,
		.from_base = from->settings.base_ticks,
		.to_base = to->settings.base_ticks,
		.counts = counts,
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct ctrace_buffer *rows = &from->tables->pending[tables[i].type].rows;

		if (rows->size > 0) {
			give_table(&giving, rows, tables[i].give);
		}
	}
}
