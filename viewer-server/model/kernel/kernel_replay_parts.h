/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_REPLAY_PARTS_H
#define CTRACE_KERNEL_REPLAY_PARTS_H

/* The inside of struct ctrace_kernel_replay, for its three files: kernel_replay (events),
 * kernel_turns (CPUs and states), kernel_syscalls (calls). */

#include "viewer-server/model/kernel/kernel_replay.h"
#include "viewer-server/model/lanes/loss_list.h"

/* A time that is not. */
#define CTRACE_NEVER UINT64_MAX

struct ctrace_open_call {
	uint64_t begin, ticks, args[6];
	struct ctrace_event_place from;
	uint32_t call;
	unsigned text_count;
	unsigned text_arguments[CTRACE_CALL_TEXTS];
	uint32_t text_sizes[CTRACE_CALL_TEXTS];
};

struct ctrace_followed_thread {
	uint64_t since; /* CTRACE_NEVER: no state is known yet */
	struct ctrace_event_place from;
	uint32_t cpu;
	uint8_t state, flags;
	bool has_wake; /* woken while it ran: it may have been on its way to sleep */
	bool has_call;
	struct ctrace_event_place wake;
	uint64_t wake_tid, waker_tid; /* who did that; who did what `from` is, of woken ones */
	uint64_t born;		      /* 0: before the trace, as far as is known */
	uint64_t call_end;	      /* no call that is told may begin before it */
	struct ctrace_open_call call;
	char *texts[CTRACE_CALL_TEXTS]; /* owned; CTRACE_STRING_BYTES_MAX each, once there was one
					 */
};

struct ctrace_followed_cpu {
	bool is_seen, has_turn;
	bool is_by_in;	/* the turn was told by sched_in: no switch will tell its end at an exit */
	uint64_t first; /* time of the first event of its buffer that is no sample */
	uint64_t last;	/* of the latest */
	uint64_t tid, since;
	uint32_t thread; /* CTRACE_NO_THREAD: not recorded */
	struct ctrace_event_place from;
	struct ctrace_loss_list losses;
};

/* What a buffer has told of so far: one that tells of samples only hides no state when it loses. */
enum ctrace_feed_tells { CTRACE_FEED_UNKNOWN, CTRACE_FEED_SAMPLES, CTRACE_FEED_STATES };

struct ctrace_kernel_replay {
	const struct ctrace_trace *trace;
	const struct ctrace_thread_table *table;
	const struct ctrace_kernel_calls *calls;
	void *context;
	struct ctrace_kernel_merge merge;
	struct ctrace_followed_thread *threads; /* owned; as in the table */
	struct ctrace_followed_cpu *cpus;	/* owned */
	uint32_t cpu_count;
	struct ctrace_loss_list losses; /* of all buffers that may tell of states and calls */
	enum ctrace_feed_tells *tells;	/* owned; by buffer */
	uint64_t begin;			/* time of the very first event */
	bool has_begun;
	uint64_t events, repaired;
	bool is_out_of_memory;
};

struct ctrace_moment {
	uint64_t time, ticks;
	struct ctrace_event_place at;
};

/* NULL: a number no machine has, or no memory. */
struct ctrace_followed_cpu *ctrace_replay_cpu(struct ctrace_kernel_replay *replay, uint64_t cpu);

/* ---- kernel_turns.c: `now` is when and which event says so */

void ctrace_replay_switch(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			  const uint64_t fields[5], const uint32_t threads[2]);
/* The thread does something on this CPU, so it runs there, whatever was told of it. */
void ctrace_replay_acts(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			uint64_t cpu, uint64_t tid, uint32_t thread);
void ctrace_replay_in(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		      uint64_t cpu, uint64_t tid, uint32_t thread);
void ctrace_replay_out(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		       uint64_t cpu, uint32_t thread, unsigned run_state);
/* The thread is gone: where no switch will say so, it stops running now. */
void ctrace_replay_exit_turn(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			     uint32_t thread);
void ctrace_replay_wake(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			uint32_t thread, uint64_t waker_tid);
void ctrace_replay_born(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			uint32_t thread, uint64_t parent_tid);
/* All that goes on when the trace ends. */
void ctrace_replay_end_turns(struct ctrace_kernel_replay *replay, uint64_t time);

/* ---- kernel_syscalls.c */

void ctrace_replay_enter(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			 uint32_t thread, const struct ctrace_value values[8]);
void ctrace_replay_text(struct ctrace_kernel_replay *replay, uint32_t thread, uint32_t chunk,
			const struct ctrace_value values[3]);
void ctrace_replay_exit(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			uint32_t thread, uint64_t call, int64_t result);
/* The thread is gone: so is what it was in. */
void ctrace_replay_gone(struct ctrace_kernel_replay *replay, uint64_t time, uint32_t thread);
void ctrace_replay_end_calls(struct ctrace_kernel_replay *replay, uint64_t time);

#endif
