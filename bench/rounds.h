/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BENCH_ROUNDS_H
#define CTRACE_BENCH_ROUNDS_H

/*
 * Timing of short things on a busy machine: many short rounds, of which the
 * fastest and the tenth percentile are told. What disturbs a round makes it
 * slower, never faster.
 */

#include <stdint.h>

struct rounds {
	double fastest_ns, p10_ns; /* per operation */
};

/* Run `body(operations)` `count` times, with `between()` (may be NULL) untimed before each. */
struct rounds rounds_run(void (*body)(uint64_t operations), uint64_t operations, unsigned count,
			 void (*between)(void));

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t rounds_now_ns(void);

#endif
