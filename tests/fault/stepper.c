/* SPDX-License-Identifier: MIT */

/* Single steps by ptrace; see stepper.h. */

#include "tests/fault/stepper.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)

#include <stddef.h>
#include <sys/user.h>

static uintptr_t place_of(pid_t child)
{
	return (uintptr_t)ptrace(PTRACE_PEEKUSER, child, offsetof(struct user_regs_struct, rip), 0);
}

__attribute__((noinline)) void step_from_here(void)
{
	__asm__ volatile("int3");
}

#else

static uintptr_t place_of(pid_t child)
{
	(void)child;
	return (uintptr_t)&step_to_here;
}

void step_from_here(void)
{
}

#endif

/* Something of its own, so that it is not folded with another function. */
static volatile int steps_ended;

__attribute__((noinline)) void step_to_here(void)
{
	steps_ended = 1;
}

static bool is_stopped(pid_t child)
{
	int status = 0;

	return waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == SIGTRAP;
}

static _Noreturn void run_traced(void (*body)(void))
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
		_exit(77);
	}
	body();
	_exit(1);
}

pid_t step_start(void (*body)(void))
{
	pid_t child = fork();

	if (child == 0) {
		run_traced(body);
	}
	return child;
}

long step_over(pid_t child, long wanted)
{
	if (!is_stopped(child)) {
		return -1;
	}
	for (long done = 0; done < wanted; done++) {
		if (place_of(child) == (uintptr_t)&step_to_here) {
			return done;
		}
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 || !is_stopped(child)) {
			return -1;
		}
	}
	return wanted;
}

void step_release(pid_t child, int signal)
{
	ptrace(PTRACE_DETACH, child, NULL, (void *)(intptr_t)signal); /* NOLINT: a number */
}

int step_wait(pid_t child)
{
	int status = 0;

	if (waitpid(child, &status, 0) != child) {
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static _Noreturn void step_once(void)
{
	step_from_here();
	step_to_here();
	_exit(0);
}

bool step_is_possible(void)
{
#if defined(__x86_64__)
	pid_t child = step_start(step_once);
	bool is_possible = step_over(child, 2) == 2;

	step_release(child, 0);
	return step_wait(child) == 0 && is_possible;
#else
	return false;
#endif
}
