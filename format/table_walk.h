/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TABLE_WALK_H
#define CTRACE_TABLE_WALK_H

/*
 * The rows of one table chunk on their way into a reader's tables. For tables.c and the files of
 * single tables only.
 *
 *     check each row alone          tables.c
 *     does the table's limit hold?  ctrace_table_fits
 *     take each                     ctrace_table_take_all, or _take_once for what may break a rule
 * on the way and then is taken back whole (SPEC 9.3)
 */

#include "format/tables.h"

#include <stdbool.h>

struct ctrace_table_walk {
	struct ctrace_tables *tables;
	struct ctrace_wire payload; /* at its first row */
	uint32_t row;		    /* the one at hand; of a refusal, the one that broke a rule */
	const char *wrong;
	enum ctrace_status status;
};

/* Both answer false. */
bool ctrace_table_refuse(struct ctrace_table_walk *walk, enum ctrace_status status,
			 const char *wrong);
bool ctrace_table_no_memory(struct ctrace_table_walk *walk);

/* Room for one more element of `size` bytes in the growing array whose pointer is at `array`. */
bool ctrace_table_room(void *array, uint32_t *capacity, uint32_t count, size_t size);
/* An array by number up to `max` that may be mostly empty: fresh pages cost nothing until touched.
 */
struct ctrace_table_places {
	uint32_t max;
	size_t size; /* of an element; zero bytes are one that is not defined */
};
bool ctrace_table_place(void *array, uint32_t *capacity, uint32_t number,
			struct ctrace_table_places places);

typedef bool ctrace_table_take_fn(struct ctrace_table_walk *walk, struct ctrace_wire row);
bool ctrace_table_take_all(struct ctrace_table_walk *walk, uint32_t rows,
			   ctrace_table_take_fn *take);

/* A table whose rows must not be redefined. */
struct ctrace_table_once {
	bool (*is_defined)(const struct ctrace_tables *tables, struct ctrace_wire row);
	ctrace_table_take_fn *take;
	/* What take did, undone. */
	void (*forget)(struct ctrace_tables *tables, struct ctrace_wire row);
};
bool ctrace_table_take_once(struct ctrace_table_walk *walk, uint32_t rows,
			    const struct ctrace_table_once *table);

/* The number under which a row is known. */
typedef uint64_t ctrace_table_key_fn(struct ctrace_wire row);
uint64_t ctrace_table_first_varint(struct ctrace_wire row);
/* Would the rows of this chunk bring the table past its limit? Rows of known keys replace. */
bool ctrace_table_fits(struct ctrace_table_walk *walk, uint32_t rows, uint32_t limit,
		       const struct ctrace_map *known, ctrace_table_key_fn *key);

/* The tables that have a file of their own. */
bool ctrace_table_add_strings(struct ctrace_table_walk *walk, uint32_t rows);
bool ctrace_table_add_sites(struct ctrace_table_walk *walk, uint32_t rows);
bool ctrace_table_add_calls(struct ctrace_table_walk *walk, uint32_t rows);
bool ctrace_table_add_stacks(struct ctrace_table_walk *walk, uint32_t rows);
ctrace_table_take_fn ctrace_table_take_frame, ctrace_table_take_module;
ctrace_table_take_fn ctrace_table_take_buffer, ctrace_table_take_source;
bool ctrace_table_add_files(struct ctrace_table_walk *walk, uint32_t rows);

/* Gives back their memory. */
void ctrace_table_finish_sites(struct ctrace_tables *tables);
/* Files by pid, descriptor and time, one row each. False: no memory. */
bool ctrace_table_sort_files(struct ctrace_tables *tables);

#endif
