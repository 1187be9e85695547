/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_ALLOC_LIVE_H
#define CTRACE_PRELOAD_ALLOC_LIVE_H

/*
 * Blocks that were chosen and are alive: only their frees are recorded. A free looks at one byte
 * first, which is 0 for nearly all others; only then at the table.
 *
 *     filter   a byte for each of 32,768 hashes: how many of the blocks alive have it; sticks
 *              near its end
 *     table    buckets of eight addresses, a cache line each; a block is in one of two
 *
 *              | add | remove | may_be
 *     add      | ok  |   ok   |   ok       a block is added before its address is given to the
 *     remove   | ok  |   1    |   ok       program, and removed before it is given back
 *     1: of one block, only one of them finds it.
 *
 * No locks; all is relaxed, because who frees a block has had its address from who got it.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include <stdbool.h>
#include <stdint.h>

#define CTRACE_LIVE_FILTER_BITS 15u
/* 64 GiB of blocks at the usual chance of one in 512 KiB. */
#define CTRACE_LIVE_BLOCKS_MAX (128u << 10)

#pragma GCC visibility push(hidden)
extern uint8_t ctrace_live_filter[1u << CTRACE_LIVE_FILTER_BITS];

/* False: both buckets are full, and the block is not in the table. */
bool ctrace_live_add(const void *block);
/* Was it there? */
bool ctrace_live_remove(const void *block);
/* Its free, and that of all with its hash, is to be looked at for good. */
void ctrace_live_mark(const void *block);
/* All frees are to be looked at for good. */
void ctrace_live_mark_all(void);
#pragma GCC visibility pop

static inline uint64_t ctrace_live_hash(const void *block)
{
	return (uint64_t)(uintptr_t)block * UINT64_C(0x9e3779b97f4a7c15);
}

/* May this block be one of them? */
static inline bool ctrace_live_may_be(const void *block)
{
	uint64_t slot = ctrace_live_hash(block) >> (64 - CTRACE_LIVE_FILTER_BITS);

	return __atomic_load_n(&ctrace_live_filter[slot], __ATOMIC_RELAXED) != 0;
}

#endif
