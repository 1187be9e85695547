/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LIVE_BLOCKS_H
#define CTRACE_LIVE_BLOCKS_H

/*
 * How large each block is that is alive: what heap_blocks.h has, for who wants no more than to
 * subtract it when it is freed. A zeroed table is empty.
 *
 * Thread: any, own object.  Allocates: 32 to 64 bytes a block.
 */

#include <stdbool.h>
#include <stdint.h>

struct ctrace_live_block {
	uint64_t address, bytes;
	uint32_t owner; /* process and pool, as the caller numbers them; from 1 on */
};

struct ctrace_live_blocks {
	struct ctrace_live_block *places; /* owned; a power of two of them; owner 0: empty */
	uint64_t place_count, count;
};

/*
 * Put the block in. True, and the one of this name that was in in *former, if there was one (its
 * free is lost). `is_failed`: no memory.
 */
bool ctrace_live_blocks_put(struct ctrace_live_blocks *blocks,
			    const struct ctrace_live_block *block, struct ctrace_live_block *former,
			    bool *is_failed);
/* The block of this name, which is not alive any more, in *taken. False: it was not. */
bool ctrace_live_blocks_take(struct ctrace_live_blocks *blocks, uint32_t owner, uint64_t address,
			     struct ctrace_live_block *taken);
/* It will be asked for soon. */
void ctrace_live_blocks_fetch(const struct ctrace_live_blocks *blocks, uint32_t owner,
			      uint64_t address);
bool ctrace_live_blocks_has(const struct ctrace_live_blocks *blocks, uint32_t owner,
			    uint64_t address);
void ctrace_live_blocks_finish(struct ctrace_live_blocks *blocks);

#endif
