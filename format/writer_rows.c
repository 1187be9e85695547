/* SPDX-License-Identifier: MIT */
/* Rows on their way out: each goes into its table's buffer until writer.c makes a chunk of it. */

#include "format/kept_rows.h"
#include "format/kernel_rows.h"
#include "format/rows.h"
#include "format/writing.h"

#include <string.h>

/* The table a row goes into; full ones are written first, so a table chunk stays near the aim. */
static struct ctrace_buffer *table_for(struct ctrace_writer *writer, enum ctrace_chunk_type type)
{
	struct ctrace_waiting_rows *pending = &writer->tables->pending[type];

	if (pending->rows.size >= CTRACE_CHUNK_RAW_AIM && writer->settings.keep == NULL) {
		if (type == CTRACE_CHUNK_STRINGS) {
			ctrace_writer_flush_one(writer, type);
		} else {
			ctrace_writer_flush_tables(writer);
		}
	}
	pending->count++;
	return &pending->rows;
}

static bool takes_rows(const struct ctrace_writer *writer)
{
	return writer->status == CTRACE_OK &&
	       (writer->settings.keep == NULL || writer->settings.rows_bytes_max > 0);
}

/* Rows that who keeps chunks has elsewhere. */
static bool writes_rows(const struct ctrace_writer *writer)
{
	return writer->status == CTRACE_OK && writer->settings.keep == NULL;
}

/* Is what may be remembered reached? */
static bool is_full(struct ctrace_writer *writer)
{
	if (writer->settings.keep == NULL ||
	    ctrace_kept_rows_bytes(writer) < writer->settings.rows_bytes_max) {
		return false;
	}
	writer->tables->kept.refused++;
	return true;
}

static void put_string(struct ctrace_writer *writer, uint32_t id, const char *bytes, size_t size)
{
	const struct ctrace_string_row row = {
		.id = id, .bytes = (const uint8_t *)bytes, .size = size};

	/* Who remembers rows finds it in its table of strings. */
	if (writes_rows(writer)) {
		ctrace_row_put_string(table_for(writer, CTRACE_CHUNK_STRINGS), &row);
	}
}

static uint32_t string_id(struct ctrace_writer *writer, const char *bytes, size_t size,
			  bool is_passing)
{
	struct ctrace_writer_tables *tables = writer->tables;
	bool is_new;
	uint32_t id;

	if (size == 0 || !takes_rows(writer)) {
		return 0;
	}
	if (size > CTRACE_STRING_BYTES_MAX) {
		size = CTRACE_STRING_BYTES_MAX;
	}
	if (!ctrace_strings_has(&tables->strings, bytes, size) && is_full(writer)) {
		return 0;
	}
	id = is_passing ? ctrace_strings_passing_id(&tables->strings, bytes, size,
						    tables->kept.age + 1, &is_new)
			: ctrace_strings_id(&tables->strings, bytes, size, &is_new);
	if (is_new) {
		put_string(writer, id, bytes, size);
	}
	return id;
}

uint32_t ctrace_writer_string(struct ctrace_writer *writer, const char *bytes, size_t size)
{
	return string_id(writer, bytes, size, false);
}

uint32_t ctrace_writer_passing_string(struct ctrace_writer *writer, const char *bytes, size_t size)
{
	return string_id(writer, bytes, size, true);
}

void ctrace_writer_string_as(struct ctrace_writer *writer, uint32_t id, const char *bytes,
			     size_t size)
{
	if (!ctrace_strings_put(&writer->tables->strings, id, bytes, size)) {
		ctrace_writer_fail(writer, CTRACE_ERR_NO_MEMORY);
		return;
	}
	put_string(writer, id, bytes, size);
}

/* Has this number been defined? Marks it. `defined` has one bit for each. */
static bool is_known(struct ctrace_writer *writer, struct ctrace_buffer *defined, uint32_t id)
{
	size_t byte = id / 8;

	while (defined->size <= byte && !defined->is_failed) {
		ctrace_buffer_u8(defined, 0);
	}
	if (defined->is_failed) {
		ctrace_writer_fail(writer, CTRACE_ERR_NO_MEMORY);
		return true;
	}
	bool was_set = (defined->bytes[byte] >> id % 8 & 1) != 0;
	defined->bytes[byte] |= (uint8_t)(1u << id % 8);
	return was_set;
}

enum ctrace_status ctrace_writer_site(struct ctrace_writer *writer, const struct ctrace_site *site)
{
	if (site->id > CTRACE_SITE_MAX || site->arg_count > CTRACE_SITE_ARGS_MAX) {
		return CTRACE_ERR_LIMIT;
	}
	if (writer->status == CTRACE_OK && !is_known(writer, &writer->tables->defined, site->id) &&
	    writes_rows(writer)) {
		ctrace_row_put_site(table_for(writer, CTRACE_CHUNK_SITES), site);
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_meta(struct ctrace_writer *writer, const char *key,
				      const char *value, size_t size)
{
	struct ctrace_meta_row row = {
		.key = (const uint8_t *)key,
		.key_size = strlen(key),
		.value = (const uint8_t *)value,
		.value_size = size,
	};

	if (row.key_size > CTRACE_META_KEY_BYTES_MAX || size > CTRACE_META_VALUE_BYTES_MAX) {
		return CTRACE_ERR_LIMIT;
	}
	if (writes_rows(writer)) {
		ctrace_row_put_meta(table_for(writer, CTRACE_CHUNK_META), &row);
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_process(struct ctrace_writer *writer,
					 const struct ctrace_process_row *row)
{
	if (takes_rows(writer)) {
		if (is_full(writer)) {
			return CTRACE_ERR_LIMIT;
		}
		ctrace_row_put_process(table_for(writer, CTRACE_CHUNK_PROCESSES), row);
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_thread(struct ctrace_writer *writer,
					const struct ctrace_thread_row *row)
{
	if (takes_rows(writer)) {
		if (is_full(writer)) {
			return CTRACE_ERR_LIMIT;
		}
		ctrace_row_put_thread(table_for(writer, CTRACE_CHUNK_THREADS), row);
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_clock(struct ctrace_writer *writer,
				       const struct ctrace_clock_row *row)
{
	if (writes_rows(writer)) {
		ctrace_row_put_clock(table_for(writer, CTRACE_CHUNK_CLOCK), row);
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_buffer(struct ctrace_writer *writer,
					const struct ctrace_buffer_row *row)
{
	if (row->stream == 0) {
		return CTRACE_ERR_LIMIT;
	}
	if (writer->settings.keep_buffer != NULL) {
		writer->settings.keep_buffer(writer->settings.sink, row);
	}
	if (writes_rows(writer)) {
		ctrace_row_put_buffer(table_for(writer, CTRACE_CHUNK_BUFFERS), row);
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_call(struct ctrace_writer *writer,
				      const struct ctrace_call_row *row)
{
	if (row->call > CTRACE_CALL_MAX) {
		return CTRACE_ERR_LIMIT;
	}
	if (takes_rows(writer) && !is_known(writer, &writer->tables->calls, row->call)) {
		ctrace_row_put_call(table_for(writer, CTRACE_CHUNK_CALLS), row);
	}
	return writer->status;
}

static bool is_number(uint32_t number, uint32_t max)
{
	return number >= 1 && number <= max;
}

enum ctrace_status ctrace_writer_stack(struct ctrace_writer *writer,
				       const struct ctrace_stack_row *row)
{
	if (!is_number(row->stack, CTRACE_STACK_MAX) || row->parent >= row->stack ||
	    !is_number(row->frame, CTRACE_FRAME_MAX)) {
		return CTRACE_ERR_LIMIT;
	}
	if (takes_rows(writer)) {
		if (is_full(writer)) {
			return CTRACE_ERR_LIMIT;
		}
		ctrace_row_put_stack(table_for(writer, CTRACE_CHUNK_STACKS), row);
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_frame(struct ctrace_writer *writer,
				       const struct ctrace_frame_row *row)
{
	bool is_outer_good =
		row->outer == 0 || (row->outer > row->frame && row->outer <= CTRACE_FRAME_MAX);

	if (!is_number(row->frame, CTRACE_FRAME_MAX) || row->module > CTRACE_MODULE_MAX ||
	    !is_outer_good) {
		return CTRACE_ERR_LIMIT;
	}
	if (takes_rows(writer)) {
		if (is_full(writer)) {
			return CTRACE_ERR_LIMIT;
		}
		ctrace_row_put_frame(table_for(writer, CTRACE_CHUNK_FRAMES), row);
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_module(struct ctrace_writer *writer,
					const struct ctrace_module_row *row)
{
	if (!is_number(row->module, CTRACE_MODULE_MAX) ||
	    row->build_id_size > CTRACE_BUILD_ID_BYTES_MAX) {
		return CTRACE_ERR_LIMIT;
	}
	if (takes_rows(writer)) {
		ctrace_row_put_module(table_for(writer, CTRACE_CHUNK_MODULES), row);
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_source(struct ctrace_writer *writer,
					const struct ctrace_source_row *row)
{
	if (takes_rows(writer)) {
		ctrace_row_put_source(table_for(writer, CTRACE_CHUNK_SOURCES), row);
	}
	return writer->status;
}

/* Of what is remembered: as many as may stand in a trace. */
static bool has_all_files(const struct ctrace_writer *writer)
{
	return writer->settings.keep != NULL &&
	       writer->tables->pending[CTRACE_CHUNK_FILES].count >= CTRACE_FILES_MAX;
}

enum ctrace_status ctrace_writer_file(struct ctrace_writer *writer,
				      const struct ctrace_file_row *row)
{
	if (takes_rows(writer)) {
		if (is_full(writer) || has_all_files(writer)) {
			return CTRACE_ERR_LIMIT;
		}
		ctrace_row_put_file(table_for(writer, CTRACE_CHUNK_FILES), row);
	}
	return writer->status;
}
