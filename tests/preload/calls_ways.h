/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TESTS_CALLS_WAYS_H
#define CTRACE_TESTS_CALLS_WAYS_H

/* The parts of calls_ways.c that fill files of their own. */

/* Threads cancelled in each call that may block. */
void way_cancel(void);
/* fork, vfork, posix_spawn and exec from four busy threads. */
void way_storm(void);

#endif
