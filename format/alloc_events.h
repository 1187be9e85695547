/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ALLOC_EVENTS_H
#define CTRACE_ALLOC_EVENTS_H

/*
 * Memory that a program gets and gives back, on its way into the block of the thread that did so
 * (SPEC 8.5, kinds 48 to 53). As in kernel_events.h, the caller has made sure of
 * CTRACE_ALLOC_EVENT_BYTES in column 3 and keeps time from falling.
 */

#include "format/kernel_events.h"

/* Five numbers, and their length. */
#define CTRACE_ALLOC_EVENT_BYTES 64u

struct ctrace_alloc_event {
	uint64_t address;
	uint64_t size;	 /* bytes, as asked for */
	uint64_t stack;	 /* a row of STACKS, 0: not known */
	uint64_t weight; /* bytes that it stands for, 0: every block is recorded */
	uint64_t pool;	 /* 0: malloc's */
};

struct ctrace_realloc_event {
	uint64_t from, to; /* addresses; equal, and size 0: the call failed */
	uint64_t size;
	uint64_t stack;
	uint64_t pool;
};

struct ctrace_page_fault {
	uint64_t tid; /* 0: the thread whose block it is */
	uint64_t address;
	uint64_t weight; /* faults that it stands for */
	uint64_t stack;	 /* a row of STACKS, 0: not known */
};

struct ctrace_process_memory {
	uint64_t pid;
	uint64_t resident; /* bytes; 0: it was found to have ended */
	uint64_t shared;   /* of these, backed by files or shared memory */
};

static inline void ctrace_block_process_memory(struct ctrace_block *block, uint64_t ticks,
					       const struct ctrace_process_memory *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_PROCESS_MEMORY, ticks);

	ctrace_block_arg_u64(block, event->pid);
	ctrace_block_arg_u64(block, event->resident);
	ctrace_block_arg_u64(block, event->shared);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_page_fault(struct ctrace_block *block, uint64_t ticks,
					   const struct ctrace_page_fault *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_PAGE_FAULT, ticks);

	ctrace_block_arg_u64(block, event->tid);
	ctrace_block_arg_u64(block, event->address);
	ctrace_block_arg_u64(block, event->weight);
	ctrace_block_arg_u64(block, event->stack);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_alloc(struct ctrace_block *block, uint64_t ticks,
				      const struct ctrace_alloc_event *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_ALLOC, ticks);

	ctrace_block_arg_u64(block, event->address);
	ctrace_block_arg_u64(block, event->size);
	ctrace_block_arg_u64(block, event->stack);
	ctrace_block_arg_u64(block, event->weight);
	ctrace_block_arg_u64(block, event->pool);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_free(struct ctrace_block *block, uint64_t ticks, uint64_t address,
				     uint64_t pool)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_FREE, ticks);

	ctrace_block_arg_u64(block, address);
	ctrace_block_arg_u64(block, pool);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_realloc(struct ctrace_block *block, uint64_t ticks,
					const struct ctrace_realloc_event *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_REALLOC, ticks);

	ctrace_block_arg_u64(block, event->from);
	ctrace_block_arg_u64(block, event->to);
	ctrace_block_arg_u64(block, event->size);
	ctrace_block_arg_u64(block, event->stack);
	ctrace_block_arg_u64(block, event->pool);
	ctrace_block_close_fields(block, length);
}

/* `name`: a string id, 0: as before. `size` is negative where memory is given back. */
static inline void ctrace_block_pool(struct ctrace_block *block, uint64_t ticks, uint64_t pool,
				     uint64_t address, int64_t size, uint32_t name)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_POOL, ticks);

	ctrace_block_arg_u64(block, pool);
	ctrace_block_arg_u64(block, address);
	ctrace_block_arg_i64(block, size);
	ctrace_block_arg_string(block, name);
	ctrace_block_close_fields(block, length);
}

#endif
