/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOCK_EVENTS_H
#define CTRACE_LOCK_EVENTS_H

/*
 * Waits for locks, on their way into the block of the thread that waits (SPEC 8.6).
 *
 *     lock_wait       it begins: which lock, in which call, who had it
 *     lock_acquired   it is over, however it went
 *     lock_released   in another thread's block: it let go what was waited for
 *     lock_stack      behind the first or the last of these: where the thread was
 *
 * Each takes at most CTRACE_KERNEL_EVENT_BYTES in column 3 (kernel_events.h).
 */

#include "format/kernel_events.h"

/* SPEC 8.6; 0 and what is larger are unknown. */
enum ctrace_lock_kind {
	CTRACE_LOCK_MUTEX = 1,
	CTRACE_LOCK_RWLOCK_READ = 2,
	CTRACE_LOCK_RWLOCK_WRITE = 3,
	CTRACE_LOCK_CONDITION = 4,
	CTRACE_LOCK_SEMAPHORE = 5,
	CTRACE_LOCK_BARRIER = 6,
	CTRACE_LOCK_JOIN = 7,
	CTRACE_LOCK_MTX = 8,
	CTRACE_LOCK_CND = 9,
	CTRACE_LOCK_THRD_JOIN = 10,
	CTRACE_LOCK_KINDS = 11
};

struct ctrace_lock_wait {
	uint64_t lock;	 /* its address in the process */
	unsigned kind;	 /* enum ctrace_lock_kind */
	uint64_t call;	 /* a row of CALLS */
	uint64_t holder; /* tid, 0: not known */
};

static inline void ctrace_block_lock_wait(struct ctrace_block *block, uint64_t ticks,
					  const struct ctrace_lock_wait *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_LOCK_WAIT, ticks);

	ctrace_block_arg_u64(block, event->lock);
	*block->args_at++ = (uint8_t)event->kind;
	ctrace_block_arg_u64(block, event->call);
	ctrace_block_arg_u64(block, event->holder);
	ctrace_block_close_fields(block, length);
}

/* `result`: 0, or -errno where the thread has not got what it waited for. */
static inline void ctrace_block_lock_acquired(struct ctrace_block *block, uint64_t ticks,
					      const struct ctrace_lock_wait *event, int64_t result)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_LOCK_ACQUIRED, ticks);

	ctrace_block_arg_u64(block, event->lock);
	*block->args_at++ = (uint8_t)event->kind;
	ctrace_block_arg_u64(block, event->call);
	ctrace_block_arg_i64(block, result);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_lock_released(struct ctrace_block *block, uint64_t ticks,
					      uint64_t lock, unsigned kind)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_LOCK_RELEASED, ticks);

	ctrace_block_arg_u64(block, lock);
	*block->args_at++ = (uint8_t)kind;
	ctrace_block_close_fields(block, length);
}

/* `stack`: a row of STACKS. */
static inline void ctrace_block_lock_stack(struct ctrace_block *block, uint64_t ticks,
					   uint32_t stack)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_LOCK_STACK, ticks);

	ctrace_block_arg_u64(block, stack);
	ctrace_block_close_fields(block, length);
}

#endif
