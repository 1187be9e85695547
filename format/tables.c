/* SPDX-License-Identifier: MIT */
/*
 * Tables while they are read. Rows are first checked one by one; then those
 * whose rules concern other rows (a redefinition, a limit) are taken so that
 * the chunk can be undone: SPEC 9.3 takes a chunk whole or not at all.
 */

#include "format/tables.h"

#include "format/kernel_rows.h"
#include "format/rows.h"
#include "format/table_walk.h"

#include <stdlib.h>
#include <string.h>

void ctrace_tables_init(struct ctrace_tables *tables)
{
	*tables = (struct ctrace_tables){0};
	pthread_mutex_init(&tables->missing_lock, NULL);
}

static void free_meta(struct ctrace_meta *meta)
{
	free((void *)(uintptr_t)meta->key.bytes);
	free((void *)(uintptr_t)meta->value.bytes);
}

void ctrace_tables_finish(struct ctrace_tables *tables)
{
	for (uint32_t i = 0; i < tables->meta_count; i++) {
		free_meta(&tables->meta[i]);
	}
	free(tables->strings);
	free(tables->meta);
	free(tables->processes);
	free(tables->threads);
	free(tables->clocks);
	free(tables->calls);
	free(tables->stacks);
	free(tables->frames);
	free(tables->modules);
	free(tables->buffers);
	free(tables->sources);
	free(tables->stated_files);
	free(tables->files);
	free(tables->missing);
	ctrace_arena_finish(&tables->string_arena);
	ctrace_table_finish_sites(tables);
	ctrace_arena_finish(&tables->missing_arena);
	ctrace_map_finish(&tables->meta_by_key);
	ctrace_map_finish(&tables->process_by_pid);
	ctrace_map_finish(&tables->thread_by_stream);
	ctrace_map_finish(&tables->buffer_by_stream);
	ctrace_map_finish(&tables->source_by_name);
	ctrace_map_finish(&tables->missing_by_id);
	pthread_mutex_destroy(&tables->missing_lock);
	*tables = (struct ctrace_tables){0};
}

/* FNV-1a of a key, so that META can use the same map as numbers. */
static uint64_t key_hash(const uint8_t *bytes, uint64_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (uint64_t i = 0; i < size; i++) {
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	}
	return hash;
}

static uint64_t meta_key(struct ctrace_wire wire)
{
	struct ctrace_meta_row row;

	ctrace_row_get_meta(wire, &row);
	return key_hash(row.key, row.key_size);
}

static char *copy_bytes(const uint8_t *bytes, uint64_t size)
{
	char *copy = malloc(size + 1);

	if (copy != NULL) {
		memcpy(copy, bytes, size);
		copy[size] = '\0';
	}
	return copy;
}

static bool take_meta(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_meta_row row;

	ctrace_row_get_meta(wire, &row);
	uint64_t hash = key_hash(row.key, row.key_size);
	uint32_t index = ctrace_map_get(&tables->meta_by_key, hash);
	struct ctrace_meta meta = {
		.key = {copy_bytes(row.key, row.key_size), (uint32_t)row.key_size},
		.value = {copy_bytes(row.value, row.value_size), (uint32_t)row.value_size},
	};
	if (meta.key.bytes == NULL || meta.value.bytes == NULL ||
	    !ctrace_table_room(&tables->meta, &tables->meta_capacity, tables->meta_count,
			       sizeof(*tables->meta))) {
		free_meta(&meta);
		return ctrace_table_no_memory(walk);
	}
	if (index != CTRACE_MAP_NONE) {
		free_meta(&tables->meta[index]);
		tables->meta[index] = meta;
		return true;
	}
	tables->meta[tables->meta_count] = meta;
	return ctrace_map_put(&tables->meta_by_key, hash, tables->meta_count++) ||
	       ctrace_table_no_memory(walk);
}

static bool take_process(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_process_row row;

	ctrace_row_get_process(wire, &row);
	uint32_t index = ctrace_map_get(&tables->process_by_pid, row.pid);
	if (index != CTRACE_MAP_NONE) {
		tables->processes[index] = row;
		return true;
	}
	if (!ctrace_table_room(&tables->processes, &tables->process_capacity, tables->process_count,
			       sizeof(row))) {
		return ctrace_table_no_memory(walk);
	}
	tables->processes[tables->process_count] = row;
	return ctrace_map_put(&tables->process_by_pid, row.pid, tables->process_count++) ||
	       ctrace_table_no_memory(walk);
}

static bool take_thread(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_thread_row row;

	ctrace_row_get_thread(wire, &row);
	uint32_t index = ctrace_map_get(&tables->thread_by_stream, row.stream);
	if (index != CTRACE_MAP_NONE) {
		tables->threads[index] = row;
		return true;
	}
	if (!ctrace_table_room(&tables->threads, &tables->thread_capacity, tables->thread_count,
			       sizeof(row))) {
		return ctrace_table_no_memory(walk);
	}
	tables->threads[tables->thread_count] = row;
	return ctrace_map_put(&tables->thread_by_stream, row.stream, tables->thread_count++) ||
	       ctrace_table_no_memory(walk);
}

static bool take_clock(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;

	if (!ctrace_table_room(&tables->clocks, &tables->clock_capacity, tables->clock_count,
			       sizeof(*tables->clocks))) {
		return ctrace_table_no_memory(walk);
	}
	ctrace_row_get_clock(wire, &tables->clocks[tables->clock_count++]);
	return true;
}

/* SPEC 7.9: a stream is a thread's or a buffer's. */
static bool are_streams_free(struct ctrace_table_walk *walk, uint32_t rows,
			     const struct ctrace_map *others, const char *wrong)
{
	struct ctrace_wire payload = walk->payload;

	for (walk->row = 0; walk->row < rows; walk->row++) {
		uint64_t stream = ctrace_table_first_varint(ctrace_wire_row(&payload));
		if (ctrace_map_get(others, stream) != CTRACE_MAP_NONE) {
			return ctrace_table_refuse(walk, CTRACE_ERR_DAMAGED, wrong);
		}
	}
	return true;
}

static const char *check_kernel_row(enum ctrace_chunk_type type, struct ctrace_wire row)
{
	union {
		struct ctrace_buffer_row buffer;
		struct ctrace_call_row call;
		struct ctrace_stack_row stack;
		struct ctrace_module_row module;
		struct ctrace_frame_row frame;
		struct ctrace_source_row source;
		struct ctrace_file_row file;
	} any;

	switch (type) {
	case CTRACE_CHUNK_BUFFERS:
		return ctrace_row_get_buffer(row, &any.buffer);
	case CTRACE_CHUNK_CALLS:
		return ctrace_row_get_call(row, &any.call);
	case CTRACE_CHUNK_STACKS:
		return ctrace_row_get_stack(row, &any.stack);
	case CTRACE_CHUNK_MODULES:
		return ctrace_row_get_module(row, &any.module);
	case CTRACE_CHUNK_FRAMES:
		return ctrace_row_get_frame(row, &any.frame);
	case CTRACE_CHUNK_SOURCES:
		return ctrace_row_get_source(row, &any.source);
	case CTRACE_CHUNK_FILES:
		return ctrace_row_get_file(row, &any.file);
	default:
		return "not a table";
	}
}

/* What is wrong with a row alone. */
static const char *check_row(enum ctrace_chunk_type type, struct ctrace_wire row)
{
	union {
		struct ctrace_meta_row meta;
		struct ctrace_string_row string;
		struct ctrace_site site;
		struct ctrace_process_row process;
		struct ctrace_thread_row thread;
		struct ctrace_clock_row clock;
		struct ctrace_index_row index;
	} any;

	if (row.fault != CTRACE_WIRE_GOOD) {
		return ctrace_wire_fault_name(row.fault);
	}
	switch (type) {
	case CTRACE_CHUNK_META:
		return ctrace_row_get_meta(row, &any.meta);
	case CTRACE_CHUNK_STRINGS:
		return ctrace_row_get_string(row, &any.string);
	case CTRACE_CHUNK_SITES:
		return ctrace_row_get_site(row, &any.site);
	case CTRACE_CHUNK_PROCESSES:
		return ctrace_row_get_process(row, &any.process);
	case CTRACE_CHUNK_THREADS:
		return ctrace_row_get_thread(row, &any.thread);
	case CTRACE_CHUNK_CLOCK:
		return ctrace_row_get_clock(row, &any.clock);
	case CTRACE_CHUNK_INDEX:
		return ctrace_row_get_index(row, &any.index);
	default:
		return check_kernel_row(type, row);
	}
}

static bool check_rows(struct ctrace_table_walk *walk, enum ctrace_chunk_type type, uint32_t rows)
{
	struct ctrace_wire payload = walk->payload;

	for (walk->row = 0; walk->row < rows; walk->row++) {
		if (ctrace_wire_left(&payload) == 0) {
			return ctrace_table_refuse(walk, CTRACE_ERR_DAMAGED,
						   "fewer rows than its header says");
		}
		const char *wrong = check_row(type, ctrace_wire_row(&payload));
		if (wrong != NULL) {
			return ctrace_table_refuse(walk, CTRACE_ERR_DAMAGED, wrong);
		}
	}
	return ctrace_wire_left(&payload) == 0 ||
	       ctrace_table_refuse(walk, CTRACE_ERR_DAMAGED, "more rows than its header says");
}

static bool add_kernel_rows(struct ctrace_table_walk *walk, enum ctrace_chunk_type type,
			    uint32_t rows)
{
	struct ctrace_tables *tables = walk->tables;

	switch (type) {
	case CTRACE_CHUNK_BUFFERS:
		return ctrace_table_fits(walk, rows, CTRACE_BUFFERS_MAX, &tables->buffer_by_stream,
					 ctrace_table_first_varint) &&
		       are_streams_free(walk, rows, &tables->thread_by_stream,
					"the stream is a thread's") &&
		       ctrace_table_take_all(walk, rows, ctrace_table_take_buffer);
	case CTRACE_CHUNK_CALLS:
		return ctrace_table_add_calls(walk, rows);
	case CTRACE_CHUNK_STACKS:
		return ctrace_table_add_stacks(walk, rows);
	case CTRACE_CHUNK_MODULES:
		return ctrace_table_take_all(walk, rows, ctrace_table_take_module);
	case CTRACE_CHUNK_FRAMES:
		return ctrace_table_take_all(walk, rows, ctrace_table_take_frame);
	case CTRACE_CHUNK_SOURCES:
		return ctrace_table_fits(walk, rows, CTRACE_SOURCES_MAX, &tables->source_by_name,
					 ctrace_table_first_varint) &&
		       ctrace_table_take_all(walk, rows, ctrace_table_take_source);
	case CTRACE_CHUNK_FILES:
		return ctrace_table_add_files(walk, rows);
	default:
		return true;
	}
}

static bool add_rows(struct ctrace_table_walk *walk, enum ctrace_chunk_type type, uint32_t rows)
{
	struct ctrace_tables *tables = walk->tables;

	switch (type) {
	case CTRACE_CHUNK_META:
		return ctrace_table_fits(walk, rows, CTRACE_META_MAX, &tables->meta_by_key,
					 meta_key) &&
		       ctrace_table_take_all(walk, rows, take_meta);
	case CTRACE_CHUNK_STRINGS:
		return ctrace_table_add_strings(walk, rows);
	case CTRACE_CHUNK_SITES:
		return ctrace_table_add_sites(walk, rows);
	case CTRACE_CHUNK_PROCESSES:
		return ctrace_table_fits(walk, rows, CTRACE_PROCESSES_MAX, &tables->process_by_pid,
					 ctrace_table_first_varint) &&
		       ctrace_table_take_all(walk, rows, take_process);
	case CTRACE_CHUNK_THREADS:
		return ctrace_table_fits(walk, rows, CTRACE_THREADS_MAX, &tables->thread_by_stream,
					 ctrace_table_first_varint) &&
		       are_streams_free(walk, rows, &tables->buffer_by_stream,
					"the stream is a buffer's") &&
		       ctrace_table_take_all(walk, rows, take_thread);
	case CTRACE_CHUNK_CLOCK:
		if (tables->clock_count + (uint64_t)rows > CTRACE_CLOCKS_MAX) {
			return ctrace_table_refuse(walk, CTRACE_ERR_LIMIT,
						   "the limit of 1000000 clock rows is passed");
		}
		return ctrace_table_take_all(walk, rows, take_clock);
	default:
		return add_kernel_rows(walk, type, rows);
	}
}

const char *ctrace_tables_add(struct ctrace_tables *tables, enum ctrace_chunk_type type,
			      const uint8_t *payload, size_t size, uint32_t rows, uint32_t *bad_row,
			      enum ctrace_status *status)
{
	struct ctrace_table_walk walk = {.tables = tables,
					 .payload = ctrace_wire_over(payload, size)};

	if (check_rows(&walk, type, rows) && add_rows(&walk, type, rows)) {
		return NULL;
	}
	*bad_row = walk.row;
	*status = walk.status;
	return walk.wrong;
}

static int by_stream(const void *left, const void *right)
{
	const struct ctrace_thread_row *a = left, *b = right;

	return (a->stream > b->stream) - (a->stream < b->stream);
}

static int by_buffer(const void *left, const void *right)
{
	const struct ctrace_buffer_row *a = left, *b = right;

	return (a->stream > b->stream) - (a->stream < b->stream);
}

static int by_pid(const void *left, const void *right)
{
	const struct ctrace_process_row *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

bool ctrace_tables_sort(struct ctrace_tables *tables)
{
	if (tables->thread_count > 0) {
		qsort(tables->threads, tables->thread_count, sizeof(*tables->threads), by_stream);
	}
	if (tables->process_count > 0) {
		qsort(tables->processes, tables->process_count, sizeof(*tables->processes), by_pid);
	}
	if (tables->buffer_count > 0) {
		qsort(tables->buffers, tables->buffer_count, sizeof(*tables->buffers), by_buffer);
	}
	ctrace_map_finish(&tables->meta_by_key);
	ctrace_map_finish(&tables->process_by_pid);
	ctrace_map_finish(&tables->thread_by_stream);
	ctrace_map_finish(&tables->buffer_by_stream);
	ctrace_map_finish(&tables->source_by_name);
	return ctrace_table_sort_files(tables);
}
