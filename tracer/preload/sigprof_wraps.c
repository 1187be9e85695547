/* SPDX-License-Identifier: MIT */

/*
 * What a program may do with SIGPROF, seen before libc does it; and the beginnings of threads.
 * Anything else passes through.
 */

#include "tracer/preload/sigprof.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#define WRAPPER __attribute__((visibility("default")))

typedef void (*handler_of_signal)(int);

/* Looked up by whoever comes first; the same is stored by each. */
static void *real_of(_Atomic(void *) *known, const char *name)
{
	void *found = atomic_load_explicit(known, memory_order_relaxed);

	if (found == NULL) {
		found = dlsym(RTLD_NEXT, name);
		atomic_store_explicit(known, found, memory_order_relaxed);
	}
	return found;
}

#define REAL(name)                                                                                 \
	static _Atomic(void *) known_##name;                                                       \
	__typeof__(&name) real = (__typeof__(&name))real_of(&known_##name, #name)

/* ---- handlers ---- */

int ctrace_sigprof_real_sigaction(int number, const struct sigaction *action,
				  struct sigaction *before)
{
	REAL(sigaction);

	return real(number, action, before);
}

WRAPPER int sigaction(int number, const struct sigaction *restrict action,
		      struct sigaction *restrict before)
{
	if (number != SIGPROF || !ctrace_sigprof_is_on()) {
		return ctrace_sigprof_real_sigaction(number, action, before);
	}
	if (action != NULL && action->sa_handler != SIG_DFL) {
		ctrace_sigprof_give_way(CTRACE_SAMPLE_END_HANDLER);
		return ctrace_sigprof_real_sigaction(number, action, before);
	}
	/* It is as it was begun, as far as the program knows. */
	if (before != NULL) {
		*before = (struct sigaction){.sa_handler = SIG_DFL};
	}
	return 0;
}

static void give_way_to(int number)
{
	if (number == SIGPROF) {
		ctrace_sigprof_give_way(CTRACE_SAMPLE_END_HANDLER);
	}
}

WRAPPER handler_of_signal signal(int number, handler_of_signal handler)
{
	REAL(signal);

	if (number == SIGPROF && handler == SIG_DFL && ctrace_sigprof_is_on()) {
		return SIG_DFL;
	}
	give_way_to(number);
	return real(number, handler);
}

WRAPPER handler_of_signal sigset(int number, handler_of_signal handler)
{
	REAL(sigset);

	give_way_to(number);
	return real(number, handler);
}

WRAPPER int sigignore(int number)
{
	REAL(sigignore);

	give_way_to(number);
	return real(number);
}

/* ---- stacks ---- */

int ctrace_sigprof_real_sigaltstack(const stack_t *stack, stack_t *before)
{
	REAL(sigaltstack);

	return real(stack, before);
}

WRAPPER int sigaltstack(const stack_t *restrict stack, stack_t *restrict before)
{
	int result = ctrace_sigprof_real_sigaltstack(stack, before);

	if (result == 0 && stack != NULL) {
		ctrace_sigprof_stack_is(stack);
	}
	return result;
}

/* ---- timers ---- */

WRAPPER int setitimer(__itimer_which_t which, const struct itimerval *restrict value,
		      struct itimerval *restrict before)
{
	REAL(setitimer);

	if (which == ITIMER_PROF && value != NULL &&
	    (value->it_value.tv_sec != 0 || value->it_value.tv_usec != 0)) {
		give_way_to(SIGPROF);
	}
	return real(which, value, before);
}

WRAPPER int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict timer)
{
	REAL(timer_create);

	if (event != NULL && event->sigev_notify != SIGEV_NONE &&
	    event->sigev_notify != SIGEV_THREAD) {
		give_way_to(event->sigev_signo);
	}
	return real(clock, event, timer);
}

/* ---- masks ---- */

static bool has_it(const sigset_t *set)
{
	return sigismember(set, SIGPROF) == 1;
}

static bool blocks(int how, const sigset_t *set)
{
	return set != NULL && (how == SIG_BLOCK || how == SIG_SETMASK) && has_it(set);
}

static bool unblocks(int how, const sigset_t *set)
{
	return set != NULL &&
	       (how == SIG_UNBLOCK ? has_it(set) : how == SIG_SETMASK && !has_it(set));
}

WRAPPER int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict before)
{
	REAL(pthread_sigmask);
	int result;

	if (blocks(how, set)) {
		ctrace_sigprof_rest();
	}
	result = real(how, set, before);
	if (unblocks(how, set)) {
		ctrace_sigprof_resume();
	}
	return result;
}

WRAPPER int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict before)
{
	REAL(sigprocmask);
	int result;

	if (blocks(how, set)) {
		ctrace_sigprof_rest();
	}
	result = real(how, set, before);
	if (unblocks(how, set)) {
		ctrace_sigprof_resume();
	}
	return result;
}

/* ---- threads ---- */

struct beginning {
	void *(*function)(void *);
	void *argument;
};

static void *begin(void *context)
{
	struct beginning beginning = *(struct beginning *)context;

	free(context);
	ctrace_sigprof_begin_thread();
	return beginning.function(beginning.argument);
}

WRAPPER int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
			   void *(*function)(void *), void *restrict argument)
{
	REAL(pthread_create);
	struct beginning *beginning = ctrace_sigprof_is_on() ? malloc(sizeof(*beginning)) : NULL;
	int result;

	if (beginning == NULL) {
		return real(thread, attributes, function, argument);
	}
	*beginning = (struct beginning){function, argument};
	result = real(thread, attributes, begin, beginning);
	if (result != 0) {
		free(beginning);
	}
	return result;
}
