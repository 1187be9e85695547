/* SPDX-License-Identifier: MIT */
/* A lane's index answers what a walk over all events answers. */

#include "tests/unit/lane_fixture.h"
#include "tests/unit/trace_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t seed;

/* Around every power of the block's and the forest's size. */
static const uint32_t sizes[] = {1,    2,    63,   64,	  65,	 127,	128,   1023,
				 1024, 1025, 5000, 16384, 16385, 20000, 300000};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct pair {
	struct ctrace_oracle_lane plain;
	struct ctrace_lane lane;
};

static void pair_init(struct pair *pair, uint32_t count, uint64_t *random)
{
	ctrace_oracle_lane_init(&pair->plain, CTRACE_LANE_SPAN, count, 40, random);
	ctrace_fixture_lane(&pair->lane, &pair->plain, pair->plain.end);
}

static void pair_finish(struct pair *pair)
{
	ctrace_lane_finish(&pair->lane);
	ctrace_oracle_lane_finish(&pair->plain);
}

/* Calls `check` on lanes of every size with random numbers to spend. */
static void with_every_size(void (*check)(struct pair *pair, uint64_t *random))
{
	uint64_t random = seed;
	struct pair pair;

	for (size_t i = 0; i < SIZES; i++) {
		for (uint32_t again = 0; again < (sizes[i] > 5000 ? 1 : 4); again++) {
			pair_init(&pair, sizes[i], &random);
			check(&pair, &random);
			pair_finish(&pair);
		}
	}
}

static void check_events(struct pair *pair, uint64_t *random)
{
	(void)random;
	assert_int_equal(pair->lane.count, pair->plain.count);
	for (uint32_t i = 0; i < pair->plain.count; i++) {
		const struct ctrace_oracle_event *event = &pair->plain.events[i];

		assert_true(pair->lane.start[i] == event->start);
		assert_true(ctrace_lane_duration(&pair->lane, i) == event->duration);
		assert_int_equal(ctrace_lane_name(&pair->lane, i), event->name);
		assert_int_equal(ctrace_lane_flags(&pair->lane, i), event->flags);
	}
}

static void check_sums(struct pair *pair, uint64_t *random)
{
	uint64_t sum = 0;

	(void)random;
	for (uint32_t i = 0; i <= pair->plain.count; i++) {
		assert_true(ctrace_lane_busy_before(&pair->lane, i) == sum);
		sum += pair->plain.events[i].duration;
	}
}

static void check_longest(struct pair *pair, uint64_t *random)
{
	uint32_t count = pair->plain.count;

	for (uint32_t i = 0; i < 100; i++) {
		uint32_t from = (uint32_t)ctrace_random_below(random, count);
		uint32_t to = from + 1 + (uint32_t)ctrace_random_below(random, count - from);

		assert_int_equal(ctrace_lane_longest(&pair->lane, from, to),
				 ctrace_oracle_longest(&pair->plain, from, to));
	}
	assert_int_equal(ctrace_lane_longest(&pair->lane, 0, count),
			 ctrace_oracle_longest(&pair->plain, 0, count));
}

/* A time at, just before or just after an event's edge, or anywhere. */
static uint64_t some_time(const struct pair *pair, uint64_t *random)
{
	const struct ctrace_oracle_event *event =
		&pair->plain.events[ctrace_random_below(random, pair->plain.count)];
	uint64_t edge = event->start + (ctrace_random_below(random, 2) == 0 ? event->duration : 0);

	switch (ctrace_random_below(random, 4)) {
	case 0:
		return edge;
	case 1:
		return edge + 1;
	case 2:
		return edge > 0 ? edge - 1 : 0;
	default:
		return ctrace_random_below(random, pair->plain.end + 10);
	}
}

static uint32_t first_from(const struct ctrace_oracle_lane *plain, uint64_t time)
{
	uint32_t i = 0;

	while (i < plain->count && plain->events[i].start < time) {
		i++;
	}
	return i;
}

static void check_search(struct pair *pair, uint64_t *random)
{
	for (uint32_t i = 0; i < 60; i++) {
		uint64_t time = some_time(pair, random);
		uint32_t expected = first_from(&pair->plain, time);
		uint32_t near = (uint32_t)ctrace_random_below(random, expected + 1);

		assert_int_equal(ctrace_lane_lower_bound(&pair->lane, time), expected);
		assert_int_equal(ctrace_lane_gallop(&pair->lane, near, time), expected);
	}
}

static void check_busy(struct pair *pair, uint64_t *random)
{
	for (uint32_t i = 0; i < 40; i++) {
		uint64_t start = some_time(pair, random), end = some_time(pair, random);

		if (start <= end) {
			assert_true(ctrace_lane_busy(&pair->lane, start, end) ==
				    ctrace_oracle_busy(&pair->plain, start, end));
		}
	}
}

static void lane_gives_back_every_event(void **state)
{
	(void)state;
	with_every_size(check_events);
}

static void busy_before_is_the_sum_of_durations(void **state)
{
	(void)state;
	with_every_size(check_sums);
}

static void longest_of_any_range_is_the_first_longest(void **state)
{
	(void)state;
	with_every_size(check_longest);
}

static void searches_find_the_first_event_from_a_time(void **state)
{
	(void)state;
	with_every_size(check_search);
}

static void busy_of_any_range_is_exact(void **state)
{
	(void)state;
	with_every_size(check_busy);
}

static void block_knows_the_names_in_it(void **state)
{
	uint64_t random = seed;
	struct pair pair;

	(void)state;
	pair_init(&pair, 1000, &random);
	for (uint32_t i = 0; i < pair.plain.count; i++) {
		assert_true(pair.lane.blocks[i / CTRACE_BLOCK_EVENTS].names >>
				    pair.plain.events[i].name % 64 &
			    1);
	}
	pair_finish(&pair);
}

static void empty_lane_has_an_index(void **state)
{
	const struct ctrace_oracle_lane plain = {.kind = CTRACE_LANE_SPAN};
	struct ctrace_lane lane;

	(void)state;
	ctrace_fixture_lane(&lane, &plain, 1000);
	assert_int_equal(ctrace_lane_lower_bound(&lane, 0), 0);
	assert_int_equal(ctrace_lane_busy_before(&lane, 0), 0);
	assert_true(ctrace_lane_busy(&lane, 0, 1000) == 0);
	ctrace_lane_finish(&lane);
	ctrace_lane_finish(&lane);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lane_gives_back_every_event),
		cmocka_unit_test(busy_before_is_the_sum_of_durations),
		cmocka_unit_test(longest_of_any_range_is_the_first_longest),
		cmocka_unit_test(searches_find_the_first_event_from_a_time),
		cmocka_unit_test(busy_of_any_range_is_exact),
		cmocka_unit_test(block_knows_the_names_in_it),
		cmocka_unit_test(empty_lane_has_an_index),
	};

	seed = ctrace_fixture_seed(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
