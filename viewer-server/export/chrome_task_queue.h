/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_TASK_QUEUE_H
#define CTRACE_CHROME_TASK_QUEUE_H

/*
 * What threads say of tasks, brought into the order of time. Threads are replayed chunk by chunk,
 * so one may be told of an end before another was asked for the begin.
 *
 * One thread at a time per object.
 */

#include "viewer-server/export/chrome_item.h"

struct ctrace_chrome_task_entry {
	uint64_t pid, order; /* order: place in the file, for what happens at the same time */
	struct ctrace_chrome_copy *copy; /* owned by the queue until taken */
};

/* A heap, the earliest on top. A zeroed one is empty. */
struct ctrace_chrome_task_queue {
	struct ctrace_chrome_task_entry *entries; /* owned */
	size_t count, room;
	size_t bytes; /* of all copies */
};

void ctrace_chrome_task_queue_finish(struct ctrace_chrome_task_queue *queue);
/* Takes the copy when it succeeds. False: no memory. */
bool ctrace_chrome_task_queue_add(struct ctrace_chrome_task_queue *queue,
				  struct ctrace_chrome_task_entry entry);
/* Is there one before `time`? */
static inline bool ctrace_chrome_task_queue_has(const struct ctrace_chrome_task_queue *queue,
						uint64_t time)
{
	return queue->count > 0 && queue->entries[0].copy->item.start < time;
}
/* The earliest; its copy is the caller's from here. Of equal times a begin goes first, then steps,
 * then ends, then whatever stands earlier in the file: the model sorts tasks the same way. */
struct ctrace_chrome_task_entry ctrace_chrome_task_queue_take(
	struct ctrace_chrome_task_queue *queue);

size_t ctrace_chrome_copy_size(const struct ctrace_chrome_item *item);

#endif
