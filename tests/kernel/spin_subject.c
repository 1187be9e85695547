/* SPDX-License-Identifier: MIT */

/*
 * Spins in three functions, 1 to 2 to 4 by count of the same loop, round after round. The loop is
 * inlined into each, and the second into its caller.
 *
 *     spin_subject [ROUNDS]
 *
 * Says a word on each stream and exits with 7: a recording must change neither.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define TURNS 1000000u

static volatile uint64_t sink;

static inline __attribute__((always_inline)) void spin(uint64_t turns)
{
	for (uint64_t i = 0; i < turns; i++) {
		sink = sink * 3 + 1;
	}
}

static __attribute__((noinline)) void spin_one(void)
{
	spin(TURNS);
	sink++;
}

static inline __attribute__((always_inline)) void spin_two(void)
{
	spin(2 * TURNS);
	sink++;
}

static __attribute__((noinline)) void spin_four(void)
{
	spin(4 * TURNS);
	sink++;
}

static __attribute__((noinline)) void spin_round(void)
{
	spin_one();
	spin_two();
	spin_four();
	sink++;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100;

	for (int i = 0; i < rounds; i++) {
		spin_round();
	}
	puts("spun");
	fputs("done\n", stderr);
	return 7;
}
