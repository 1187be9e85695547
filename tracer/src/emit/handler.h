/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_HANDLER_H
#define CTRACE_HANDLER_H

/*
 * What can be told of whether this is a signal handler; by system calls, so for
 * slow paths. Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */

#include <stdbool.h>
#include <stdint.h>

/* Are we on an alternate signal stack? Then addresses say nothing about who was called first. */
bool ctrace_handler_is_on_own_stack(void);

/* The thread's signal mask: bit n - 1 is signal n. A handler's own signal is blocked while it
 * runs, but for SA_NODEFER. */
uint64_t ctrace_handler_blocked(void);

#endif
