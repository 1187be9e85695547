/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_THREADS_H
#define CTRACE_KERNEL_THREADS_H

/*
 * Threads as the kernel's events tell of them: a row in THREADS for each that is
 * mentioned, with its process if it is one of ours, with pid 0 if it is only a
 * neighbour; a row in PROCESSES for each process of ours.
 *
 *     …_ours(trace, pid)                  the program; whoever does what only ours can
 *       …_fork(trace, &fork)              ours too
 *       …_comm(trace, thread, comm)       its name, as records say it
 *       …_exit(trace, tid)
 *       …_state(trace)                    once a round: rows of what has changed
 *       …_forget(trace)                   a flight, once an age: who is gone
 *
 * A number that is used again is another thread: exit ends the old one's row.
 */

#include "tracer/sources/kernel/source_trace.h"

#include <stdbool.h>

/* As long as the kernel's names, the NUL included. */
#define CTRACE_COMM_BYTES 16u
#define CTRACE_NO_CALL	  UINT32_MAX
#define CTRACE_KEPT_ARGS  3u

struct ctrace_kernel_thread {
	uint32_t tid;
	uint32_t pid; /* 0: not recorded, only mentioned */
	uint32_t stream;
	uint32_t process; /* the stream of its process's first thread: no other process has it */
	uint32_t parent_pid;
	uint32_t in_call;		    /* CTRACE_NO_CALL: in none, as far as is known */
	uint64_t in_args[CTRACE_KEPT_ARGS]; /* the first of that call */
	uint64_t start;			    /* ticks; 0: was there before */
	bool is_alive;
	bool is_compat;	 /* makes 32-bit calls */
	bool is_changed; /* its row waits to be stated again */
	bool is_met;	 /* since the last _forget */
	char comm[CTRACE_COMM_BYTES];
};

struct ctrace_kernel_fork {
	uint32_t parent, child; /* tids */
	uint32_t pid;		/* the child's process */
	uint64_t ticks;
};

/* NULL without memory. */
struct ctrace_kernel_threads *ctrace_kernel_threads_create(void);
void ctrace_kernel_threads_destroy(struct ctrace_kernel_threads *threads);

/*
 * The thread of this number, made as a neighbour if it is new. NULL without memory or when the
 * file has all the threads that it may have. Good until the next call.
 */
struct ctrace_kernel_thread *ctrace_kernel_threads_get(struct ctrace_source_trace *trace,
						       uint32_t tid);

/* The same for one that is recorded: where no fork told of it, /proc is asked for its process. */
struct ctrace_kernel_thread *ctrace_kernel_threads_ours(struct ctrace_source_trace *trace,
							uint32_t tid);

/* Is the thread of this number, gone or not, one of ours? Makes no row. */
bool ctrace_kernel_threads_has(const struct ctrace_source_trace *trace, uint32_t tid);

/*
 * Processes of ours in the order they were met, gone or not: `*at` is 0 first, and goes on from
 * call to call. A number that is used again stands there again. 0: no more so far.
 */
uint32_t ctrace_kernel_threads_next_process(const struct ctrace_source_trace *trace, uint32_t *at);

/* Is a thread of ours with this number known to have ended? */
bool ctrace_kernel_threads_has_ended(const struct ctrace_source_trace *trace, uint32_t tid);

/* A neighbour got this number: if a thread of ours had it, it is another's now. */
void ctrace_kernel_threads_foreign(struct ctrace_source_trace *trace, uint32_t tid);

/* A thread or process of ours is made. */
struct ctrace_kernel_thread *ctrace_kernel_threads_fork(struct ctrace_source_trace *trace,
							const struct ctrace_kernel_fork *fork);

/* Its name by a record; the bytes may lack a NUL. */
void ctrace_kernel_threads_comm(struct ctrace_source_trace *trace,
				struct ctrace_kernel_thread *thread, const char *comm);

/* All others of its process are gone: exec. `old_tid` is who called it, and gets the number `tid`.
 */
struct ctrace_kernel_thread *ctrace_kernel_threads_exec(struct ctrace_source_trace *trace,
							uint32_t tid, uint32_t old_tid);

void ctrace_kernel_threads_exit(struct ctrace_source_trace *trace, uint32_t tid);

/* Rows of what changed since. Once a round, and before the trace is closed. */
void ctrace_kernel_threads_state(struct ctrace_source_trace *trace);

/*
 * Let go of threads that have exited, and of neighbours that nobody has mentioned since the last
 * call: their rows then say that they are gone, and a number that is mentioned again is another
 * thread.
 */
void ctrace_kernel_threads_forget(struct ctrace_source_trace *trace);

#endif
