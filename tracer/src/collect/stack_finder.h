/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STACK_FINDER_H
#define CTRACE_STACK_FINDER_H

/*
 * Who makes rows of STACKS (SPEC 7.11) for blocks of memory and locks. `ctrace record` has one that
 * reads what processes have mapped (sources/perf/block_stacks.h); a recorder inside the program has
 * the plain one below, which knows addresses and nothing of files.
 *
 * Each answers with a stack's number, 0: it is not known, or there is none left.
 *
 * One thread: the collector's.
 */

#include "format/map.h"
#include "format/writer.h"
#include "tracer/src/collect/origin.h"

struct ctrace_stack_finder {
	uint32_t (*of_caller)(void *context, const struct ctrace_origin *origin, uint64_t caller);
	/* Where functions go on, the innermost first. `modules_gone` is another number when what is
	 * at an address may be another module than before. */
	uint32_t (*of_addresses)(void *context, const struct ctrace_origin *origin,
				 const uint64_t *addresses, uint32_t count, uint32_t modules_gone);
	uint32_t (*of_site)(void *context, const struct ctrace_entry *entry);
	void *context;
};

/* Numbers of a file whose stacks nobody else makes. Zeroed is a good one. */
struct ctrace_plain_stacks {
	struct ctrace_map by_address;
	uint32_t count; /* stacks, and frames: one each */
};

uint32_t ctrace_plain_stack_of_caller(struct ctrace_plain_stacks *stacks,
				      struct ctrace_writer *writer, uint64_t caller);
uint32_t ctrace_plain_stack_of_site(struct ctrace_plain_stacks *stacks,
				    struct ctrace_writer *writer, const struct ctrace_entry *entry);
void ctrace_plain_stacks_finish(struct ctrace_plain_stacks *stacks);

/* What a site says of itself as a frame; the number is the caller's. */
struct ctrace_frame_row ctrace_frame_of_site(struct ctrace_writer *writer,
					     const struct ctrace_entry *entry);

#endif
