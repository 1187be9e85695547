/* SPDX-License-Identifier: MIT */
/* A binary heap of copied items. */

#include "viewer-server/export/chrome_task_queue.h"

#include <stdlib.h>

size_t ctrace_chrome_copy_size(const struct ctrace_chrome_item *item)
{
	return sizeof(struct ctrace_chrome_copy) + (size_t)(item->args_end - item->args);
}

void ctrace_chrome_task_queue_finish(struct ctrace_chrome_task_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++) {
		free(queue->entries[i].copy);
	}
	free(queue->entries);
	*queue = (struct ctrace_chrome_task_queue){0};
}

static int rank(unsigned kind)
{
	return kind == CTRACE_KIND_TASK_BEGIN ? 0 : kind == CTRACE_KIND_TASK_STEP ? 1 : 2;
}

static bool is_earlier(const struct ctrace_chrome_task_entry *a,
		       const struct ctrace_chrome_task_entry *b)
{
	const struct ctrace_chrome_item *x = &a->copy->item, *y = &b->copy->item;

	if (x->start != y->start) {
		return x->start < y->start;
	}
	return x->kind != y->kind ? rank(x->kind) < rank(y->kind) : a->order < b->order;
}

static bool grow(struct ctrace_chrome_task_queue *queue)
{
	size_t room = queue->room == 0 ? 64 : queue->room * 2;
	void *entries = realloc(queue->entries, room * sizeof(*queue->entries));

	if (entries == NULL) {
		return false;
	}
	queue->entries = entries;
	queue->room = room;
	return true;
}

bool ctrace_chrome_task_queue_add(struct ctrace_chrome_task_queue *queue,
				  struct ctrace_chrome_task_entry entry)
{
	if (queue->count == queue->room && !grow(queue)) {
		return false;
	}
	size_t i = queue->count++;
	queue->bytes += ctrace_chrome_copy_size(&entry.copy->item);
	while (i > 0 && is_earlier(&entry, &queue->entries[(i - 1) / 2])) {
		queue->entries[i] = queue->entries[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	queue->entries[i] = entry;
	return true;
}

/* Let `entry` sink from the top to its place. */
static void sink(struct ctrace_chrome_task_queue *queue, struct ctrace_chrome_task_entry entry)
{
	size_t i = 0;

	for (size_t child = 1; child < queue->count; child = 2 * i + 1) {
		child += child + 1 < queue->count &&
			 is_earlier(&queue->entries[child + 1], &queue->entries[child]);
		if (!is_earlier(&queue->entries[child], &entry)) {
			break;
		}
		queue->entries[i] = queue->entries[child];
		i = child;
	}
	queue->entries[i] = entry;
}

struct ctrace_chrome_task_entry ctrace_chrome_task_queue_take(
	struct ctrace_chrome_task_queue *queue)
{
	struct ctrace_chrome_task_entry first = queue->entries[0];

	queue->bytes -= ctrace_chrome_copy_size(&first.copy->item);
	if (--queue->count > 0) {
		sink(queue, queue->entries[queue->count]);
	}
	return first;
}
