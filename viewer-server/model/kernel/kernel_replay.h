/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_REPLAY_H
#define CTRACE_KERNEL_REPLAY_H

/*
 * What a kernel's buffers tell becomes facts: who had a CPU from when to when, what each thread
 * did, its system calls, who woke it, samples. The model and the Chrome JSON encoder both see
 * buffers through this, so they agree about every broken one.
 *
 *     ctrace_kernel_replay_create(&replay, trace, &calls, context)
 *       while (ctrace_kernel_replay_step(replay, &error) == CTRACE_OK) …     facts come by `calls`
 *     ctrace_kernel_replay_destroy(replay)
 *
 * Facts of one thread or one CPU come in the order of time and do not overlap; those of different
 * ones come as they become known. Times are nanoseconds since the trace's beginning.
 *
 * A state is never carried over a loss. What any CPU lost may be the wake-up or the turn of
 * anybody, so all that waited or could run is unknown from there on; who runs on another CPU goes
 * on, for its next event will say so.
 *
 * Thread: one at a time per object.
 */

#include "viewer-server/model/kernel/kernel_merge.h"
#include "viewer-server/model/threads/look_list.h"
#include "viewer-server/model/threads/thread_state.h"
#include "viewer-server/model/threads/thread_table.h"

/* Where an event is: ordinal of its chunk (CTRACE_NO_CHUNK: nowhere) and its index in it. */
struct ctrace_event_place {
	uint32_t chunk, index;
};

enum ctrace_fact_flags {
	CTRACE_FACT_UNFINISHED = 1,   /* goes on when the trace ends */
	CTRACE_FACT_BEGAN_BEFORE = 2, /* its begin is not in the trace */
	CTRACE_FACT_CUT = 4,	      /* its end is not: events were lost, or it never came */
};

struct ctrace_turn_fact {
	uint32_t cpu, thread; /* in the table; CTRACE_NO_THREAD: somebody not recorded */
	uint64_t tid;	      /* 0: not known who of those not recorded */
	uint64_t begin, end;
	struct ctrace_event_place from;
	unsigned flags;
};

struct ctrace_state_fact {
	uint32_t thread;
	enum ctrace_thread_doing state;
	uint32_t cpu; /* of running ones; of others the last; CTRACE_NO_CPU: not known */
	uint64_t begin, end;
	uint64_t waker_tid;		    /* of woken ones; 0: nobody ran */
	struct ctrace_event_place from, to; /* the events that began and ended it */
	unsigned flags;
};

/* Texts beyond these are not kept: path arguments are at most two. */
#define CTRACE_CALL_TEXTS 2u

struct ctrace_call_text {
	unsigned argument;
	struct ctrace_bytes text;
};

/* A call into the system, or into a library. */
struct ctrace_call_fact {
	uint32_t thread, call;
	uint64_t begin, end;
	uint64_t
		ticks; /* of its begin, or of its end where it began before: its descriptors then */
	struct ctrace_event_place from, to;
	unsigned flags;
	bool has_args, has_result;
	uint64_t args[6];   /* of a wait for a lock: the lock, and the holder's tid */
	unsigned lock_kind; /* of such a wait (SPEC 8.6); 0: none */
	int64_t result;
	unsigned text_count;
	struct ctrace_call_text texts[CTRACE_CALL_TEXTS]; /* borrowed for the call */
};

/* Also of a thread that was made: by its parent. */
struct ctrace_wake_fact {
	uint64_t time, waker_tid;
	uint32_t waker, woken; /* threads */
	uint32_t cpu, target_cpu;
	struct ctrace_event_place at;
};

struct ctrace_sample_fact {
	uint64_t time, cpu, weight;
	uint32_t thread, stack;
	struct ctrace_event_place at;
};

/* Of a buffer. */
struct ctrace_buffer_loss {
	uint64_t from, to; /* ns */
	uint32_t stream, cpu;
	const struct ctrace_lost *lost;
};

struct ctrace_kernel_calls {
	void (*turn)(void *context, const struct ctrace_turn_fact *fact);
	void (*state)(void *context, const struct ctrace_state_fact *fact);
	void (*call)(void *context, const struct ctrace_call_fact *fact);
	void (*wake)(void *context, const struct ctrace_wake_fact *fact);
	void (*sample)(void *context, const struct ctrace_sample_fact *fact);
	void (*look)(void *context, uint32_t thread, const struct ctrace_look *look);
	/* A page fault; or what a process had in memory, of whose first thread nothing need be
	 * known (CTRACE_NO_THREAD). Its fields are where it is. */
	void (*pages)(void *context, uint32_t thread, struct ctrace_event_place at);
	/* How long a thread has waited for a CPU in all, by the kernel's estimate. */
	void (*delay)(void *context, uint32_t thread, uint64_t time, uint64_t waited_ns);
	void (*lost)(void *context, const struct ctrace_buffer_loss *loss);
	/* A chunk could not be used. */
	void (*damaged)(void *context, uint32_t chunk, const struct ctrace_error *error);
};

struct ctrace_kernel_replay;

/* Borrows `trace`, `table` and `calls` until destroy. */
enum ctrace_status ctrace_kernel_replay_create(struct ctrace_kernel_replay **replay,
					       const struct ctrace_trace *trace,
					       const struct ctrace_thread_table *table,
					       const struct ctrace_kernel_calls *calls,
					       void *context);
void ctrace_kernel_replay_destroy(struct ctrace_kernel_replay *replay); /* NULL is fine */

/*
 * Some thousand events further. CTRACE_END: all is told, also what goes on when the trace ends.
 * CTRACE_ERR_NO_MEMORY.
 */
enum ctrace_status ctrace_kernel_replay_step(struct ctrace_kernel_replay *replay);

/* Events looked at so far, and what did not fit together: turns and calls that had to be cut. */
uint64_t ctrace_kernel_replay_events(const struct ctrace_kernel_replay *replay);
uint64_t ctrace_kernel_replay_repaired(const struct ctrace_kernel_replay *replay);

#endif
