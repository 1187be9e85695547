/* SPDX-License-Identifier: MIT */
/* The list of a chunk's items, and items that outlive their chunk. */

#include "viewer-server/export/chrome_item.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 4096u

void ctrace_chrome_list_clear(struct ctrace_chrome_list *list)
{
	while (list->copies != NULL) {
		struct ctrace_chrome_copy *next = list->copies->next;
		free(list->copies);
		list->copies = next;
	}
	list->count = 0;
}

void ctrace_chrome_list_finish(struct ctrace_chrome_list *list)
{
	ctrace_chrome_list_clear(list);
	free(list->items);
	*list = (struct ctrace_chrome_list){0};
}

bool ctrace_chrome_list_grow(struct ctrace_chrome_list *list)
{
	size_t capacity = list->capacity == 0 ? FIRST_CAPACITY : list->capacity * 2;
	void *items = realloc(list->items, capacity * sizeof(*list->items));

	if (items == NULL) {
		list->is_failed = true;
		return false;
	}
	list->items = items;
	list->capacity = capacity;
	return true;
}

static uint8_t *append(uint8_t *at, const uint8_t *bytes, size_t size)
{
	if (size > 0) {
		memcpy(at, bytes, size);
	}
	return at + size;
}

struct ctrace_chrome_copy *ctrace_chrome_copy_of(const struct ctrace_chrome_item *item)
{
	size_t size = (size_t)(item->args_end - item->args), all = size;

	for (unsigned i = 0; i < item->text_count; i++) {
		all += (size_t)(item->texts[i].end - item->texts[i].begin);
	}
	struct ctrace_chrome_copy *copy = malloc(sizeof(*copy) + all);
	if (copy == NULL) {
		return NULL;
	}
	uint8_t *at = (uint8_t *)(copy + 1);
	*copy = (struct ctrace_chrome_copy){.item = *item};
	copy->item.args = at;
	at = append(at, item->args, size);
	copy->item.args_end = at;
	for (unsigned i = 0; i < item->text_count; i++) {
		const struct ctrace_chrome_args *text = &item->texts[i];

		copy->item.texts[i].begin = at;
		at = append(at, text->begin, (size_t)(text->end - text->begin));
		copy->item.texts[i].end = at;
	}
	return copy;
}

struct ctrace_chrome_item *ctrace_chrome_list_add_copy(struct ctrace_chrome_list *list,
						       struct ctrace_chrome_copy *copy)
{
	copy->next = list->copies;
	list->copies = copy;
	return ctrace_chrome_list_add(list, copy->item);
}
