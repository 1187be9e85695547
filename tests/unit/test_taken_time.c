/* SPDX-License-Identifier: MIT */
/* The worst windows, against a walk over every nanosecond of small random stretches. */

#include "tests/unit/trace_maker.h"
#include "viewer-server/analysis/taken_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 400
#define LENGTH 300u

static uint64_t seed;

static uint64_t below(uint64_t *random, uint64_t end)
{
	return ctrace_random_below(random, end);
}

/* Every nanosecond: taken or not. */
struct plain {
	bool is_taken[LENGTH];
};

static void make(struct ctrace_taken *taken, struct plain *plain, uint64_t *random)
{
	uint64_t count = below(random, 40), longest = 1 + below(random, 30);

	*taken = (struct ctrace_taken){0};
	memset(plain, 0, sizeof(*plain));
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = below(random, LENGTH), end = start + below(random, longest);

		assert_true(ctrace_taken_add(taken, start, end));
		for (uint64_t at = start; at < end && at < LENGTH; at++) {
			plain->is_taken[at] = true;
		}
	}
}

static uint64_t sum(const struct plain *plain, uint64_t from, uint64_t to)
{
	uint64_t taken = 0;

	for (uint64_t at = from; at < to; at++) {
		taken += plain->is_taken[at];
	}
	return taken;
}

/* The first window that is hit most. */
static struct ctrace_window_hit plain_worst(const struct plain *plain, uint64_t window,
					    uint64_t from, uint64_t to)
{
	struct ctrace_window_hit worst = {from, 0};

	for (uint64_t start = from; start + window <= to; start++) {
		uint64_t hit = sum(plain, start, start + window);

		if (hit > worst.taken) {
			worst = (struct ctrace_window_hit){start, hit};
		}
	}
	return worst;
}

static void the_worst_window_is_the_one_that_a_walk_over_all_finds(void **state)
{
	uint64_t random = seed;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = below(&random, LENGTH / 2);
		uint64_t end = start + 1 + below(&random, LENGTH - start);
		uint64_t from = start + below(&random, end - start);
		uint64_t to = from + 1 + below(&random, end - from);
		struct ctrace_taken taken;
		struct plain plain;

		make(&taken, &plain, &random);
		ctrace_taken_close(&taken, start, end);
		for (uint64_t window = 1; window <= to - from; window += 1 + window / 7) {
			struct ctrace_window_hit found =
				ctrace_taken_worst(&taken, window, from, to);
			struct ctrace_window_hit plainly = plain_worst(&plain, window, from, to);

			assert_int_equal(found.taken, plainly.taken);
			assert_int_equal(found.start, plainly.start);
			assert_int_equal(sum(&plain, found.start, found.start + window),
					 found.taken);
			assert_true(found.start >= from && found.start + window <= to);
		}
		ctrace_taken_finish(&taken);
	}
}

static void what_lies_before_a_time_is_summed_exactly(void **state)
{
	uint64_t random = seed + 1;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = below(&random, LENGTH),
			 end = start + below(&random, LENGTH - start);
		struct ctrace_taken taken;
		struct plain plain;

		make(&taken, &plain, &random);
		ctrace_taken_close(&taken, start, end);
		for (uint64_t at = start; at <= end; at++) {
			assert_int_equal(ctrace_taken_before(&taken, at), sum(&plain, start, at));
		}
		for (size_t i = 1; i < taken.count; i++) {
			assert_true(taken.pieces[i].start > taken.pieces[i - 1].end);
		}
		ctrace_taken_finish(&taken);
	}
}

static void nothing_taken_hits_no_window(void **state)
{
	struct ctrace_taken taken = {0};

	(void)state;
	assert_true(ctrace_taken_add(&taken, 5, 5));
	ctrace_taken_close(&taken, 0, 100);
	assert_int_equal(taken.count, 0);
	assert_int_equal(ctrace_taken_worst(&taken, 10, 20, 60).taken, 0);
	assert_int_equal(ctrace_taken_worst(&taken, 10, 20, 60).start, 20);
	assert_int_equal(ctrace_taken_before(&taken, 50), 0);
	ctrace_taken_finish(&taken);
}

static void times_up_to_the_end_of_all_time_do_not_overflow(void **state)
{
	struct ctrace_taken taken = {0};
	const uint64_t last = UINT64_MAX - 1;

	(void)state;
	assert_true(ctrace_taken_add(&taken, last - 10, last));
	ctrace_taken_close(&taken, 0, last);
	assert_int_equal(ctrace_taken_worst(&taken, 20, 0, last).taken, 10);
	assert_int_equal(ctrace_taken_worst(&taken, last, 0, last).taken, 10);
	ctrace_taken_finish(&taken);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_window_is_the_one_that_a_walk_over_all_finds),
		cmocka_unit_test(what_lies_before_a_time_is_summed_exactly),
		cmocka_unit_test(nothing_taken_hits_no_window),
		cmocka_unit_test(times_up_to_the_end_of_all_time_do_not_overflow),
	};
	const char *given = argc > 1 ? argv[1] : getenv("CTRACE_TEST_SEED");

	seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)getpid() * 1000;
	printf("seed: %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
