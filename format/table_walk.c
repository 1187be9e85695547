/* SPDX-License-Identifier: MIT */
/* What the tables of a reader have in common: arrays that grow, limits, and a chunk taken back. */

#include "format/table_walk.h"

#include <stdlib.h>
#include <string.h>

bool ctrace_table_refuse(struct ctrace_table_walk *walk, enum ctrace_status status,
			 const char *wrong)
{
	walk->status = status;
	walk->wrong = wrong;
	return false;
}

bool ctrace_table_no_memory(struct ctrace_table_walk *walk)
{
	return ctrace_table_refuse(walk, CTRACE_ERR_NO_MEMORY, "no memory for it");
}

bool ctrace_table_room(void *array, uint32_t *capacity, uint32_t count, size_t size)
{
	void *elements;

	if (count < *capacity) {
		return true;
	}
	memcpy(&elements, array, sizeof(elements));
	uint32_t more = *capacity == 0 ? 16 : *capacity * 2;
	void *grown = realloc(elements, more * size);
	if (grown == NULL) {
		return false;
	}
	memcpy(array, &grown, sizeof(grown));
	*capacity = more;
	/* cppcheck-suppress memleak; `array` has it */
	return true;
}

bool ctrace_table_place(void *array, uint32_t *capacity, uint32_t number,
			struct ctrace_table_places places)
{
	void *elements;

	if (number < *capacity) {
		return true;
	}
	memcpy(&elements, array, sizeof(elements));
	uint32_t more = number < 512 ? 1024 : 2 * number;
	more = more > places.max + 1 ? places.max + 1 : more;
	void *grown = calloc(more, places.size);
	if (grown == NULL) {
		return false;
	}
	if (*capacity > 0) {
		memcpy(grown, elements, *capacity * places.size);
	}
	free(elements);
	memcpy(array, &grown, sizeof(grown));
	*capacity = more;
	/* cppcheck-suppress memleak; `array` has it */
	return true;
}

bool ctrace_table_take_all(struct ctrace_table_walk *walk, uint32_t rows,
			   ctrace_table_take_fn *take)
{
	struct ctrace_wire payload = walk->payload;

	for (walk->row = 0; walk->row < rows; walk->row++) {
		if (!take(walk, ctrace_wire_row(&payload))) {
			return false;
		}
	}
	return true;
}

/* All rows of the chunk before the one at hand that were not there before it. */
static void take_back(struct ctrace_table_walk *walk, const uint8_t *was_defined,
		      const struct ctrace_table_once *table)
{
	struct ctrace_wire payload = walk->payload;

	for (uint32_t i = 0; i < walk->row; i++) {
		struct ctrace_wire row = ctrace_wire_row(&payload);
		if (was_defined[i] == 0) {
			table->forget(walk->tables, row);
		}
	}
}

bool ctrace_table_take_once(struct ctrace_table_walk *walk, uint32_t rows,
			    const struct ctrace_table_once *table)
{
	struct ctrace_wire payload = walk->payload;
	uint8_t *was_defined = calloc((size_t)rows + 1, 1);

	walk->row = 0;
	if (was_defined == NULL) {
		return ctrace_table_no_memory(walk);
	}
	for (; walk->row < rows; walk->row++) {
		struct ctrace_wire row = ctrace_wire_row(&payload);
		was_defined[walk->row] = table->is_defined(walk->tables, row);
		if (!table->take(walk, row)) {
			take_back(walk, was_defined, table);
			free(was_defined);
			return false;
		}
	}
	free(was_defined);
	return true;
}

uint64_t ctrace_table_first_varint(struct ctrace_wire row)
{
	return ctrace_wire_varint(&row);
}

bool ctrace_table_fits(struct ctrace_table_walk *walk, uint32_t rows, uint32_t limit,
		       const struct ctrace_map *known, ctrace_table_key_fn *key)
{
	struct ctrace_map fresh = {0};
	struct ctrace_wire payload = walk->payload;
	bool is_good = true;

	if (known->count + (uint64_t)rows <= limit) {
		return true;
	}
	for (walk->row = 0; is_good && walk->row < rows; walk->row++) {
		uint64_t number = key(ctrace_wire_row(&payload));
		if (ctrace_map_get(known, number) != CTRACE_MAP_NONE) {
			continue;
		}
		if (!ctrace_map_put(&fresh, number, 0)) {
			is_good = ctrace_table_no_memory(walk);
		} else if (known->count + (uint64_t)fresh.count > limit) {
			is_good = ctrace_table_refuse(walk, CTRACE_ERR_LIMIT,
						      "the table's limit of rows is passed");
		}
	}
	walk->row -= !is_good;
	ctrace_map_finish(&fresh);
	return is_good;
}
