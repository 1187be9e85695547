/* SPDX-License-Identifier: MIT */

/* The floor: a span reads the clock twice and keeps nothing. Off: the loop alone. */

#include "bench/peers/peer_loop.h"

#include <stdbool.h>

static bool is_on;

static inline uint64_t read_counter(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#endif
}

__attribute__((noinline)) void peer_spans(uint64_t spans)
{
	for (uint64_t i = 0; is_on && i < spans; i++) {
		uint64_t begin = read_counter(), end = read_counter();

		__asm__ volatile("" : : "r"(begin), "r"(end));
	}
	for (uint64_t i = 0; !is_on && i < spans; i++) {
		__asm__ volatile("" ::: "memory");
	}
}

void peer_begin(void)
{
	is_on = true;
}

void peer_finish(void)
{
}
