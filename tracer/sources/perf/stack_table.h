/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STACK_TABLE_H
#define CTRACE_STACK_TABLE_H

/*
 * Stacks as the trace numbers them (SPEC 7.11): each place in a file is a frame,
 * each chain of frames a stack, and both get a row when they are first met. A recorder that is
 * killed leaves modules and addresses; names come in later rows (modules.h).
 */

#include "format/map.h"
#include "tracer/sources/kernel/source_trace.h"

#include <stdbool.h>

/* Where a frame is. */
struct ctrace_place {
	uint32_t module;   /* 0: in no file */
	bool is_looked_up; /* of a frame: its name was found, or is not to be found */
	uint64_t address;  /* as its file counts; of a caller, one before where it goes on */
};

struct ctrace_stacks {
	struct ctrace_source_trace *trace; /* borrows */
	struct ctrace_place *frames;	   /* owned; by number - 1 */
	uint32_t frame_count, frame_capacity;
	uint32_t stack_count;
	struct ctrace_map frame_by_place, stack_by_pair;
	uint64_t refused; /* samples whose stack the file had no number for */
};

void ctrace_stacks_init(struct ctrace_stacks *stacks, struct ctrace_source_trace *trace);
/* Takes zeroed ones. */
void ctrace_stacks_finish(struct ctrace_stacks *stacks);

/*
 * The stack of these places, the innermost first. 0: it has none, or the trace has all the
 * stacks or frames that it may have (counted in `refused`). Allocates: yes.
 */
uint32_t ctrace_stacks_get(struct ctrace_stacks *stacks, const struct ctrace_place *places,
			   uint32_t count);

/* Leave out so many frames and stacks, the first ones: somebody else has given their numbers.
 * Before any other call. False without memory. */
bool ctrace_stacks_begin_behind(struct ctrace_stacks *stacks, uint32_t count);

/* The stack that is this one frame. 0: there is no number left. */
uint32_t ctrace_stacks_of_frame(struct ctrace_stacks *stacks, uint32_t frame);

/* A frame that is in no stack: what another is inlined into. 0: there is no number left. */
uint32_t ctrace_stacks_add_frame(struct ctrace_stacks *stacks, const struct ctrace_place *place);

#endif
