/* SPDX-License-Identifier: MIT */
/* Memory in RAM; see resident_sums.h. */

#include "viewer-server/analysis/resident_sums.h"

#include <stdlib.h>

/* NULL: no memory. */
static struct ctrace_resident_row *row_of(struct ctrace_resident *resident, uint64_t pid)
{
	uint32_t known = ctrace_map_get(&resident->row_of_pid, pid);
	uint32_t room = resident->room != 0 ? 2 * resident->room : 16;

	if (known != CTRACE_MAP_NONE) {
		return &resident->rows[known];
	}
	if (resident->count == resident->room) {
		struct ctrace_resident_row *more = realloc(resident->rows, room * sizeof(*more));

		if (more == NULL) {
			return NULL;
		}
		resident->rows = more;
		resident->room = room;
	}
	if (!ctrace_map_put(&resident->row_of_pid, pid, resident->count)) {
		return NULL;
	}
	resident->rows[resident->count] = (struct ctrace_resident_row){.pid = pid};
	return &resident->rows[resident->count++];
}

static void change(struct ctrace_resident_row *row, uint64_t value, uint64_t time)
{
	row->now = value;
	row->has_ended = value == 0;
	if (value == 0) {
		return;
	}
	row->is_there = true;
	row->end = value;
	if (value > row->most) {
		row->most = value;
		row->most_time = time;
	}
}

bool ctrace_resident_take(struct ctrace_resident *resident, const struct ctrace_heap_event *event)
{
	struct ctrace_resident_row *row;
	uint64_t before;

	if (event->kind != CTRACE_KIND_PROCESS_MEMORY) {
		return true;
	}
	row = row_of(resident, event->pid);
	if (row == NULL) {
		return false;
	}
	before = row->now;
	change(row, event->size, event->time);
	change(&resident->all, resident->all.now - before + event->size, event->time);
	resident->events++;
	return true;
}

static void pass(struct ctrace_resident_row *row, uint64_t time)
{
	row->begin = row->now;
	row->is_there = row->now > 0;
	row->end = row->now;
	row->most = row->now;
	row->most_time = row->now > 0 ? time : 0;
}

void ctrace_resident_pass(struct ctrace_resident *resident, uint64_t time)
{
	for (uint32_t i = 0; i < resident->count; i++) {
		pass(&resident->rows[i], time);
	}
	pass(&resident->all, time);
}

/* Is it a process of one of the threads that were asked for? */
static bool is_wanted(const struct ctrace_resident_settings *settings,
		      const struct ctrace_thread_table *table, uint64_t pid)
{
	for (uint32_t i = 0; i < table->count && settings->thread_count > 0; i++) {
		for (uint32_t j = 0; table->threads[i].pid == pid && j < settings->thread_count;
		     j++) {
			if (table->threads[i].tid == settings->threads[j]) {
				return true;
			}
		}
	}
	return settings->thread_count == 0;
}

static int by_most(const void *a, const void *b)
{
	const struct ctrace_resident_row *x = a, *y = b;

	if (x->most != y->most) {
		return x->most > y->most ? -1 : 1;
	}
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static enum ctrace_status walk_all(struct ctrace_resident *resident, struct ctrace_heap_walk *walk,
				   const struct ctrace_resident_settings *settings)
{
	bool has_passed = settings->start == 0;
	struct ctrace_heap_event event;

	while (ctrace_heap_walk_next(walk, &event) && event.time <= settings->end) {
		if (!has_passed && event.time > settings->start) {
			ctrace_resident_pass(resident, settings->start);
			has_passed = true;
		}
		if (is_wanted(settings, walk->choice.threads, event.pid) &&
		    !ctrace_resident_take(resident, &event)) {
			return CTRACE_ERR_NO_MEMORY;
		}
	}
	if (!has_passed) {
		ctrace_resident_pass(resident, settings->start);
	}
	return walk->status;
}

enum ctrace_status ctrace_resident_init(struct ctrace_resident *resident,
					const struct ctrace_trace *trace,
					const struct ctrace_resident_settings *settings)
{
	struct ctrace_thread_table threads;
	struct ctrace_heap_choice choice = {.threads = &threads, .chunks = settings->chunks};
	struct ctrace_heap_walk walk = {.trace = NULL};
	enum ctrace_status status = ctrace_thread_table_init(&threads, trace);

	*resident = (struct ctrace_resident){.count = 0};
	if (status == CTRACE_OK) {
		status = ctrace_heap_walk_init_chosen(&walk, trace, &choice);
	}
	if (status == CTRACE_OK) {
		status = walk_all(resident, &walk, settings);
	}
	if (resident->count > 0) {
		qsort(resident->rows, resident->count, sizeof(*resident->rows), by_most);
	}
	ctrace_heap_walk_finish(&walk);
	ctrace_thread_table_finish(&threads);
	return status;
}

void ctrace_resident_finish(struct ctrace_resident *resident)
{
	free(resident->rows);
	ctrace_map_finish(&resident->row_of_pid);
	*resident = (struct ctrace_resident){.count = 0};
}
