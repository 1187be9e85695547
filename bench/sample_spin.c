/* SPDX-License-Identifier: MIT */
/*
 * Looks at the clock all the time, for bench/samples.py to run with and without somebody who
 * samples it: how often it was away for longer than a look takes, and for how long. Who lost the
 * processor to another program was away for longer than a sample takes, and is not counted.
 *
 *     sample-spin LOOKS     prints "gaps COUNT MEDIAN", nanoseconds
 */

#include "bench/rounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A sample takes more than the one, another program has more than the other. */
#define SHORTEST_NS 4000u
#define LONGEST_NS  400000u
#define GAPS_MAX    1000000u

static uint64_t gaps[GAPS_MAX];

static int by_size(const void *a, const void *b)
{
	const uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return (one > other) - (one < other);
}

int main(int argc, char **argv)
{
	uint64_t looks = argc > 1 ? strtoull(argv[1], NULL, 10) : 30000000, last = rounds_now_ns();
	size_t count = 0;

	for (uint64_t i = 0; i < looks && count < GAPS_MAX; i++) {
		uint64_t now = rounds_now_ns();

		if (now - last >= SHORTEST_NS && now - last < LONGEST_NS) {
			gaps[count++] = now - last;
		}
		last = now;
	}
	qsort(gaps, count, sizeof(gaps[0]), by_size);
	printf("gaps %zu %" PRIu64 "\n", count, count > 0 ? gaps[count / 2] : 0);
	return 0;
}
