/* SPDX-License-Identifier: MIT */

/*
 * _Fork in front of the C library's, which runs no handlers of pthread_atfork: the child is told
 * that it is one before it returns, maybe from a signal handler into an emit whose ring, in a file,
 * it does not have. Part of the shared libraries alone: in a program that is linked statically, the
 * C library's own fork would come through here and find no other.
 */

#include "tracer/src/sites/gate.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static pid_t (*_Atomic real_fork)(void);

/* Not _Fork's to do, where it can be helped: it may be called from a signal handler. */
__attribute__((constructor(101))) static void find_real(void)
{
	void *found = dlsym(RTLD_NEXT, "_Fork");
	pid_t (*function)(void);

	memcpy(&function, &found, sizeof(function)); /* ISO C knows no such conversion */
	atomic_store_explicit(&real_fork, function, memory_order_relaxed);
}

static pid_t call_real(void)
{
	pid_t (*function)(void) = atomic_load_explicit(&real_fork, memory_order_relaxed);

	if (function == NULL) {
		find_real();
		function = atomic_load_explicit(&real_fork, memory_order_relaxed);
	}
	if (function == NULL) {
		errno = ENOSYS;
		return -1;
	}
	return function();
}

__attribute__((visibility("default"))) pid_t _Fork(void)
{
	pid_t child = call_real();
	int saved = errno;

	if (child == 0) {
		ctrace_gate_notice_fork();
		errno = saved;
	}
	return child;
}
