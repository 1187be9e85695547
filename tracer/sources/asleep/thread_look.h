/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_THREAD_LOOK_H
#define CTRACE_THREAD_LOOK_H

/*
 * One look, from outside, at where a thread stands. The thread does nothing for it: it is not
 * stopped, gets no signal, and no call of its own is interrupted.
 *
 *     ctrace_thread_looker_init(&looker, trace)
 *       ctrace_thread_look(&looker, pid, tid, &seen)
 *       ctrace_thread_look_tell(&stream, pid, tid, &seen)
 *     ctrace_thread_looker_finish(&looker)
 *
 * Of a thread that sleeps the kernel tells where it went in (/proc/PID/task/TID/syscall: the stack
 * pointer and where it will go on), and gives a copy of its stack (process_vm_readv; /proc/self/mem
 * of our own), which is unwound here. How often it has got a CPU (schedstat) is read before and
 * after: if that is the same, it has not run in between, and the copy is its stack of that moment.
 * Where the kernel does not count that, the first file is read twice: the same stack pointer in the
 * same place make it likely, and no more, since it may have come back to the same wait meanwhile.
 *
 * Who may trace a process may look at it: root, and its own user unless the kernel forbids it
 * (Yama, setuid). One thread. Blocks: on the disk, for files that are met for the first time.
 */

#include "format/kinds.h"
#include "tracer/sources/kernel/kernel_stream.h"
#include "tracer/sources/perf/code_places.h"
#include "tracer/sources/source.h"

/* What is copied of a stack, and what more of one that is deeper. */
#define CTRACE_LOOK_BYTES      8192u
#define CTRACE_LOOK_DEEP_BYTES 65536u

enum ctrace_look_result {
	CTRACE_LOOK_ASLEEP,  /* all of `seen` is known; the stack may be 0 */
	CTRACE_LOOK_RUNNING, /* or about to run: no stack */
	CTRACE_LOOK_MISSED,  /* it ran while it was looked at */
	CTRACE_LOOK_GONE,
	CTRACE_LOOK_REFUSED, /* looker->error says why */
};

struct ctrace_seen_thread {
	uint64_t ticks; /* when */
	uint64_t runs;	/* how often it had got a CPU by then; 0: not known */
	enum ctrace_run_state state;
	uint32_t stack; /* a row of STACKS */
};

struct ctrace_thread_looker {
	struct ctrace_source_trace *trace; /* borrows */
	uint8_t *copy;			   /* owned; CTRACE_LOOK_DEEP_BYTES */
	int error;			   /* of the last refusal */
};

/* False without memory. */
bool ctrace_thread_looker_init(struct ctrace_thread_looker *looker,
			       struct ctrace_source_trace *trace);
/* Takes zeroed ones. */
void ctrace_thread_looker_finish(struct ctrace_thread_looker *looker);

/* `seen` is set if it sleeps; if it runs, but for the stack. Allocates: what rows need. */
enum ctrace_look_result ctrace_thread_look(struct ctrace_thread_looker *looker, uint32_t pid,
					   uint32_t tid, struct ctrace_seen_thread *seen);

/* What was seen becomes an event of `stream`, and the thread gets a row if it has none. */
void ctrace_thread_look_tell(struct ctrace_kernel_stream *stream, uint32_t pid, uint32_t tid,
			     const struct ctrace_seen_thread *seen);

/* How often the thread has got a CPU. 0: it is gone, or the kernel does not say. */
uint64_t ctrace_thread_runs(uint32_t pid, uint32_t tid);

/* May this user look at processes of his own here? In words, as a source's answer. */
void ctrace_thread_look_probe(struct ctrace_source_answer *answer);

/* May this process be looked at? 0, or an error's number. */
int ctrace_thread_look_try(uint32_t pid);

/* Why it was refused, likewise. */
void ctrace_thread_look_refuse(int error, struct ctrace_source_answer *answer);

#endif
