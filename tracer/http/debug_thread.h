/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_THREAD_H
#define CTRACE_DEBUG_THREAD_H

#include <pthread.h>

/*
 * Start a thread of our own inside someone else's program: it has every signal
 * blocked, so that none of the program's handlers runs on it, and a name of at
 * most 15 characters. Returns 0 or a negative errno value.
 *
 * Thread: any.  Signal handler: no.  Blocks: no.  Allocates: yes.
 */
int ctrace_debug_thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
			      void *argument);

#endif
