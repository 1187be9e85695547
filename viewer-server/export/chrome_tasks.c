/* SPDX-License-Identifier: MIT */
/* The table of tasks in flight: which begin a step or an end belongs to. */

#include "viewer-server/export/chrome_tasks.h"

#include <stdlib.h>

#define FIRST_BUCKETS 256u

struct ctrace_chrome_task {
	struct ctrace_chrome_task *next;
	uint64_t pid, id;
	bool is_in_range; /* began before the range's end */
	uint32_t site;
	struct ctrace_chrome_copy
		*begin; /* began before the range: shown if it does not end before it too */
};

enum ctrace_status ctrace_chrome_tasks_init(struct ctrace_chrome_tasks *tasks, uint64_t start,
					    uint64_t end)
{
	*tasks = (struct ctrace_chrome_tasks){.start = start, .end = end};
	tasks->buckets = calloc(FIRST_BUCKETS, sizeof(struct ctrace_chrome_task *));
	tasks->bucket_count = FIRST_BUCKETS;
	return tasks->buckets == NULL ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

static void free_task(struct ctrace_chrome_task *task)
{
	free(task->begin);
	free(task);
}

void ctrace_chrome_tasks_finish(struct ctrace_chrome_tasks *tasks)
{
	for (uint32_t i = 0; tasks->buckets != NULL && i < tasks->bucket_count; i++) {
		while (tasks->buckets[i] != NULL) {
			struct ctrace_chrome_task *next = tasks->buckets[i]->next;
			free_task(tasks->buckets[i]);
			tasks->buckets[i] = next;
		}
	}
	free(tasks->buckets);
	ctrace_chrome_task_queue_finish(&tasks->queue);
	*tasks = (struct ctrace_chrome_tasks){0};
}

static struct ctrace_chrome_task **bucket_of(struct ctrace_chrome_tasks *tasks, uint64_t pid,
					     uint64_t id)
{
	uint64_t hash = (id + (pid << 40)) * UINT64_C(0x9e3779b97f4a7c15);

	return &tasks->buckets[(hash >> 32) & (tasks->bucket_count - 1)];
}

/* The link that points at the task, or at the end of its bucket. */
static struct ctrace_chrome_task **find(struct ctrace_chrome_tasks *tasks, uint64_t pid,
					uint64_t id)
{
	struct ctrace_chrome_task **link = bucket_of(tasks, pid, id);

	while (*link != NULL && ((*link)->id != id || (*link)->pid != pid)) {
		link = &(*link)->next;
	}
	return link;
}

/* Twice the buckets; without memory for them the chains just grow longer. */
static void spread(struct ctrace_chrome_tasks *tasks)
{
	struct ctrace_chrome_task **old = tasks->buckets;
	uint32_t old_count = tasks->bucket_count;
	void *buckets = calloc((size_t)old_count * 2, sizeof(struct ctrace_chrome_task *));

	if (buckets == NULL) {
		return;
	}
	tasks->buckets = buckets;
	tasks->bucket_count = old_count * 2;
	for (uint32_t i = 0; i < old_count; i++) {
		while (old[i] != NULL) {
			struct ctrace_chrome_task *task = old[i];
			struct ctrace_chrome_task **bucket = bucket_of(tasks, task->pid, task->id);
			old[i] = task->next;
			task->next = *bucket;
			*bucket = task;
		}
	}
	free(old);
}

/* A new task at the end of its bucket; NULL: the table is full. */
static struct ctrace_chrome_task *add_task(struct ctrace_chrome_tasks *tasks, uint64_t pid,
					   uint64_t id)
{
	struct ctrace_chrome_task *task;

	if (tasks->count == CTRACE_CHROME_TASKS_MAX) {
		return NULL;
	}
	if (tasks->count >= tasks->bucket_count) {
		spread(tasks);
	}
	task = calloc(1, sizeof(*task));
	if (task == NULL) {
		return NULL;
	}
	task->pid = pid;
	task->id = id;
	*find(tasks, pid, id) = task;
	tasks->count++;
	return task;
}

static void show_begin(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list,
		       struct ctrace_chrome_task *task)
{
	struct ctrace_chrome_item *item;

	if (task->begin == NULL) {
		return;
	}
	tasks->held_bytes -= ctrace_chrome_copy_size(&task->begin->item);
	item = ctrace_chrome_list_add_copy(list, task->begin);
	task->begin = NULL;
	if (item != NULL) {
		item->is_chosen = true;
	}
}

/* Takes the task out of the table; its begin, if held, is not shown. */
static void remove_task(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_task **link)
{
	struct ctrace_chrome_task *task = *link;

	tasks->in_flight -= task->is_in_range;
	if (task->begin != NULL) {
		tasks->held_bytes -= ctrace_chrome_copy_size(&task->begin->item);
	}
	*link = task->next;
	tasks->count--;
	free_task(task);
}

/* Written whatever is known of its task; the range decides by the part's own time. */
static struct ctrace_chrome_item *add_part(struct ctrace_chrome_list *list,
					   struct ctrace_chrome_copy *copy, uint32_t task_site)
{
	struct ctrace_chrome_item *added = ctrace_chrome_list_add_copy(list, copy);

	if (added != NULL) {
		added->task_site = task_site;
	}
	return added;
}

/* The end of a task whose begin is known: both are shown if the task touches the range. */
static void end_task(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list,
		     struct ctrace_chrome_task **link, struct ctrace_chrome_copy *copy)
{
	struct ctrace_chrome_task *task = *link;
	bool is_after = task->begin == NULL || copy->item.start > tasks->start;
	struct ctrace_chrome_item *end;

	if (task->is_in_range && is_after) {
		show_begin(tasks, list, task);
		end = add_part(list, copy, task->site);
		if (end != NULL) {
			end->is_chosen = true;
		}
	} else {
		free(copy);
	}
	remove_task(tasks, link);
}

static void settle_begin(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list,
			 const struct ctrace_chrome_task_entry *entry)
{
	const struct ctrace_chrome_item *item = &entry->copy->item;
	struct ctrace_chrome_task **link = find(tasks, entry->pid, item->id);
	struct ctrace_chrome_task *task;

	if (*link != NULL) {
		/* The id is used again without an end between: the older one stays open. */
		show_begin(tasks, list, *link);
		remove_task(tasks, link);
	}
	task = add_task(tasks, entry->pid, item->id);
	if (task == NULL) {
		free(entry->copy);
		return;
	}
	task->site = item->site;
	task->is_in_range = item->start < tasks->end;
	tasks->in_flight += task->is_in_range;
	if (item->start < tasks->start) {
		task->begin = entry->copy;
		tasks->held_bytes += ctrace_chrome_copy_size(item);
	} else {
		free(entry->copy);
	}
}

static void settle(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list)
{
	const struct ctrace_chrome_task_entry entry = ctrace_chrome_task_queue_take(&tasks->queue);
	const struct ctrace_chrome_item *item = &entry.copy->item;
	struct ctrace_chrome_task **link;

	if (item->kind == CTRACE_KIND_TASK_BEGIN) {
		settle_begin(tasks, list, &entry);
		return;
	}
	link = find(tasks, entry.pid, item->id);
	if (*link != NULL && item->kind == CTRACE_KIND_TASK_END) {
		end_task(tasks, list, link, entry.copy);
	} else {
		add_part(list, entry.copy, *link != NULL ? (*link)->site : CTRACE_NO_SITE);
	}
}

void ctrace_chrome_tasks_add(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list,
			     const struct ctrace_chrome_item *item, uint64_t pid, uint64_t order)
{
	struct ctrace_chrome_item kept = *item;
	struct ctrace_chrome_task_entry entry = {.pid = pid, .order = order};

	if (item->kind == CTRACE_KIND_TASK_BEGIN && item->start >= tasks->start) {
		ctrace_chrome_list_add(list, *item);
		kept.args = kept.args_end = NULL; /* its line has them */
	}
	entry.copy = ctrace_chrome_copy_of(&kept);
	if (entry.copy == NULL || !ctrace_chrome_task_queue_add(&tasks->queue, entry)) {
		free(entry.copy);
		list->is_failed = true;
	}
	while (tasks->queue.count > 0 &&
	       tasks->queue.bytes + tasks->held_bytes > CTRACE_CHROME_HELD_BYTES_MAX) {
		settle(tasks, list);
	}
}

void ctrace_chrome_tasks_until(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list,
			       uint64_t time)
{
	while (ctrace_chrome_task_queue_has(&tasks->queue, time)) {
		settle(tasks, list);
	}
}

void ctrace_chrome_tasks_close(struct ctrace_chrome_tasks *tasks, struct ctrace_chrome_list *list)
{
	while (tasks->queue.count > 0) {
		settle(tasks, list);
	}
	for (uint32_t i = 0; i < tasks->bucket_count; i++) {
		for (struct ctrace_chrome_task *t = tasks->buckets[i]; t != NULL; t = t->next) {
			show_begin(tasks, list, t);
		}
	}
}
