/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_EVENTS_H
#define CTRACE_KERNEL_EVENTS_H

/*
 * Events that a kernel tells of, on their way into a block: who runs where, calls, samples (SPEC
 * 8.4, kinds 32 to 43, 72 and 73). Inline and without a branch but the space test, because a
 * kernel's buffer carries millions of them a second.
 *
 *     ctrace_block_init(&block, stream, ticks)      the stream of a row of BUFFERS
 *     if (!ctrace_block_has_room(&block, CTRACE_KERNEL_EVENT_BYTES)) {
 *             ctrace_writer_seal(&writer, &block);
 *     }
 *     ctrace_block_sched_switch(&block, ticks, &event);
 *
 * What the buffer had no room for is told by ctrace_block_lost with CTRACE_LOSS_KERNEL_FULL. As for
 * all events of a block, the caller keeps time from falling. Calls, samples and stacks of threads
 * may stand in a thread's own block too, with a tid of 0: then they are that thread's.
 */

#include "format/block.h"
#include "format/records.h"

/* The most that each takes in column 3, for ctrace_block_has_room; a text adds its bytes. */
#define CTRACE_KERNEL_EVENT_BYTES	     96u
#define CTRACE_KERNEL_TEXT_BYTES(text_bytes) (CTRACE_KERNEL_EVENT_BYTES + (text_bytes))

#define CTRACE_CALL_ARGS 6u

struct ctrace_sched_switch {
	uint64_t cpu;
	uint64_t prev; /* tid, 0: the CPU was idle */
	enum ctrace_run_state prev_state;
	uint64_t next; /* tid, 0: it goes idle */
	uint64_t next_prio;
};

struct ctrace_sched_waking {
	uint64_t cpu, waker; /* who ran there, perhaps interrupted */
	uint64_t tid, target_cpu;
};

struct ctrace_syscall_enter {
	uint64_t tid; /* 0: the thread whose block it is */
	uint64_t call;
	uint64_t args[CTRACE_CALL_ARGS];
};

struct ctrace_sample {
	uint64_t tid; /* 0: the thread whose block it is */
	uint64_t cpu;
	uint64_t weight_ns;
	uint64_t stack; /* a row of STACKS, 0: not known */
};

/* Where a thread was seen to stand, from outside. */
struct ctrace_thread_stack {
	uint64_t tid; /* 0: the thread whose block it is */
	enum ctrace_run_state state;
	uint64_t stack; /* a row of STACKS, 0: not known */
};

/* Fields shorter than 128 bytes: a byte for their length, which ctrace_block_close_fields sets. */
static inline uint8_t *ctrace_block_open_fields(struct ctrace_block *block, enum ctrace_kind kind,
						uint64_t ticks)
{
	ctrace_block_plain(block, (unsigned)kind, ticks);
	return block->args_at++;
}

static inline void ctrace_block_close_fields(const struct ctrace_block *block, uint8_t *length)
{
	*length = (uint8_t)(block->args_at - length - 1);
}

static inline void ctrace_block_sched_switch(struct ctrace_block *block, uint64_t ticks,
					     const struct ctrace_sched_switch *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_SCHED_SWITCH, ticks);

	ctrace_block_arg_u64(block, event->cpu);
	ctrace_block_arg_u64(block, event->prev);
	*block->args_at++ = (uint8_t)event->prev_state;
	ctrace_block_arg_u64(block, event->next);
	ctrace_block_arg_u64(block, event->next_prio);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_sched_waking(struct ctrace_block *block, uint64_t ticks,
					     const struct ctrace_sched_waking *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_SCHED_WAKING, ticks);

	ctrace_block_arg_u64(block, event->cpu);
	ctrace_block_arg_u64(block, event->waker);
	ctrace_block_arg_u64(block, event->tid);
	ctrace_block_arg_u64(block, event->target_cpu);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_sched_migrate(struct ctrace_block *block, uint64_t ticks,
					      uint64_t tid, uint64_t from_cpu, uint64_t to_cpu)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_SCHED_MIGRATE, ticks);

	ctrace_block_arg_u64(block, tid);
	ctrace_block_arg_u64(block, from_cpu);
	ctrace_block_arg_u64(block, to_cpu);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_sched_in(struct ctrace_block *block, uint64_t ticks, uint64_t cpu,
					 uint64_t tid)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_SCHED_IN, ticks);

	ctrace_block_arg_u64(block, cpu);
	ctrace_block_arg_u64(block, tid);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_sched_out(struct ctrace_block *block, uint64_t ticks, uint64_t cpu,
					  uint64_t tid, enum ctrace_run_state state)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_SCHED_OUT, ticks);

	ctrace_block_arg_u64(block, cpu);
	ctrace_block_arg_u64(block, tid);
	*block->args_at++ = (uint8_t)state;
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_run_delay(struct ctrace_block *block, uint64_t ticks, uint64_t tid,
					  uint64_t waited_ns)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_RUN_DELAY, ticks);

	ctrace_block_arg_u64(block, tid);
	ctrace_block_arg_u64(block, waited_ns);
	ctrace_block_close_fields(block, length);
}

/* `child` is a thread of process `pid`; a new process where they are equal. */
static inline void ctrace_block_fork(struct ctrace_block *block, uint64_t ticks, uint64_t parent,
				     uint64_t child, uint64_t pid)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_FORK, ticks);

	ctrace_block_arg_u64(block, parent);
	ctrace_block_arg_u64(block, child);
	ctrace_block_arg_u64(block, pid);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_thread_exit(struct ctrace_block *block, uint64_t ticks,
					    uint64_t tid)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_THREAD_EXIT, ticks);

	ctrace_block_arg_u64(block, tid);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_syscall_enter(struct ctrace_block *block, uint64_t ticks,
					      const struct ctrace_syscall_enter *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_SYSCALL_ENTER, ticks);

	ctrace_block_arg_u64(block, event->tid);
	ctrace_block_arg_u64(block, event->call);
	for (unsigned i = 0; i < CTRACE_CALL_ARGS; i++) {
		ctrace_block_arg_u64(block, event->args[i]);
	}
	ctrace_block_close_fields(block, length);
}

/* `result`: what the call gave, -errno where it failed. */
static inline void ctrace_block_syscall_exit(struct ctrace_block *block, uint64_t ticks,
					     uint64_t tid, uint64_t call, int64_t result)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_SYSCALL_EXIT, ticks);

	ctrace_block_arg_u64(block, tid);
	ctrace_block_arg_u64(block, call);
	ctrace_block_arg_i64(block, result);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_sample(struct ctrace_block *block, uint64_t ticks,
				       const struct ctrace_sample *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_SAMPLE, ticks);

	ctrace_block_arg_u64(block, event->tid);
	ctrace_block_arg_u64(block, event->cpu);
	ctrace_block_arg_u64(block, event->weight_ns);
	ctrace_block_arg_u64(block, event->stack);
	ctrace_block_close_fields(block, length);
}

static inline void ctrace_block_thread_stack(struct ctrace_block *block, uint64_t ticks,
					     const struct ctrace_thread_stack *event)
{
	uint8_t *length = ctrace_block_open_fields(block, CTRACE_KIND_THREAD_STACK, ticks);

	ctrace_block_arg_u64(block, event->tid);
	*block->args_at++ = (uint8_t)event->state;
	ctrace_block_arg_u64(block, event->stack);
	ctrace_block_close_fields(block, length);
}

/*
 * The rare ones, with a text: they need CTRACE_KERNEL_TEXT_BYTES(text.size); what is longer than
 * CTRACE_STRING_BYTES_MAX is cut.
 */
void ctrace_block_exec(struct ctrace_block *block, uint64_t ticks, uint64_t tid,
		       struct ctrace_bytes name);
/* Of the call that the thread has just begun: the text that its argument `index` points to. */
void ctrace_block_syscall_text(struct ctrace_block *block, uint64_t ticks, uint64_t tid,
			       unsigned index, struct ctrace_bytes text);

#endif
