/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_QUIET_H
#define CTRACE_QUIET_H

/*
 * What the recorder itself calls is not the program's doing: while a thread is quiet, calls
 * that a preloaded library sees are not recorded. Spans are.
 *
 *     begin … end        on a thread of the recorder, to its end; in a function of the API
 *     hold … release     shortly, on a thread of the program: signals wait meanwhile, so no
 *                        handler's calls go unseen, and none jumps away and leaves it quiet
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include "tracer/src/sites/kernel_call.h"

#include <signal.h>
#include <stdint.h>

/* How many of them are open. Static TLS: 4 bytes. */
extern __thread unsigned ctrace_quiet __attribute__((tls_model("initial-exec")));

static inline void ctrace_quiet_begin(void)
{
	ctrace_quiet++;
}

static inline void ctrace_quiet_end(void)
{
	ctrace_quiet--;
}

/* The kernel's call, which also holds back the signal that cancels a thread. Returns the mask. */
static inline uint64_t ctrace_signals_hold(void)
{
	const uint64_t all = UINT64_MAX;
	uint64_t before = 0;

	ctrace_kernel_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, sizeof(all));
	return before;
}

static inline void ctrace_signals_release(uint64_t mask)
{
	ctrace_kernel_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof(mask));
}

static inline uint64_t ctrace_quiet_hold(void)
{
	uint64_t mask = ctrace_signals_hold();

	ctrace_quiet_begin();
	return mask;
}

static inline void ctrace_quiet_release(uint64_t mask)
{
	ctrace_quiet_end();
	ctrace_signals_release(mask);
}

#endif
