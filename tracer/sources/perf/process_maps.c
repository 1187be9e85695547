/* SPDX-License-Identifier: MIT */

/* Mappings of processes, sorted by address; see process_maps.h. */

#include "tracer/sources/perf/process_maps.h"

#include "format/map.h"
#include "tracer/src/limits.h"

#include <stdlib.h>
#include <string.h>

struct process {
	struct ctrace_mapping *list; /* owned; by address, none over another */
	uint32_t count, capacity;
	bool is_gone;
};

struct ctrace_process_maps {
	struct process *processes; /* owned */
	uint32_t count, capacity, gone_count;
	struct ctrace_map by_pid;
};

struct ctrace_process_maps *ctrace_process_maps_create(void)
{
	return calloc(1, sizeof(struct ctrace_process_maps));
}

static void clear(struct process *process)
{
	free(process->list);
	*process = (struct process){.list = NULL};
}

void ctrace_process_maps_destroy(struct ctrace_process_maps *maps)
{
	if (maps == NULL) {
		return;
	}
	for (uint32_t i = 0; i < maps->count; i++) {
		clear(&maps->processes[i]);
	}
	free(maps->processes);
	ctrace_map_finish(&maps->by_pid);
	free(maps);
}

/* ---- processes ---- */

static struct process *find_process(const struct ctrace_process_maps *maps, uint32_t pid)
{
	uint32_t index = ctrace_map_get(&maps->by_pid, pid);

	return index != CTRACE_MAP_NONE ? &maps->processes[index] : NULL;
}

static void forget_gone(struct ctrace_process_maps *maps)
{
	for (uint32_t i = 0; i < maps->count; i++) {
		if (maps->processes[i].is_gone) {
			clear(&maps->processes[i]);
		}
	}
	maps->gone_count = 0;
}

static bool grow_processes(struct ctrace_process_maps *maps)
{
	uint32_t capacity = maps->capacity != 0 ? 2 * maps->capacity : 16;
	struct process *more;

	if (maps->count < maps->capacity) {
		return true;
	}
	more = realloc(maps->processes, capacity * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	maps->processes = more;
	maps->capacity = capacity;
	return true;
}

/* NULL without memory. */
static struct process *need_process(struct ctrace_process_maps *maps, uint32_t pid)
{
	struct process *process = find_process(maps, pid);

	if (process != NULL) {
		return process;
	}
	if (!grow_processes(maps) || !ctrace_map_put(&maps->by_pid, pid, maps->count)) {
		return NULL;
	}
	process = &maps->processes[maps->count++];
	*process = (struct process){.list = NULL};
	return process;
}

/* ---- mappings ---- */

/* How many end at or before the address. */
static uint32_t count_below(const struct process *process, uint64_t address)
{
	uint32_t low = 0, high = process->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (process->list[middle].end <= address) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool grow_mappings(struct process *process)
{
	uint32_t capacity = process->capacity != 0 ? 2 * process->capacity : 16;
	struct ctrace_mapping *more;

	/* Two: the one that is added, and the half of one that it splits. */
	if (process->count + 2 <= process->capacity) {
		return true;
	}
	more = realloc(process->list, capacity * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	process->list = more;
	process->capacity = capacity;
	return true;
}

static void insert(struct process *process, uint32_t at, const struct ctrace_mapping *mapping)
{
	memmove(process->list + at + 1, process->list + at,
		(process->count - at) * sizeof(*process->list));
	process->list[at] = *mapping;
	process->count++;
}

static void cut_front(struct ctrace_mapping *mapping, uint64_t start)
{
	mapping->file_offset += start - mapping->start;
	mapping->start = start;
}

/* Makes room from start to end; returns where a mapping there belongs. */
static uint32_t unmap(struct process *process, uint64_t start, uint64_t end)
{
	uint32_t at = count_below(process, start), last;
	struct ctrace_mapping *first = process->list + at;

	if (at < process->count && first->start < start) {
		struct ctrace_mapping rest = *first;

		first->end = start;
		at++;
		if (rest.end > end) {
			cut_front(&rest, end);
			insert(process, at, &rest);
			return at;
		}
	}
	last = count_below(process, end);
	memmove(process->list + at, process->list + last,
		(process->count - last) * sizeof(*process->list));
	process->count -= last - at;
	if (at < process->count && process->list[at].start < end) {
		cut_front(&process->list[at], end);
	}
	return at;
}

void ctrace_process_maps_map(struct ctrace_process_maps *maps, uint32_t pid,
			     const struct ctrace_mapping *mapping)
{
	struct process *process = need_process(maps, pid);

	if (process == NULL || mapping->start >= mapping->end ||
	    process->count >= CTRACE_MAPPINGS_MAX || !grow_mappings(process)) {
		return;
	}
	insert(process, unmap(process, mapping->start, mapping->end), mapping);
}

void ctrace_process_maps_fork(struct ctrace_process_maps *maps, uint32_t parent, uint32_t child)
{
	struct process *into = need_process(maps, child);
	const struct process *from = find_process(maps, parent);

	if (into == NULL) {
		return;
	}
	clear(into);
	if (from == NULL || from->count == 0) {
		return;
	}
	into->list = malloc((from->count + 2) * sizeof(*into->list));
	if (into->list == NULL) {
		return;
	}
	memcpy(into->list, from->list, from->count * sizeof(*into->list));
	into->count = from->count;
	into->capacity = from->count + 2;
}

void ctrace_process_maps_exec(struct ctrace_process_maps *maps, uint32_t pid)
{
	struct process *process = find_process(maps, pid);

	if (process != NULL) {
		clear(process);
	}
}

void ctrace_process_maps_exit(struct ctrace_process_maps *maps, uint32_t pid)
{
	struct process *process = find_process(maps, pid);

	if (process == NULL || process->is_gone) {
		return;
	}
	process->is_gone = true;
	maps->gone_count++;
	if (maps->gone_count > CTRACE_GONE_PROCESSES_MAX) {
		forget_gone(maps);
	}
}

bool ctrace_process_maps_find(const struct ctrace_process_maps *maps, uint32_t pid,
			      uint64_t address, struct ctrace_mapping *mapping)
{
	const struct process *process = find_process(maps, pid);
	uint32_t at;

	if (process == NULL) {
		return false;
	}
	at = count_below(process, address);
	if (at == process->count || process->list[at].start > address) {
		return false;
	}
	*mapping = process->list[at];
	return true;
}
