/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BLOCK_STACKS_H
#define CTRACE_BLOCK_STACKS_H

/*
 * Stacks of blocks of memory and of locks, as processes tell them in their rings: the address of
 * who called, or the addresses of a whole stack. Called by the collector through stack_finder.h.
 *
 *     ctrace_block_stacks_init(&stacks, trace, read_maps)
 *       recording->finder = &stacks.finder
 *     (nothing to undo: what it makes is the trace's, code_places.h)
 *
 * One thread: the recorder's.
 */

#include "tracer/sources/perf/code_places.h"
#include "tracer/src/collect/stack_finder.h"

/* Of callers met before; a power of two. A program has some thousand places that allocate. */
#define CTRACE_KNOWN_CALLERS 4096u

struct ctrace_known_caller {
	uint64_t caller;
	uint32_t process; /* its number; 0: the place is empty */
	uint32_t stack;
};

/* What the process has mapped, once more: by ctrace_code_places_read. */
typedef void ctrace_read_maps_fn(struct ctrace_code_places *places,
				 const struct ctrace_origin *origin);

struct ctrace_block_stacks {
	struct ctrace_stack_finder finder;
	struct ctrace_source_trace *trace; /* borrows */
	ctrace_read_maps_fn *read_maps;
	struct ctrace_map met;	/* processes whose mappings were read; owned */
	struct ctrace_map gone; /* how many modules of them had gone by then; owned */
	struct ctrace_known_caller known[CTRACE_KNOWN_CALLERS];
};

void ctrace_block_stacks_init(struct ctrace_block_stacks *stacks, struct ctrace_source_trace *trace,
			      ctrace_read_maps_fn *read_maps);
/* Of processes that the recorder reads from outside (block_maps.c). */
ctrace_read_maps_fn ctrace_block_maps_outside;
/* Takes zeroed ones. */
void ctrace_block_stacks_finish(struct ctrace_block_stacks *stacks);

#endif
