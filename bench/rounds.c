/* SPDX-License-Identifier: MIT */

/* Many short rounds; see rounds.h. */

#include "bench/rounds.h"

#include <stdlib.h>
#include <time.h>

uint64_t rounds_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_size(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

struct rounds rounds_run(void (*body)(uint64_t operations), uint64_t operations, unsigned count,
			 void (*between)(void))
{
	double *ns = malloc(count * sizeof(*ns));
	struct rounds result;

	for (unsigned i = 0; i < count; i++) {
		uint64_t begin;

		if (between != NULL) {
			between();
		}
		begin = rounds_now_ns();
		body(operations);
		ns[i] = (double)(rounds_now_ns() - begin) / (double)operations;
	}
	qsort(ns, count, sizeof(*ns), by_size);
	result = (struct rounds){.fastest_ns = ns[0], .p10_ns = ns[count / 10]};
	free(ns);
	return result;
}
