/* SPDX-License-Identifier: MIT */
/* Threads that stay out of the host program's way. */

#include "tracer/http/debug_thread.h"

#include <signal.h>

int ctrace_debug_thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
			      void *argument)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		return -error;
	}
	pthread_setname_np(*thread, name);
	return 0;
}
