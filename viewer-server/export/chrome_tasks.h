/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_TASKS_H
#define CTRACE_CHROME_TASKS_H

/*
 * Tasks on their way from begin to end. Viewers match the parts of a task by
 * category, id and name, but a step and an end know only the id: this table
 * remembers the tasks that are in flight. What threads say of tasks waits until all
 * threads have come past its time, so an id that is used again is matched by time, as
 * in the model; only the begin's own line does not wait.
 *
 * Memory is bounded by CTRACE_CHROME_TASKS_MAX and CTRACE_CHROME_HELD_BYTES_MAX. Tasks
 * beyond the first are not known: their parts go out under the name "task". Beyond the second the
 * earliest that wait are matched at once.
 */

#include "viewer-server/export/chrome_task_queue.h"

/* In flight at once: far more than any service has requests. About 100 MiB. */
#define CTRACE_CHROME_TASKS_MAX (1u << 20)
/* Items that wait for their time or their range, with arguments. */
#define CTRACE_CHROME_HELD_BYTES_MAX (64u << 20)

struct ctrace_chrome_task;

struct ctrace_chrome_tasks {
	uint64_t start, end;		     /* the range, ns */
	struct ctrace_chrome_task **buckets; /* owned */
	uint32_t bucket_count, count;
	uint32_t in_flight; /* tasks begun before the range's end that have not ended */
	size_t held_bytes;  /* of begins that wait for their range */
	struct ctrace_chrome_task_queue queue;
};

enum ctrace_status ctrace_chrome_tasks_init(struct ctrace_chrome_tasks *tasks, uint64_t start,
					    uint64_t end);
void ctrace_chrome_tasks_finish(struct ctrace_chrome_tasks *tasks);

/* A task's begin, step or end, said by a thread of process `pid`; `order` is its place in the file.
 * A begin's line goes into the list at once. */
void ctrace_chrome_tasks_add(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list,
			     const struct ctrace_chrome_item *item, uint64_t pid, uint64_t order);
/* No thread will say anything before `time`: what waited for that goes into the list. */
void ctrace_chrome_tasks_until(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list,
			       uint64_t time);
/* No more events come: what waits goes into the list. */
void ctrace_chrome_tasks_close(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list);

#endif
