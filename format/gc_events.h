/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_GC_EVENTS_H
#define CTRACE_GC_EVENTS_H

/*
 * What a collector of memory does, on its way into the block of the thread in which it works
 * (SPEC 8.7, kinds 64 to 67).
 *
 *     gc_begin    it begins something: which kind of work
 *     gc_end      the innermost begin is done: bytes alive, bytes freed, 0 where it is not known
 *     gc_heap     so many bytes has its heap from here on
 *     gc_thread   a thread is stopped, or let go
 *
 * Each takes at most CTRACE_KERNEL_EVENT_BYTES in column 3 (kernel_events.h).
 */

#include "format/kernel_events.h"

/* `gc_kind`: a number of SPEC 8.7. */
static inline void ctrace_block_gc_begin(struct ctrace_block *block, uint64_t ticks,
					 uint8_t gc_kind)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_GC_BEGIN, ticks);

	*block->args_at++ = gc_kind;
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_gc_end(struct ctrace_block *block, uint64_t ticks, uint64_t live,
				       uint64_t freed)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_GC_END, ticks);

	ctrace_block_arg_u64(block, live);
	ctrace_block_arg_u64(block, freed);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_gc_heap(struct ctrace_block *block, uint64_t ticks, uint64_t size)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_GC_HEAP, ticks);

	ctrace_block_arg_u64(block, size);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_gc_thread(struct ctrace_block *block, uint64_t ticks, uint64_t tid,
					  bool is_stopped)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_GC_THREAD, ticks);

	ctrace_block_arg_u64(block, tid);
	*block->args_at++ = is_stopped ? 1 : 0;
	ctrace_block_close_fields(block, length);
}

#endif
