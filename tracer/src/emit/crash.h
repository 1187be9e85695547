/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CRASH_H
#define CTRACE_CRASH_H

/*
 * What happens when the program dies of SIGSEGV, SIGBUS, SIGABRT, SIGFPE or SIGILL
 * and somebody asked for it (CTRACE_CRASH=1):
 *
 *     handler ─► ctrace_crash_note(signal)     a word in the ring directory, if there is one
 *             ─► ask(signal)                   another thread writes the snapshot
 *             ─► wait, at most CTRACE_CRASH_WAIT_MS
 *             ─► the action that was there before, and the signal again
 *
 * So the host's handlers still run, the exit status is what it would have been, and
 * nothing that a crashed thread may not do is done on it. Only the first crash asks; a
 * second thread that crashes meanwhile waits for the same answer, no longer.
 *
 * A handler that the host installs later takes our place; we do not take it back.
 */

#include <stdbool.h>

#define CTRACE_CRASH_WAIT_MS 2000

/* Called first, with the signal, in the handler: only what a signal handler may do. NULL: nobody.
 */
typedef void ctrace_crash_note_fn(int signal);
extern _Atomic(ctrace_crash_note_fn *) ctrace_crash_note;

/*
 * From now on a crash calls `ask`, in the handler, which must make somebody else call
 * ctrace_crash_answer. Thread: one at a time.  Signal handler: no.  Allocates: maps a stack.
 */
void ctrace_crash_install(void (*ask)(int signal));
/* Put back the actions that were there before, where they are still ours to put back. */
void ctrace_crash_remove(void);

/* What was asked for is done. Thread: any. */
void ctrace_crash_answer(void);

/*
 * A stack for handlers of the calling thread, if it has none and crashes are awaited: one that has
 * overflowed its own can then still be seen. Given back by leave. errno is kept.
 * Thread: any.  Signal handler: yes (system calls only).
 */
void ctrace_crash_thread_enter(void);
void ctrace_crash_thread_leave(void);

/* The calling thread is one that would have to answer: its own crash asks nobody. */
void ctrace_crash_thread_answers(void);

/* In a forked child: its crashes are its own. Safe in a signal handler. */
void ctrace_crash_fork_child(void);

#endif
