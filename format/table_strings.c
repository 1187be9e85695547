/* SPDX-License-Identifier: MIT */
/* A reader's table of strings, and texts for those that are missing. */

#include "format/rows.h"
#include "format/table_walk.h"

#include <stdio.h>
#include <string.h>

/* No reader needs more texts for what is not there; then all are "?". */
#define MISSING_MAX 65536u

static bool take_string(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_string_row row;
	struct ctrace_table_places places = {CTRACE_STRINGS_MAX, sizeof(*tables->strings)};

	ctrace_row_get_string(wire, &row);
	uint32_t id = (uint32_t)row.id;
	if (!ctrace_table_place(&tables->strings, &tables->string_capacity, id, places)) {
		return ctrace_table_no_memory(walk);
	}
	struct ctrace_bytes *string = &tables->strings[id];
	if (string->bytes != NULL) {
		bool is_same =
			string->size == row.size && memcmp(string->bytes, row.bytes, row.size) == 0;
		return is_same || ctrace_table_refuse(walk, CTRACE_ERR_DAMAGED,
						      "a string is redefined with another text");
	}
	if (row.size > CTRACE_STRINGS_TOTAL_BYTES_MAX - tables->string_bytes) {
		return ctrace_table_refuse(
			walk, CTRACE_ERR_LIMIT,
			"all strings together pass the limit of 268435456 bytes");
	}
	char *copy = ctrace_arena_take(&tables->string_arena, row.size + 1);
	if (copy == NULL) {
		return ctrace_table_no_memory(walk);
	}
	memcpy(copy, row.bytes, row.size);
	copy[row.size] = '\0';
	*string = (struct ctrace_bytes){.bytes = copy, .size = (uint32_t)row.size};
	tables->string_bytes += row.size;
	if (id >= tables->string_end) {
		tables->string_end = id + 1;
	}
	return true;
}

static bool is_defined(const struct ctrace_tables *tables, struct ctrace_wire wire)
{
	struct ctrace_string_row row;

	ctrace_row_get_string(wire, &row);
	return row.id < tables->string_capacity && tables->strings[row.id].bytes != NULL;
}

/* Its bytes go with the arena. */
static void forget_string(struct ctrace_tables *tables, struct ctrace_wire wire)
{
	struct ctrace_string_row row;

	ctrace_row_get_string(wire, &row);
	tables->string_bytes -= tables->strings[row.id].size;
	tables->strings[row.id] = (struct ctrace_bytes){0};
}

bool ctrace_table_add_strings(struct ctrace_table_walk *walk, uint32_t rows)
{
	static const struct ctrace_table_once once = {is_defined, take_string, forget_string};
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_arena_mark mark = ctrace_arena_mark(&tables->string_arena);
	uint32_t end = tables->string_end;

	if (ctrace_table_take_once(walk, rows, &once)) {
		return true;
	}
	tables->string_end = end;
	ctrace_arena_rewind(&tables->string_arena, mark);
	return false;
}

/* Under the lock: a text `?<id>` that stays. NULL: no memory, or too many of them. */
static const char *make_missing(struct ctrace_tables *tables, uint32_t id)
{
	uint32_t index = ctrace_map_get(&tables->missing_by_id, id);

	if (index != CTRACE_MAP_NONE) {
		return tables->missing[index];
	}
	char *text = NULL;
	if (tables->missing_count < MISSING_MAX &&
	    ctrace_table_room(&tables->missing, &tables->missing_capacity, tables->missing_count,
			      sizeof(*tables->missing))) {
		text = ctrace_arena_take(&tables->missing_arena, 16);
	}
	if (text == NULL || !ctrace_map_put(&tables->missing_by_id, id, tables->missing_count)) {
		return NULL;
	}
	snprintf(text, 16, "?%u", id);
	tables->missing[tables->missing_count++] = text;
	return text;
}

struct ctrace_bytes ctrace_tables_string(struct ctrace_tables *tables, uint32_t id)
{
	if (id == 0) {
		return (struct ctrace_bytes){.bytes = "", .size = 0};
	}
	if (id < tables->string_end && tables->strings[id].bytes != NULL) {
		return tables->strings[id];
	}
	pthread_mutex_lock(&tables->missing_lock);
	const char *text = make_missing(tables, id);
	pthread_mutex_unlock(&tables->missing_lock);
	text = text == NULL ? "?" : text;
	return (struct ctrace_bytes){.bytes = text, .size = (uint32_t)strlen(text)};
}
