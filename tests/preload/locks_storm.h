/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOCKS_STORM_H
#define CTRACE_LOCKS_STORM_H

/* The ways of locks-host that count what was done, and know nothing of single waits. Each prints
 * numbers that are the same in every run. */

void ctrace_locks_fork_all(void);
void ctrace_locks_storm(void);
void ctrace_locks_storm_with_forks(void);
void ctrace_locks_be_posted(void);

#endif
