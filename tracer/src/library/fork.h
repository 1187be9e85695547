/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FORK_H
#define CTRACE_FORK_H

/*
 * A forked child begins with tracing off: no collector, no session, no ring. It
 * may start its own. Nothing is locked before a fork; the child makes every lock
 * anew. A child of _Fork, which runs no handlers, is told by untold_fork.c where the
 * library is shared; one of clone, and of _Fork elsewhere, notices at its first event.
 */

/* Once, when the library is loaded. */
void ctrace_fork_init(void);

#endif
