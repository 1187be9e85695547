/* SPDX-License-Identifier: MIT */

/* See handler.h. The calls of libc that do the same keep no errno either, and one of them is not
 * for handlers. */

#include "tracer/src/emit/handler.h"

#include "tracer/src/sites/kernel_call.h"

#include <signal.h>

bool ctrace_handler_is_on_own_stack(void)
{
	stack_t now = {.ss_flags = 0};

	return ctrace_kernel_call(SYS_sigaltstack, 0, (long)&now, 0, 0) == 0 &&
	       (now.ss_flags & SS_ONSTACK) != 0;
}

uint64_t ctrace_handler_blocked(void)
{
	uint64_t mask = 0;

	ctrace_kernel_call(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&mask, sizeof(mask));
	return mask;
}
