/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_READABLE_H
#define CTRACE_READABLE_H

/*
 * Can the page of an address be read? Asked of the kernel by a call that would block signals in a
 * way that there is not: it reads the mask first, and then changes nothing.
 *
 * Cost: a system call, 0.1 us.  Thread: any.  Signal handler: yes.  Blocks: no.  errno: kept.
 */

#include "tracer/src/sites/kernel_call.h"

#include <stdbool.h>
#include <stdint.h>

#define CTRACE_READABLE_PAGE 4096u

static inline bool ctrace_is_readable(uintptr_t address)
{
	long page = (long)(address & ~(uintptr_t)(CTRACE_READABLE_PAGE - 1));

	return ctrace_kernel_call(SYS_rt_sigprocmask, ~0L, page, 0, 8) != -EFAULT;
}

#endif
