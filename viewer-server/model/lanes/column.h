/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_COLUMN_H
#define CTRACE_COLUMN_H

/* A growing array of equal items, for building. All zero is empty. */

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct ctrace_column {
	void *items; /* owned */
	size_t count, room;
};

/* Make room for `more` items. False: no memory; the column is as it was. */
static inline bool ctrace_column_reserve(struct ctrace_column *column, size_t item_size,
					 size_t more)
{
	size_t room = column->room;
	void *items;

	if (more <= room - column->count) {
		return true;
	}
	room = room < 32 ? 64 : room * 2;
	while (room - column->count < more) {
		room *= 2;
	}
	items = realloc(column->items, room * item_size);
	if (items == NULL) {
		return false;
	}
	column->items = items;
	column->room = room;
	return true;
}

/* The place of a new last item, not cleared; NULL: no memory. */
static inline void *ctrace_column_add(struct ctrace_column *column, size_t item_size)
{
	if (!ctrace_column_reserve(column, item_size, 1)) {
		return NULL;
	}
	return (char *)column->items + column->count++ * item_size;
}

static inline void ctrace_column_finish(struct ctrace_column *column)
{
	free(column->items);
	*column = (struct ctrace_column){NULL, 0, 0};
}

#endif
