/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ASLEEP_THREADS_H
#define CTRACE_ASLEEP_THREADS_H

/*
 * Who is there to be looked at: the threads of the program and of all that it started; of our own
 * process, its threads but for the recorder's. They are looked for again and again, the more
 * rarely the longer that takes.
 *
 *     ctrace_asleep_threads_begin(&threads, &target)
 *       ctrace_asleep_threads_find(&threads, now_ns)     once a round
 *       threads.list[i]
 *     ctrace_asleep_threads_finish(&threads)
 *
 * Descendants are found by /proc/PID/task/TID/children; where the kernel has none of these, only
 * the program itself is there.
 */

#include "format/kinds.h"
#include "format/map.h"
#include "tracer/sources/source.h"

/* Further ones are not looked at. */
#define CTRACE_ASLEEP_THREADS_MAX   16384u
#define CTRACE_ASLEEP_PROCESSES_MAX 1024u
/* At the earliest after so long, and after so many times as long as it took. */
#define CTRACE_ASLEEP_FIND_MS	 100u
#define CTRACE_ASLEEP_FIND_TIMES 300u

struct ctrace_asleep_thread {
	uint32_t pid, tid;
	uint64_t next_ns, looked_ns, told_ns; /* CLOCK_MONOTONIC_RAW; 0: not yet */
	/* As it was seen last; state 0: it ran. */
	uint64_t runs;
	uint32_t stack;
	enum ctrace_run_state state;
};

struct ctrace_asleep_process {
	uint32_t pid;
	uint64_t start_time, stack_start; /* what tells one program from another */
};

struct ctrace_asleep_threads {
	struct ctrace_source_trace *trace; /* borrows */
	struct ctrace_own_threads *own;	   /* borrows; NULL: not our own process */
	uint32_t program;
	struct ctrace_asleep_thread *list; /* owned */
	uint32_t count, capacity;
	struct ctrace_asleep_process *processes; /* owned */
	uint32_t process_count;
	struct ctrace_map by_tid;
	uint64_t find_ns; /* not before */
};

/* False without memory. */
bool ctrace_asleep_threads_begin(struct ctrace_asleep_threads *threads,
				 const struct ctrace_source_target *target);
/* Takes zeroed ones. */
void ctrace_asleep_threads_finish(struct ctrace_asleep_threads *threads);

/* If it is time: who is there now. Those that were there keep what was seen of them. Allocates:
 * yes. */
void ctrace_asleep_threads_find(struct ctrace_asleep_threads *threads, uint64_t now_ns);

#endif
