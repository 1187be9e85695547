/* SPDX-License-Identifier: MIT */

/* Stacks of blocks of memory; see block_stacks.h. */

#include "tracer/sources/perf/block_stacks.h"

#include "format/wire.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/sites/memory_shape.h"

/* A process that is asked what it has mapped is asked again after so long, if need be. */
#define ASK_AGAIN_NS 100000000u

/* ---- processes ---- */

static bool is_mapped(const struct ctrace_code_places *places, const struct ctrace_origin *origin,
		      uint64_t address)
{
	struct ctrace_mapping mapping;

	return ctrace_process_maps_find(places->unwind.maps, (uint32_t)origin->pid, address,
					&mapping);
}

static struct ctrace_code_places *read_again(struct ctrace_block_stacks *stacks,
					     const struct ctrace_origin *origin)
{
	struct ctrace_code_places *places = ctrace_code_places_need(stacks->trace);

	if (places != NULL) {
		stacks->read_maps(places, origin);
		ctrace_map_put(&stacks->met, origin->number,
			       (uint32_t)(ctrace_clock_raw_ns() / ASK_AGAIN_NS));
	}
	return places;
}

/* A program that is met for the first time, as after an exec, or that has mapped more since. */
static struct ctrace_code_places *places_for(struct ctrace_block_stacks *stacks,
					     const struct ctrace_origin *origin, uint64_t address)
{
	struct ctrace_code_places *places = ctrace_code_places_need(stacks->trace);
	uint32_t now = (uint32_t)(ctrace_clock_raw_ns() / ASK_AGAIN_NS);
	uint32_t met = ctrace_map_get(&stacks->met, origin->number);

	if (places != NULL &&
	    (met == CTRACE_MAP_NONE || (met != now && !is_mapped(places, origin, address)))) {
		return read_again(stacks, origin);
	}
	return places;
}

/* ---- stacks ---- */

static uint32_t unwind(struct ctrace_block_stacks *stacks, const struct ctrace_origin *origin,
		       const struct ctrace_perf_sample *sample, uint64_t address)
{
	struct ctrace_code_places *places = places_for(stacks, origin, address);
	struct ctrace_place list[CTRACE_STACK_FRAMES_MAX];
	uint32_t count;

	if (places == NULL) {
		return 0;
	}
	count = ctrace_unwind(&places->unwind, (uint32_t)origin->pid, sample, list);
	return ctrace_stacks_get(&places->stacks, list, count);
}

static uint32_t look_up_caller(struct ctrace_block_stacks *stacks,
			       const struct ctrace_origin *origin, uint64_t caller)
{
	uint8_t chain[8];
	const struct ctrace_perf_sample sample = {.chain = chain, .chain_count = 1};

	ctrace_put_u64(chain, caller - 1);
	return unwind(stacks, origin, &sample, caller - 1);
}

static uint32_t of_caller(void *context, const struct ctrace_origin *origin, uint64_t caller)
{
	struct ctrace_block_stacks *stacks = context;
	uint64_t hash = (caller ^ origin->number) * UINT64_C(0x9e3779b97f4a7c15);
	struct ctrace_known_caller *known = &stacks->known[hash >> 32 & (CTRACE_KNOWN_CALLERS - 1)];

	if (caller == 0) {
		return 0;
	}
	if (known->process != origin->number || known->caller != caller) {
		*known = (struct ctrace_known_caller){
			.caller = caller,
			.process = origin->number,
			.stack = look_up_caller(stacks, origin, caller),
		};
	}
	return known->stack;
}

/* What a process has mapped is read again if a module has gone since, and where something is
 * missing. */
static void see_modules(struct ctrace_block_stacks *stacks, const struct ctrace_origin *origin,
			uint32_t modules_gone)
{
	uint32_t known = ctrace_map_get(&stacks->gone, origin->number);

	if (known == modules_gone || (known == CTRACE_MAP_NONE && modules_gone == 0)) {
		return;
	}
	read_again(stacks, origin);
	ctrace_map_put(&stacks->gone, origin->number, modules_gone);
}

static uint32_t of_addresses(void *context, const struct ctrace_origin *origin,
			     const uint64_t *addresses, uint32_t count, uint32_t modules_gone)
{
	uint8_t chain[8 * CTRACE_MEMORY_FRAMES_MAX];
	const struct ctrace_perf_sample sample = {.chain = chain, .chain_count = count};
	struct ctrace_block_stacks *stacks = context;

	see_modules(stacks, origin, modules_gone & INT32_MAX);
	for (uint32_t i = 0; i < count; i++) {
		places_for(stacks, origin, addresses[i] - 1);
		/* Of the first, a chain has the place itself; of others where they go on. */
		ctrace_put_u64(chain + (size_t)8 * i, addresses[i] - (i == 0));
	}
	return unwind(stacks, origin, &sample, addresses[0] - 1);
}

static uint32_t of_site(void *context, const struct ctrace_entry *entry)
{
	const struct ctrace_block_stacks *stacks = context;
	struct ctrace_code_places *places = ctrace_code_places_need(stacks->trace);
	const struct ctrace_place nowhere = {.module = 0};
	struct ctrace_frame_row row;

	if (places == NULL) {
		return 0;
	}
	row = ctrace_frame_of_site(stacks->trace->writer, entry);
	row.frame = ctrace_stacks_add_frame(&places->stacks, &nowhere);
	if (row.frame != 0) {
		ctrace_writer_frame(stacks->trace->writer, &row);
	}
	return ctrace_stacks_of_frame(&places->stacks, row.frame);
}

void ctrace_block_stacks_init(struct ctrace_block_stacks *stacks, struct ctrace_source_trace *trace,
			      ctrace_read_maps_fn *read_maps)
{
	*stacks = (struct ctrace_block_stacks){
		.finder = {.of_caller = of_caller,
			   .of_addresses = of_addresses,
			   .of_site = of_site},
		.trace = trace,
		.read_maps = read_maps,
	};
	stacks->finder.context = stacks;
}

void ctrace_block_stacks_finish(struct ctrace_block_stacks *stacks)
{
	ctrace_map_finish(&stacks->met);
	ctrace_map_finish(&stacks->gone);
	stacks->finder.context = NULL;
}
