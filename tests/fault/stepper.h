/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TEST_STEPPER_H
#define CTRACE_TEST_STEPPER_H

/*
 * A child that its parent leads through a stretch of code one instruction at a time.
 *
 *     parent                                child
 *     step_start(body)          ──fork──►   body(): … step_from_here()   stopped
 *     step_over(child, n)                   n instructions on, or at step_to_here()
 *     step_release(child, SIGUSR1)          gets the signal there, then runs on untraced
 *
 * Only the child's first thread is stepped; others run freely meanwhile.
 */

#include <stdbool.h>
#include <sys/types.h>

/* Can this processor and this system do it? False where ptrace is forbidden. */
bool step_is_possible(void);

/* Fork a child that runs `body`, which calls step_from_here() once and never returns. */
pid_t step_start(void (*body)(void));

/* Where the stretch begins and ends; in the child. */
void step_from_here(void);
void step_to_here(void);

/* Up to `wanted` instructions into the stretch; how many were left to do so: fewer at its end. -1:
 * the child died. */
long step_over(pid_t child, long wanted);

/* Let it run, with a signal (0: none). */
void step_release(pid_t child, int signal);

/* Its end: the exit status, or 256 and the number of the signal that killed it. */
int step_wait(pid_t child);

#endif
