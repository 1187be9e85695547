/* SPDX-License-Identifier: MIT */

/* Numbers of stacks and frames; see stack_table.h. */

#include "tracer/sources/perf/stack_table.h"

#include <stdlib.h>

/* User addresses have 47 bits, those of files fewer; the module is in the 16 above. */
#define ADDRESS_BITS 48u

void ctrace_stacks_init(struct ctrace_stacks *stacks, struct ctrace_source_trace *trace)
{
	*stacks = (struct ctrace_stacks){.trace = trace};
}

void ctrace_stacks_finish(struct ctrace_stacks *stacks)
{
	free(stacks->frames);
	ctrace_map_finish(&stacks->frame_by_place);
	ctrace_map_finish(&stacks->stack_by_pair);
	*stacks = (struct ctrace_stacks){.trace = NULL};
}

static bool grow(struct ctrace_stacks *stacks)
{
	uint32_t capacity = stacks->frame_capacity != 0 ? 2 * stacks->frame_capacity : 256;
	struct ctrace_place *more;

	if (stacks->frame_count < stacks->frame_capacity) {
		return true;
	}
	more = realloc(stacks->frames, capacity * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	stacks->frames = more;
	stacks->frame_capacity = capacity;
	return true;
}

bool ctrace_stacks_begin_behind(struct ctrace_stacks *stacks, uint32_t count)
{
	while (stacks->frame_count < count) {
		if (!grow(stacks)) {
			return false;
		}
		stacks->frames[stacks->frame_count++] = (struct ctrace_place){.module = 0};
	}
	stacks->stack_count = count;
	return true;
}

uint32_t ctrace_stacks_add_frame(struct ctrace_stacks *stacks, const struct ctrace_place *place)
{
	struct ctrace_frame_row row = {.module = place->module, .address = place->address};

	if (stacks->frame_count >= CTRACE_FRAME_MAX || !grow(stacks)) {
		return 0;
	}
	row.frame = stacks->frame_count + 1;
	if (ctrace_writer_frame(stacks->trace->writer, &row) == CTRACE_ERR_LIMIT) {
		return 0;
	}
	stacks->frames[stacks->frame_count++] = *place;
	return row.frame;
}

static uint32_t frame_of(struct ctrace_stacks *stacks, const struct ctrace_place *place)
{
	struct ctrace_place known = *place;
	uint64_t key;
	uint32_t frame;

	if (known.address >> ADDRESS_BITS != 0) {
		known = (struct ctrace_place){.module = 0}; /* a broken chain leads anywhere */
	}
	key = (uint64_t)known.module << ADDRESS_BITS | known.address;
	frame = ctrace_map_get(&stacks->frame_by_place, key);
	if (frame != CTRACE_MAP_NONE) {
		return frame;
	}
	frame = ctrace_stacks_add_frame(stacks, &known);
	if (frame != 0) {
		ctrace_map_put(&stacks->frame_by_place, key, frame);
	}
	return frame;
}

/* The stack of `frame`, called by what `parent` is. */
static uint32_t stack_of(struct ctrace_stacks *stacks, uint32_t parent, uint32_t frame)
{
	uint64_t key = (uint64_t)parent << 32 | frame;
	uint32_t stack = ctrace_map_get(&stacks->stack_by_pair, key);
	struct ctrace_stack_row row = {.parent = parent, .frame = frame};

	if (stack != CTRACE_MAP_NONE) {
		return stack;
	}
	row.stack = stacks->stack_count + 1;
	if (stacks->stack_count >= CTRACE_STACK_MAX ||
	    ctrace_writer_stack(stacks->trace->writer, &row) == CTRACE_ERR_LIMIT) {
		return 0;
	}
	stacks->stack_count++;
	return ctrace_map_put(&stacks->stack_by_pair, key, row.stack) ? row.stack : 0;
}

uint32_t ctrace_stacks_of_frame(struct ctrace_stacks *stacks, uint32_t frame)
{
	return frame != 0 ? stack_of(stacks, 0, frame) : 0;
}

uint32_t ctrace_stacks_get(struct ctrace_stacks *stacks, const struct ctrace_place *places,
			   uint32_t count)
{
	uint32_t stack = 0;

	for (uint32_t i = count; i-- > 0;) {
		uint32_t frame = frame_of(stacks, &places[i]);

		stack = frame != 0 ? stack_of(stacks, stack, frame) : 0;
		if (stack == 0) {
			stacks->refused++;
			return 0;
		}
	}
	return stack;
}
