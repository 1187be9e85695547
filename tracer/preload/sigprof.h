/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SIGPROF_H
#define CTRACE_SIGPROF_H

/*
 * libctrace-sigprof.so: samples of a program's own time by a timer for each thread, where
 * perf_event_open is refused.
 *
 *     constructor ─► area mapped, handler installed, main thread armed
 *     pthread_create ─► its thread armed; fork ─► the child's only thread
 *     a thread has spent a period in user mode ─► SIGPROF ─► handler ─► slot (sample_area.h)
 *
 * The timer counts the thread's time in user mode: it is looked at by the kernel's tick, and
 * runs out in one that found the thread in user mode. So the signal never meets a system call,
 * and none returns EINTR for it.
 *
 * It gives way, for good, as soon as the program wants SIGPROF itself: a handler, a timer that
 * sends it. The program then finds everything as if we were not there. A thread that blocks SIGPROF
 * has no timer while it does. A SIGPROF that is not ours does what it would do without us.
 *
 * The handler runs on a stack of its own (but where the program gave its thread one), since
 * threads and coroutines may have little; it makes no call but of the clock's, and of the kernel
 * to remove its timer where no recorder is left.
 */

#include "tracer/sources/sample_area.h"

#include <signal.h>
#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* Is SIGPROF ours now? Thread: any.  Signal handler: yes. */
bool ctrace_sigprof_is_on(void);

/* It is the program's from now on; `why`: enum ctrace_sample_end. Signal handler: yes. */
void ctrace_sigprof_give_way(uint32_t why);

/* The calling thread is about to block SIGPROF, or has stopped to. Signal handler: yes. */
void ctrace_sigprof_rest(void);
void ctrace_sigprof_resume(void);

/* A thread begins: what must be known of it before it is armed. Signal handler: no. */
void ctrace_sigprof_begin_thread(void);

/* The program has given the calling thread this stack for signals: if it is too small for our
 * handler as well, the thread is not sampled. Signal handler: yes. */
void ctrace_sigprof_stack_is(const stack_t *stack);

/* libc's, behind our wrappers. */
int ctrace_sigprof_real_sigaltstack(const stack_t *stack, stack_t *before);
int ctrace_sigprof_real_sigaction(int number, const struct sigaction *action,
				  struct sigaction *before);

#pragma GCC visibility pop

#endif
