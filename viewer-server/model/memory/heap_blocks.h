/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_HEAP_BLOCKS_H
#define CTRACE_HEAP_BLOCKS_H

/*
 * Blocks of memory that are alive, by process, pool and address (SPEC 8.5). A zeroed table is
 * empty. In which order they stand in it is another one each time.
 *
 * Thread: any, own object.
 */

#include <stdbool.h>
#include <stdint.h>

struct ctrace_heap_block {
	uint64_t pid, pool, address; /* its name */
	uint64_t size, weight;
	uint64_t time; /* ns: when it was got */
	uint32_t site; /* heap_sums.h */
	uint32_t stream;
	bool is_there; /* false: the place is empty */
};

struct ctrace_heap_blocks {
	struct ctrace_heap_block *places; /* owned; a power of two of them */
	uint64_t place_count, count;
	uint64_t count_max; /* one more is refused; 0: no bound but memory */
	bool is_full;	    /* one was refused */
};

/* NULL: it is not alive. Borrows until the next add or take. */
const struct ctrace_heap_block *ctrace_heap_blocks_find(const struct ctrace_heap_blocks *blocks,
							const struct ctrace_heap_block *name);
/* Of a name that is not alive. False: no memory, or is_full. */
bool ctrace_heap_blocks_add(struct ctrace_heap_blocks *blocks,
			    const struct ctrace_heap_block *block);
/* The block of this name, which is not alive any more, in *taken. False: it was not. */
bool ctrace_heap_blocks_take(struct ctrace_heap_blocks *blocks,
			     const struct ctrace_heap_block *name, struct ctrace_heap_block *taken);
void ctrace_heap_blocks_finish(struct ctrace_heap_blocks *blocks);

#endif
