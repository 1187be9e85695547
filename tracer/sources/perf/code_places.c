/* SPDX-License-Identifier: MIT */

/* What all sources know of code; see code_places.h. */

#include "tracer/sources/perf/code_places.h"

#include "tracer/sources/perf/proc_maps.h"

#include <stdlib.h>

/* Whose mappings are read from /proc. */
struct asking {
	struct ctrace_code_places *places;
	uint32_t pid;
};

static void destroy(struct ctrace_code_places *places)
{
	if (places == NULL) {
		return;
	}
	ctrace_map_finish(&places->asked);
	ctrace_stacks_finish(&places->stacks);
	ctrace_process_maps_destroy(places->unwind.maps);
	ctrace_modules_destroy(places->unwind.modules);
	free(places);
}

struct ctrace_code_places *ctrace_code_places_need(struct ctrace_source_trace *trace)
{
	struct ctrace_code_places *places = trace->places;

	if (places != NULL) {
		return places;
	}
	places = calloc(1, sizeof(*places));
	if (places == NULL) {
		return NULL;
	}
	ctrace_stacks_init(&places->stacks, trace);
	places->unwind.modules = ctrace_modules_create(trace);
	places->unwind.maps = ctrace_process_maps_create();
	if (places->unwind.modules == NULL || places->unwind.maps == NULL) {
		destroy(places);
		return NULL;
	}
	trace->places = places;
	return places;
}

void ctrace_code_places_finish(struct ctrace_source_trace *trace)
{
	destroy(trace->places);
	trace->places = NULL;
}

void ctrace_code_places_map(struct ctrace_code_places *places, uint32_t pid,
			    const struct ctrace_perf_map *map)
{
	const struct ctrace_mapping mapping = {
		.start = map->start,
		.end = map->start + map->size,
		.file_offset = map->file_offset,
		.module = ctrace_modules_get(places->unwind.modules, pid, map),
	};

	ctrace_process_maps_map(places->unwind.maps, pid, &mapping);
}

static void take_line(void *context, const struct ctrace_perf_map *map)
{
	struct asking *asking = context;

	ctrace_code_places_map(asking->places, asking->pid, map);
}

void ctrace_code_places_read(struct ctrace_code_places *places, uint32_t pid, const char *copy)
{
	struct asking asking = {.places = places, .pid = pid};

	ctrace_proc_maps(pid, take_line, &asking);
	if (copy != NULL && !ctrace_proc_maps_is_there(pid)) {
		ctrace_proc_maps_copy(copy, take_line, &asking);
	}
}

void ctrace_code_places_ask(struct ctrace_code_places *places, uint32_t pid, uint64_t address,
			    uint32_t mark)
{
	uint32_t known = ctrace_map_get(&places->asked, pid);
	struct ctrace_mapping mapping;

	if (mark == known ||
	    ctrace_process_maps_find(places->unwind.maps, pid, address, &mapping)) {
		return;
	}
	if (ctrace_map_put(&places->asked, pid, mark)) {
		ctrace_code_places_read(places, pid, NULL);
	}
}

void ctrace_code_places_name(struct ctrace_source_trace *trace, unsigned seconds,
			     struct ctrace_names_report *report)
{
	*report = (struct ctrace_names_report){.named = 0};
	if (trace->places != NULL) {
		ctrace_modules_name_frames(trace->places->unwind.modules, &trace->places->stacks,
					   seconds, report);
	}
}
