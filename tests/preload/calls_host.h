/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TESTS_CALLS_HOST_H
#define CTRACE_TESTS_CALLS_HOST_H

/*
 * A program that knows nothing of ctrace and makes every call that the preload library wraps, well
 * and badly. What it prints must be the same with and without it.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* "name: result errno", kept in memory and written when the program ends. */
void show(const char *name, int64_t result);

/* errno is the call's own, or 0 if it leaves it alone. */
#define SHOW(name, call)                                                                           \
	do {                                                                                       \
		int64_t shown_;                                                                    \
                                                                                                   \
		errno = 0;                                                                         \
		shown_ = (int64_t)(call);                                                          \
		show(name, shown_);                                                                \
	} while (0)
/* Of a pointer only whether there is one. */
#define SHOW_POINTER(name, call) SHOW(name, (call) != NULL)

void call_files(void);
void call_names_of_files(void);
void call_streams(void);
void call_sockets(void);
void call_waits(void);
void call_processes(void);
void call_threads(void);

/* ---- the other ways to run it: see calls_ways.c ---- */
bool run_way(const char *way);

#endif
