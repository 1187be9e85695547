/* SPDX-License-Identifier: MIT */

/* ctrace as a program uses it: the shared library, recording to the file PEER_OUT. */

#include "bench/peers/peer_loop.h"

#include <ctrace/trace.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) void peer_spans(uint64_t spans)
{
	for (uint64_t i = 0; i < spans; i++) {
		TRACE_SPAN("span");

		__asm__ volatile("" ::: "memory");
	}
}

void peer_begin(void)
{
	const struct ctrace_settings settings = {.file = getenv("PEER_OUT")};

	if (ctrace_start(&settings) != 0) {
		fprintf(stderr, "ctrace does not start\n");
		exit(1);
	}
}

void peer_finish(void)
{
	struct ctrace_counts counts;

	ctrace_stop();
	ctrace_stats(&counts);
	if (counts.lost_ring_full > 0) {
		fprintf(stderr, "ctrace: %llu events lost\n",
			(unsigned long long)counts.lost_ring_full);
	}
}
