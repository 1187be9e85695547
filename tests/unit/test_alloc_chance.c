/* SPDX-License-Identifier: MIT */
/* Which blocks are chosen, what they stand for, and which of them are alive. */

#include "tests/unit/unit.h"
#include "tracer/preload/alloc_chance.h"
#include "tracer/preload/alloc_live.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static uint64_t seed_of_test(void)
{
	const char *text = getenv("CTRACE_TEST_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);

	printf("seed: %llu\n", (unsigned long long)seed);
	return seed;
}

/* Within five standard deviations: once in two million. */
static void draws_are_geometric(void **state)
{
	static const uint64_t means[] = {2, 3, 7, 1000, 524288};
	uint64_t random = seed_of_test();

	(void)state;
	for (size_t i = 0; i < sizeof(means) / sizeof(means[0]); i++) {
		const unsigned count = 200000;
		double mean = (double)means[i], sum = 0, firsts = 0;
		double chance = 1 / mean;

		for (unsigned j = 0; j < count; j++) {
			uint64_t drawn = ctrace_chance_draw(&random, means[i]);

			assert_true(drawn >= 1);
			sum += (double)drawn;
			firsts += (double)drawn <= mean ? 1 : 0;
		}
		assert_true(fabs(sum / count - mean) < 5 * sqrt((1 - chance) / count) * mean);
		chance = 1 - pow(1 - chance, mean);
		assert_true(fabs(firsts / count - chance) <
			    5 * sqrt(chance * (1 - chance) / count));
	}
}

static void a_mean_of_one_chooses_every_byte(void **state)
{
	uint64_t random = 1;

	(void)state;
	assert_int_equal(ctrace_chance_draw(&random, 1), 1);
	assert_int_equal(ctrace_chance_weight(77, 1), 77);
}

static void weights_are_size_by_chance(void **state)
{
	static const uint64_t sizes[] = {1, 8, 100, 4096, 100000, 524288, 5000000, 100000000};
	static const uint64_t means[] = {2, 1000, 524288, 1000003};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t j = 0; j < sizeof(means) / sizeof(means[0]); j++) {
			double size = (double)sizes[i], mean = (double)means[j];
			double exact = size / -expm1(size * log1p(-1 / mean));
			double found = (double)ctrace_chance_weight(sizes[i], means[j]);

			assert_true(fabs(found - exact) <= 0.5 + exact * 1e-9);
			assert_true(found >= size);
		}
	}
	assert_int_equal(ctrace_chance_weight(0, 524288), 0);
	assert_int_equal(ctrace_chance_weight(UINT64_MAX, 524288), UINT64_MAX);
}

static const void *block(size_t number)
{
	return (const void *)(0x555500000000u + 16 * number); /* NOLINT: never read */
}

static void what_is_added_is_found_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < 10000; i++) {
		assert_true(ctrace_live_add(block(i)));
		assert_true(ctrace_live_may_be(block(i)));
	}
	assert_false(ctrace_live_remove(block(10000)));
	for (size_t i = 0; i < 10000; i++) {
		assert_true(ctrace_live_remove(block(i)));
		assert_false(ctrace_live_remove(block(i)));
	}
	for (size_t i = 0; i < 10000; i++) {
		assert_false(ctrace_live_may_be(block(i)));
	}
}

/* At half of what the table holds, hardly one of them finds no place. */
static void many_fit(void **state)
{
	const size_t count = CTRACE_LIVE_BLOCKS_MAX / 2;
	size_t added = 0, removed = 0;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		added += ctrace_live_add(block(i * 37));
	}
	assert_true(added > count - count / 1000);
	for (size_t i = 0; i < count; i++) {
		removed += ctrace_live_remove(block(i * 37));
	}
	assert_int_equal(added, removed);
}

static void a_full_table_refuses(void **state)
{
	size_t added = 0;

	(void)state;
	for (size_t i = 0; i < 2 * CTRACE_LIVE_BLOCKS_MAX; i++) {
		added += ctrace_live_add(block(i * 37));
	}
	assert_true(added <= CTRACE_LIVE_BLOCKS_MAX);
	for (size_t i = 0; i < 2 * CTRACE_LIVE_BLOCKS_MAX; i++) {
		added -= ctrace_live_remove(block(i * 37));
	}
	assert_int_equal(added, 0);
}

static void all_are_looked_at_once_all_are_marked(void **state)
{
	(void)state;
	ctrace_live_mark_all();
	assert_true(ctrace_live_may_be(block(123456)));
	assert_true(ctrace_live_may_be(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_are_geometric),
		cmocka_unit_test(a_mean_of_one_chooses_every_byte),
		cmocka_unit_test(weights_are_size_by_chance),
		cmocka_unit_test(what_is_added_is_found_once),
		cmocka_unit_test(many_fit),
		cmocka_unit_test(a_full_table_refuses),
		cmocka_unit_test(all_are_looked_at_once_all_are_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
