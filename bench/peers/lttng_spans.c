/* SPDX-License-Identifier: MIT */

/* LTTng-UST: a tracepoint at each end of a span, without fields. Recording is the session daemon's
 * matter. */

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "bench/peers/lttng_points.inc"

#include "bench/peers/peer_loop.h"

__attribute__((noinline)) void peer_spans(uint64_t spans)
{
	for (uint64_t i = 0; i < spans; i++) {
		lttng_ust_tracepoint(peer, begin);
		__asm__ volatile("" ::: "memory");
		lttng_ust_tracepoint(peer, end);
	}
}

void peer_begin(void)
{
}

void peer_finish(void)
{
}
