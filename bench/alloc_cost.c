/* SPDX-License-Identifier: MIT */

/*
 * What malloc and free cost a program that knows nothing of ctrace: nanoseconds a pair, the tenth
 * percentile of many rounds; and how many pairs that were. bench/alloc.py runs it in turn without
 * and with what records memory.
 */

#include "bench/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPERATIONS 1000u
#define ROUNDS	   600u
#define HELD	   64u

static void *held[HELD];

/* No ring is full when a round begins. */
static void rest(void)
{
	usleep(2000);
}

static void pairs(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		void *volatile block = malloc(64);

		free(block);
	}
}

/* Of many sizes, each freed 64 later. */
static void mixed(uint64_t operations)
{
	static unsigned random = 1;

	for (uint64_t i = 0; i < operations; i++) {
		random = random * 1664525u + 1013904223u;
		free(held[i % HELD]);
		held[i % HELD] = malloc(16 + (random >> 20));
	}
}

#if defined(__clang__)
#define AS_WRITTEN __attribute__((noinline))
#else
#define AS_WRITTEN __attribute__((noinline, noclone))
#endif

/* Below this many functions more, each of which has something to do behind its call. */
AS_WRITTEN static uint64_t below(unsigned functions, uint64_t operations)
{
	volatile uint64_t done;

	if (functions == 0) {
		pairs(operations);
		return operations;
	}
	done = below(functions - 1, operations);
	return done;
}

static void deep(uint64_t operations)
{
	below(20, operations);
}

/* In turn from two places and at two depths: a stack is never that of the block before. */
static void turns(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i += 4) {
		pairs(1);
		below(2, 1);
		below(20, 1);
		below(21, 1);
	}
}

int main(void)
{
	static const struct {
		const char *name;
		void (*body)(uint64_t operations);
	} bodies[] = {{"64-bytes", pairs}, {"mixed", mixed}, {"20-deep", deep}, {"in-turn", turns}};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		printf("%s %.3f\n", bodies[i].name,
		       rounds_run(bodies[i].body, OPERATIONS, ROUNDS, rest).p10_ns);
	}
	printf("pairs %zu\n", sizeof(bodies) / sizeof(bodies[0]) * OPERATIONS * ROUNDS);
	return 0;
}
