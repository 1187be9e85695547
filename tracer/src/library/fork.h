/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FORK_H
#define CTRACE_FORK_H

/*
 * A forked child begins with tracing off: no collector, no session, no ring. It
 * may start its own. Nothing is locked before a fork; the child makes every lock
 * anew. A child of _Fork or clone, which run no handlers, notices at its first event.
 */

/* Once, when the library is loaded. */
void ctrace_fork_init(void);

#endif
