/* SPDX-License-Identifier: MIT */
/* Tasks of a process: begins and ends paired by id, then packed into lanes without overlap. */

#include "viewer-server/model/build/gather.h"
#include "viewer-server/model/tile.h"

#include <string.h>

/* More tasks at once than this are counted as repaired and left out of the picture. */
#define TASK_LANES_MAX 1024u

struct task {
	uint64_t id;
	uint32_t end_ref;
	struct ctrace_lane_event event;
};

/* With the stream it came from, to know a step's track. */
struct fact {
	struct ctrace_task_event event;
	uint32_t build;
};

static int kind_order(uint32_t kind)
{
	return kind == CTRACE_KIND_TASK_BEGIN ? 0 : kind == CTRACE_KIND_TASK_STEP ? 1 : 2;
}

static int by_id_then_time(const void *a, const void *b)
{
	const struct ctrace_task_event *x = a, *y = b;

	if (x->id != y->id) {
		return x->id < y->id ? -1 : 1;
	}
	if (x->time != y->time) {
		return x->time < y->time ? -1 : 1;
	}
	if (x->kind != y->kind) {
		return kind_order(x->kind) - kind_order(y->kind);
	}
	return (x->ref > y->ref) - (x->ref < y->ref);
}

static int by_start(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	if (x->event.start != y->event.start) {
		return x->event.start < y->event.start ? -1 : 1;
	}
	return (x->id > y->id) - (x->id < y->id);
}

static bool collect(const struct ctrace_gathering *gathering, struct ctrace_column *all)
{
	for (uint32_t i = 0; i < gathering->own_count; i++) {
		uint32_t build = gathering->own[i];
		const struct ctrace_column *some = &gathering->builds[build].tasks;
		const struct ctrace_task_event *events = some->items;

		if (!ctrace_column_reserve(all, sizeof(struct fact), some->count)) {
			return false;
		}
		for (size_t j = 0; j < some->count; j++) {
			((struct fact *)all->items)[all->count++] = (struct fact){events[j], build};
		}
	}
	return true;
}

static bool add_task(struct ctrace_column *tasks, const struct ctrace_task_event *begin,
		     uint64_t end, uint32_t end_ref, uint32_t flags)
{
	struct task *task = ctrace_column_add(tasks, sizeof(*task));

	if (task == NULL) {
		return false;
	}
	*task = (struct task){
		.id = begin->id,
		.end_ref = end_ref,
		.event =
			{
				.start = begin->time,
				.duration = end - begin->time,
				.name = begin->name,
				.flags = flags,
				.ref = begin->ref,
			},
	};
	return true;
}

static bool add_step(struct ctrace_gathering *gathering, const struct fact *fact)
{
	struct ctrace_model *model = gathering->model;
	struct ctrace_task_fact *step = ctrace_column_add(&model->steps, sizeof(*step));

	if (step == NULL) {
		return false;
	}
	*step = (struct ctrace_task_fact){
		.id = fact->event.id,
		.time = fact->event.time,
		.name = fact->event.name,
		.track = model->streams[fact->build].track,
	};
	return true;
}

/* Facts of one id, in order of time: each begin reaches to the next end or begin. */
static bool pair_one(struct ctrace_gathering *gathering, const struct fact *facts, size_t count,
		     struct ctrace_column *tasks)
{
	const struct ctrace_task_event *open = NULL;
	bool is_ok = true;

	for (size_t i = 0; is_ok && i < count; i++) {
		const struct ctrace_task_event *event = &facts[i].event;

		if (event->kind == CTRACE_KIND_TASK_STEP) {
			is_ok = add_step(gathering, &facts[i]);
			continue;
		}
		if (open != NULL) {
			is_ok = add_task(tasks, open, event->time,
					 event->kind == CTRACE_KIND_TASK_END ? event->ref
									     : CTRACE_NO_REF,
					 CTRACE_REAL_HAS_ARGS);
		}
		open = event->kind == CTRACE_KIND_TASK_BEGIN ? event : NULL;
	}
	if (is_ok && open != NULL) {
		is_ok = add_task(tasks, open, gathering->model->duration, CTRACE_NO_REF,
				 CTRACE_REAL_HAS_ARGS | CTRACE_REAL_UNFINISHED);
	}
	return is_ok;
}

static bool pair_all(struct ctrace_gathering *gathering, const struct ctrace_column *all,
		     struct ctrace_column *tasks)
{
	const struct fact *facts = all->items;
	bool is_ok = true;

	for (size_t i = 0, end; is_ok && i < all->count; i = end) {
		for (end = i + 1; end < all->count && facts[end].event.id == facts[i].event.id;
		     end++) {
		}
		is_ok = pair_one(gathering, &facts[i], end - i, tasks);
	}
	return is_ok;
}

struct packing {
	struct ctrace_lane *lanes;
	uint32_t count;
	uint64_t left_out;
};

/* The first lane that is free again. Few tasks run at once, so a walk is quick. */
static struct ctrace_lane *free_lane(struct packing *packing, uint64_t start)
{
	for (uint32_t i = 0; i < packing->count; i++) {
		if (packing->lanes[i].last_end <= start) {
			return &packing->lanes[i];
		}
	}
	if (packing->count == TASK_LANES_MAX) {
		return NULL;
	}
	packing->lanes[packing->count].info.kind = CTRACE_LANE_TASK;
	return &packing->lanes[packing->count++];
}

static bool remember(struct ctrace_gathering *gathering, const struct task *task, uint32_t depth,
		     uint32_t index)
{
	struct ctrace_task_fact *fact = ctrace_column_add(&gathering->model->tasks, sizeof(*fact));

	if (fact == NULL) {
		return false;
	}
	*fact = (struct ctrace_task_fact){
		.id = task->id,
		.time = task->event.start,
		.name = task->event.name,
		.place = {(uint32_t)gathering->lanes.count + depth, index},
		.end_ref = task->end_ref,
	};
	return true;
}

static bool pack(struct ctrace_gathering *gathering, const struct ctrace_column *tasks,
		 struct packing *packing)
{
	const struct task *items = tasks->items;

	for (size_t i = 0; i < tasks->count; i++) {
		struct ctrace_lane *lane = free_lane(packing, items[i].event.start);

		if (lane == NULL) {
			gathering->model->repaired++;
			continue;
		}
		if (!remember(gathering, &items[i], (uint32_t)(lane - packing->lanes),
			      lane->count) ||
		    !ctrace_lane_append(lane, &items[i].event)) {
			return false;
		}
	}
	return true;
}

static int facts_by_id_then_time(const void *a, const void *b)
{
	const struct ctrace_task_fact *x = a, *y = b;

	if (x->id != y->id) {
		return x->id < y->id ? -1 : 1;
	}
	return (x->time > y->time) - (x->time < y->time);
}

size_t ctrace_task_fact_at(const struct ctrace_column *facts, uint64_t id, uint64_t time)
{
	const struct ctrace_task_fact *items = facts->items;
	size_t low = 0, high = facts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].id < id ||
		    (items[middle].id == id && items[middle].time < time)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool add_lanes(struct ctrace_gathering *gathering, struct packing *packing, uint32_t track)
{
	bool is_ok = true;

	for (uint32_t i = 0; i < packing->count; i++) {
		is_ok = is_ok && ctrace_lane_seal(&packing->lanes[i]) &&
			ctrace_gather_lane(gathering, &packing->lanes[i], track, i, CTRACE_NONE);
		ctrace_lane_finish(&packing->lanes[i]);
	}
	return is_ok;
}

enum ctrace_status ctrace_gather_tasks(struct ctrace_gathering *gathering, uint64_t pid,
				       uint32_t track)
{
	struct ctrace_column all = {0}, tasks = {0};
	struct packing packing = {.lanes = calloc(TASK_LANES_MAX, sizeof(struct ctrace_lane))};
	bool is_ok = packing.lanes != NULL && collect(gathering, &all);

	if (is_ok && all.count > 0) {
		qsort(all.items, all.count, sizeof(struct fact), by_id_then_time);
		is_ok = pair_all(gathering, &all, &tasks);
	}
	if (is_ok && tasks.count > 0) {
		qsort(tasks.items, tasks.count, sizeof(struct task), by_start);
		is_ok = pack(gathering, &tasks, &packing);
	}
	is_ok = is_ok && add_lanes(gathering, &packing, track);
	(void)pid;
	free(packing.lanes);
	ctrace_column_finish(&all);
	ctrace_column_finish(&tasks);
	return is_ok ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

void ctrace_gather_tasks_sort(struct ctrace_gathering *gathering)
{
	struct ctrace_column *tasks = &gathering->model->tasks, *steps = &gathering->model->steps;

	if (tasks->count > 0) {
		qsort(tasks->items, tasks->count, sizeof(struct ctrace_task_fact),
		      facts_by_id_then_time);
	}
	if (steps->count > 0) {
		qsort(steps->items, steps->count, sizeof(struct ctrace_task_fact),
		      facts_by_id_then_time);
	}
}
