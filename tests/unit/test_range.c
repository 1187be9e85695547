/* SPDX-License-Identifier: MIT */
/* Exact answers about ranges, against a walk over all events of all lanes. */

#include "tests/unit/random_lanes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;
static struct ctrace_random_lanes made;

static uint64_t below(uint64_t limit)
{
	return ctrace_random_lanes_below(&made, limit);
}

static int start(void **state)
{
	(void)state;
	ctrace_random_lanes_init(&made, seed);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	ctrace_random_lanes_finish(&made);
	return 0;
}

struct shares {
	uint64_t told, count, of;
};

static void take_share(void *context, const struct ctrace_range_share *share)
{
	struct shares *shares = context;

	assert_true(share->count >= shares->count && share->count <= share->of);
	*shares = (struct shares){shares->told + 1, share->count, share->of};
}

static bool always(void *context)
{
	(void)context;
	return true;
}

static void a_long_range_says_how_far_it_is(void **state)
{
	struct shares shares = {0};
	const struct ctrace_patience patience = {always, &shares, take_share};
	struct ctrace_range range;

	(void)state;
	ctrace_random_lanes_lengthen(&made);
	assert_int_equal(
		ctrace_range_init(&range, &made.model, NULL, 0, 0, UINT64_MAX, 5, false, &patience),
		CTRACE_OK);
	assert_true(shares.told > 0);
	assert_true(shares.of == range.count);
	ctrace_range_finish(&range);
}

struct expected_range {
	uint64_t count, busy;
	struct ctrace_name_total names[CTRACE_RANDOM_NAMES];
};

static void add_expected(struct expected_range *sum, const struct ctrace_oracle_event *event,
			 struct ctrace_place place)
{
	struct ctrace_name_total *total = &sum->names[event->name];

	sum->count++;
	if (total->count == 0 || event->duration > total->max) {
		total->max = event->duration;
		total->longest = place;
	}
	if (total->count == 0 || event->duration < total->min) {
		total->min = event->duration;
	}
	total->count++;
	total->total += event->duration;
}

static void expect_range(struct expected_range *sum, const uint32_t *lanes, uint32_t count,
			 uint64_t from, uint64_t to)
{
	memset(sum, 0, sizeof(*sum));
	for (uint32_t k = 0; k < count; k++) {
		const struct ctrace_oracle_lane *lane = &made.plain[lanes[k]];

		sum->busy += ctrace_oracle_busy(lane, from, to);
		for (uint32_t i = 0; i < lane->count; i++) {
			if (ctrace_oracle_touches(&lane->events[i], from, to)) {
				add_expected(sum, &lane->events[i],
					     (struct ctrace_place){lanes[k], i});
			}
		}
	}
}

static void check_names(const struct ctrace_range *range, const struct expected_range *sum)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < range->name_count; i++) {
		const struct ctrace_name_total *total = &range->names[i],
					       *expected = &sum->names[total->name];

		assert_true(total->count == expected->count && total->total == expected->total);
		assert_true(total->min == expected->min && total->max == expected->max);
		assert_int_equal(total->longest.lane, expected->longest.lane);
		assert_int_equal(total->longest.index, expected->longest.index);
		assert_true(total->self ==
			    expected->total); /* lanes of no thread have no families */
		assert_true(i == 0 || range->names[i - 1].total >= total->total);
		count += total->count;
	}
	assert_true(count == sum->count);
}

static bool is_in_order(const struct ctrace_model_event *a, const struct ctrace_model_event *b,
			bool is_by_start)
{
	if (!is_by_start && a->duration != b->duration) {
		return a->duration > b->duration;
	}
	const struct ctrace_event_key x = {a->start, a->place.lane, a->place.index};
	const struct ctrace_event_key y = {b->start, b->place.lane, b->place.index};
	return ctrace_event_key_compare(&x, &y) < 0;
}

/* Of all events that touch, none that is not in the list goes before the list's last. */
static void check_top(const struct ctrace_range *range, const uint32_t *lanes, uint32_t count,
		      uint64_t from, uint64_t to, bool is_by_start)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i + 1 < range->top_count; i++) {
		assert_true(
			is_in_order(&range->top[i].event, &range->top[i + 1].event, is_by_start));
	}
	for (uint32_t k = 0; range->top_count > 0 && k < count; k++) {
		for (uint32_t i = 0; i < made.plain[lanes[k]].count; i++) {
			const struct ctrace_oracle_event *event = &made.plain[lanes[k]].events[i];
			const struct ctrace_model_event as = {
				{lanes[k], i}, event->start, event->duration, 0, 0, 0};

			before += ctrace_oracle_touches(event, from, to) &&
				  is_in_order(&as, &range->top[range->top_count - 1].event,
					      is_by_start);
		}
	}
	assert_true(range->top_count == 0 || before == range->top_count - 1);
}

static void check_range(const uint32_t *lanes, uint32_t count, uint64_t from, uint64_t to)
{
	static struct expected_range sum;
	struct ctrace_range range;
	uint32_t top = (uint32_t)below(8);
	bool is_by_start = below(2) == 0;

	expect_range(&sum, lanes, count, from, to);
	assert_int_equal(ctrace_range_init(&range, &made.model, lanes, count, from, to, top,
					   is_by_start, NULL),
			 CTRACE_OK);
	assert_true(range.count == sum.count);
	assert_true(range.busy == sum.busy);
	assert_int_equal(range.top_count, top < sum.count ? top : sum.count);
	check_names(&range, &sum);
	check_top(&range, lanes, count, from, to, is_by_start);
	ctrace_range_finish(&range);
}

static void ranges_are_exact(void **state)
{
	static const uint32_t all[CTRACE_RANDOM_LANES] = {0, 1, 2, 3, 4};

	(void)state;
	for (uint32_t i = 0; i < 400; i++) {
		uint64_t from = ctrace_random_lanes_time(&made),
			 to = ctrace_random_lanes_time(&made);
		uint32_t first = (uint32_t)below(CTRACE_RANDOM_LANES),
			 count = 1 + (uint32_t)below(CTRACE_RANDOM_LANES - first);

		if (from < to) {
			check_range(&all[first], count, from, to);
		}
	}
	check_range(all, CTRACE_RANDOM_LANES, 0, made.model.duration + 1);
}

static void range_without_lanes_means_all_span_lanes(void **state)
{
	struct ctrace_range range;
	uint64_t events = 0;

	(void)state;
	for (uint32_t i = 0; i < CTRACE_RANDOM_LANES; i++) {
		events += made.plain[i].count;
	}
	ctrace_range_init(&range, &made.model, NULL, 0, 0, made.model.duration + 1, 3, false, NULL);
	assert_true(range.count == events);
	ctrace_range_finish(&range);
}

static void empty_range_has_nothing_in_it(void **state)
{
	struct ctrace_range range;

	(void)state;
	ctrace_range_init(&range, &made.model, NULL, 0, 5, 5, 3, false, NULL);
	assert_true(range.count == 0 && range.busy == 0);
	ctrace_range_finish(&range);
	ctrace_range_init(&range, &made.model, NULL, 0, 9, 5, 3, false, NULL);
	assert_true(range.count == 0 && range.busy == 0);
	ctrace_range_finish(&range);
}

static void tiles_longest_is_the_ranges_first(void **state)
{
	static struct ctrace_tile tile;

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		uint32_t lane = (uint32_t)below(CTRACE_RANDOM_LANES);
		uint8_t level = (uint8_t)below(30);

		ctrace_tile_make(
			&made.model, lane, level,
			(uint32_t)(ctrace_random_lanes_time(&made) / CTRACE_TILE_BUCKETS >> level),
			&tile);
		for (uint32_t k = 0; k < tile.bucket_count; k++) {
			const struct ctrace_tile_bucket *bucket = &tile.buckets[k];
			struct ctrace_range range;
			uint64_t from =
				((uint64_t)tile.number * CTRACE_TILE_BUCKETS + bucket->position)
				<< level;

			if (bucket->count < 2 || tile.real_count > 0) {
				continue;
			}
			ctrace_range_init(&range, &made.model, &lane, 1, from,
					  from + (UINT64_C(1) << level), 2, false, NULL);
			assert_true(range.top[0].event.duration == bucket->longest ||
				    range.top[0].event.start < from);
			assert_true(range.count == bucket->count ||
				    range.count == bucket->count + 1);
			ctrace_range_finish(&range);
		}
	}
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_long_range_says_how_far_it_is),		TEST(ranges_are_exact),
		TEST(range_without_lanes_means_all_span_lanes), TEST(empty_range_has_nothing_in_it),
		TEST(tiles_longest_is_the_ranges_first),
	};
#undef TEST

	seed = ctrace_fixture_seed(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
