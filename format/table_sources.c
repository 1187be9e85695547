/* SPDX-License-Identifier: MIT */
/* A reader's tables of where events come from, and of what descriptors stood for. */

#include "format/kernel_rows.h"
#include "format/table_walk.h"

#include <stdlib.h>

bool ctrace_table_take_buffer(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_buffer_row row;

	ctrace_row_get_buffer(wire, &row);
	uint32_t index = ctrace_map_get(&tables->buffer_by_stream, row.stream);
	if (index != CTRACE_MAP_NONE) {
		tables->buffers[index] = row;
		return true;
	}
	if (!ctrace_table_room(&tables->buffers, &tables->buffer_capacity, tables->buffer_count,
			       sizeof(row))) {
		return ctrace_table_no_memory(walk);
	}
	tables->buffers[tables->buffer_count] = row;
	return ctrace_map_put(&tables->buffer_by_stream, row.stream, tables->buffer_count++) ||
	       ctrace_table_no_memory(walk);
}

bool ctrace_table_take_source(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_source_row row;

	ctrace_row_get_source(wire, &row);
	uint32_t index = ctrace_map_get(&tables->source_by_name, row.name);
	if (index != CTRACE_MAP_NONE) {
		tables->sources[index] = row;
		return true;
	}
	if (!ctrace_table_room(&tables->sources, &tables->source_capacity, tables->source_count,
			       sizeof(row))) {
		return ctrace_table_no_memory(walk);
	}
	tables->sources[tables->source_count] = row;
	return ctrace_map_put(&tables->source_by_name, row.name, tables->source_count++) ||
	       ctrace_table_no_memory(walk);
}

static bool take_file(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;

	if (!ctrace_table_room(&tables->stated_files, &tables->stated_file_capacity,
			       tables->stated_file_count, sizeof(*tables->stated_files))) {
		return ctrace_table_no_memory(walk);
	}
	struct ctrace_stated_file *stated = &tables->stated_files[tables->stated_file_count];
	ctrace_row_get_file(wire, &stated->row);
	stated->order = tables->stated_file_count++;
	return true;
}

bool ctrace_table_add_files(struct ctrace_table_walk *walk, uint32_t rows)
{
	if (walk->tables->stated_file_count + (uint64_t)rows > CTRACE_FILES_MAX) {
		return ctrace_table_refuse(walk, CTRACE_ERR_LIMIT,
					   "the limit of 1000000 files is passed");
	}
	return ctrace_table_take_all(walk, rows, take_file);
}

/* -1, 0, 1. */
static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_keys(const struct ctrace_file_row *a, const struct ctrace_file_row *b)
{
	int by_pid = compare(a->pid, b->pid);
	int by_fd = compare(a->fd, b->fd);

	if (by_pid != 0) {
		return by_pid;
	}
	return by_fd != 0 ? by_fd : compare(a->from, b->from);
}

static int by_key_and_order(const void *left, const void *right)
{
	const struct ctrace_stated_file *a = left, *b = right;
	int by_key = compare_keys(&a->row, &b->row);

	return by_key != 0 ? by_key : compare(a->order, b->order);
}

/* Of equal keys the last one stated counts. */
bool ctrace_table_sort_files(struct ctrace_tables *tables)
{
	struct ctrace_stated_file *stated = tables->stated_files;
	uint32_t count = tables->stated_file_count;

	if (count == 0) {
		return true;
	}
	tables->files = malloc(count * sizeof(*tables->files));
	if (tables->files == NULL) {
		return false;
	}
	qsort(stated, count, sizeof(*stated), by_key_and_order);
	for (uint32_t i = 0; i < count; i++) {
		bool is_last =
			i + 1 == count || compare_keys(&stated[i].row, &stated[i + 1].row) != 0;
		if (is_last) {
			tables->files[tables->file_count++] = stated[i].row;
		}
	}
	free(stated);
	tables->stated_files = NULL;
	tables->stated_file_count = tables->stated_file_capacity = 0;
	return true;
}
