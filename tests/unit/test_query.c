/* SPDX-License-Identifier: MIT */
/* Exact answers: find, at, count and ranges against a walk over all events of all lanes. */

#include "tests/unit/lane_fixture.h"
#include "tests/unit/trace_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LANES 5u
#define NAMES 30u

static uint64_t seed, dice;
static struct ctrace_oracle_lane plain[LANES];
static struct ctrace_model model;

static uint64_t below(uint64_t limit)
{
	return ctrace_random_below(&dice, limit);
}

static void make_model(uint32_t events_max)
{
	for (uint32_t i = 0; i < LANES; i++) {
		uint32_t count = i == 3 ? 0 : (uint32_t)below(events_max + 1);

		ctrace_oracle_lane_init(&plain[i], CTRACE_LANE_SPAN, count, NAMES, &dice);
	}
	ctrace_fixture_model(&model, plain, LANES);
}

static void drop_model(void)
{
	ctrace_fixture_finish(&model);
	for (uint32_t i = 0; i < LANES; i++) {
		ctrace_oracle_lane_finish(&plain[i]);
	}
}

static int start(void **state)
{
	(void)state;
	dice = seed;
	make_model(400);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	drop_model();
	return 0;
}

/* A time at or beside an event's edge. */
static uint64_t some_time(void)
{
	const struct ctrace_oracle_lane *lane = &plain[below(LANES)];
	const struct ctrace_oracle_event *event;

	if (lane->count == 0) {
		return below(model.duration + 2);
	}
	event = &lane->events[below(lane->count)];
	uint64_t edge = event->start + (below(2) == 0 ? event->duration : 0);
	return below(3) > 0 || edge == 0 ? edge : edge + below(3) - 1;
}

static void at_gives_the_event_or_the_nearest(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t lane = (uint32_t)below(LANES);
		uint64_t time = some_time();
		struct ctrace_place place = ctrace_model_at(&model, lane, time);
		uint32_t expected = ctrace_oracle_at(&plain[lane], time);

		if (expected == CTRACE_NONE) {
			assert_int_equal(place.lane, CTRACE_NONE);
			continue;
		}
		assert_int_equal(place.lane, lane);
		assert_int_equal(place.index, expected);
	}
	assert_int_equal(ctrace_model_at(&model, LANES, 0).lane, CTRACE_NONE);
}

/* Order of hits: start, lane, index. */
struct key {
	uint64_t start;
	uint32_t lane, index;
};

static int compare(const void *x, const void *y)
{
	const struct key *a = x, *b = y;

	if (a->start != b->start) {
		return a->start < b->start ? -1 : 1;
	}
	if (a->lane != b->lane) {
		return a->lane < b->lane ? -1 : 1;
	}
	return (a->index > b->index) - (a->index < b->index);
}

static struct key hits[LANES * 400];
static uint32_t hit_count;

static bool is_in(const struct ctrace_name_set *set, uint32_t name)
{
	return set->bits[name / 64] >> (name % 64) & 1;
}

static void collect_hits(const struct ctrace_name_set *set)
{
	hit_count = 0;
	for (uint32_t lane = 0; lane < LANES; lane++) {
		for (uint32_t i = 0; i < plain[lane].count; i++) {
			if (is_in(set, plain[lane].events[i].name)) {
				hits[hit_count++] =
					(struct key){plain[lane].events[i].start, lane, i};
			}
		}
	}
	qsort(hits, hit_count, sizeof(hits[0]), compare);
}

/* The hit after or before `from`, by looking at all; sets *wrapped. */
static uint32_t expected_hit(struct key from, int direction, bool *wrapped)
{
	*wrapped = false;
	for (uint32_t i = 0; i < hit_count; i++) {
		if (direction > 0 && compare(&hits[i], &from) > 0) {
			return i;
		}
		if (direction < 0 && compare(&hits[hit_count - 1 - i], &from) < 0) {
			return hit_count - 1 - i;
		}
	}
	*wrapped = true;
	return direction > 0 ? 0 : hit_count - 1;
}

static struct key some_key(void)
{
	uint32_t lane = (uint32_t)below(LANES), index = (uint32_t)below(plain[lane].count + 1u);

	if (index < plain[lane].count && below(3) > 0) {
		return (struct key){plain[lane].events[index].start, lane, index};
	}
	return (struct key){some_time(), lane, index};
}

static void check_find(const struct ctrace_name_set *set, struct key from, int direction)
{
	struct ctrace_found found;
	uint64_t position;
	bool wrapped;
	enum ctrace_status status = ctrace_model_find(&model, set, from.start,
						      (struct ctrace_place){from.lane, from.index},
						      direction, NULL, &found);

	if (hit_count == 0) {
		assert_int_equal(status, CTRACE_ERR_NOT_FOUND);
		return;
	}
	uint32_t expected = expected_hit(from, direction, &wrapped);
	assert_int_equal(status, CTRACE_OK);
	assert_true(found.start == hits[expected].start);
	assert_int_equal(found.place.lane, hits[expected].lane);
	assert_int_equal(found.place.index, hits[expected].index);
	assert_int_equal(found.wrapped, wrapped);
	assert_int_equal(ctrace_model_position(&model, set, found.place, NULL, &position),
			 CTRACE_OK);
	assert_int_equal(position, expected + 1);
}

static void with_set(const char *text, void (*check)(const struct ctrace_name_set *set))
{
	struct ctrace_name_set set;

	assert_int_equal(ctrace_name_set_init(&set, &model, text, strlen(text), NULL), CTRACE_OK);
	collect_hits(&set);
	check(&set);
	ctrace_name_set_finish(&set);
}

static void find_from_anywhere(const struct ctrace_name_set *set)
{
	for (uint32_t i = 0; i < 500; i++) {
		check_find(set, some_key(), below(2) == 0 ? 1 : -1);
	}
}

static void find_gives_the_next_hit_in_order(void **state)
{
	(void)state;
	with_set("name1", find_from_anywhere);
	with_set("NAME7", find_from_anywhere);
	with_set("", find_from_anywhere);
	with_set("no such name", find_from_anywhere);
}

static void walk_all(const struct ctrace_name_set *set)
{
	struct ctrace_found found;
	uint64_t from = 0;
	struct ctrace_place place = {CTRACE_NONE, 0};

	for (uint32_t i = 0; i < hit_count; i++) {
		assert_int_equal(ctrace_model_find(&model, set, from, place, 1, NULL, &found),
				 CTRACE_OK);
		assert_int_equal(found.place.lane, hits[i].lane);
		assert_int_equal(found.place.index, hits[i].index);
		assert_false(found.wrapped);
		from = found.start;
		place = found.place;
	}
}

static void finding_again_and_again_visits_every_hit(void **state)
{
	(void)state;
	with_set("name2", walk_all);
}

static void check_count(const struct ctrace_name_set *set)
{
	assert_int_equal(ctrace_model_count(&model, set), hit_count);
}

static void count_is_exact(void **state)
{
	(void)state;
	with_set("", check_count);
	with_set("name", check_count);
	with_set("me2", check_count);
	with_set("x", check_count);
}

static bool never(void *context)
{
	(void)context;
	return false;
}

static bool counted(void *context)
{
	++*(uint32_t *)context;
	return true;
}

static struct ctrace_place last_event(void)
{
	struct ctrace_place last = {0, model.lanes[0].count - 1};

	for (uint32_t i = 1; i < LANES; i++) {
		uint32_t index = model.lanes[i].count - 1;

		if (model.lanes[i].start[index] > model.lanes[last.lane].start[last.index]) {
			last = (struct ctrace_place){i, index};
		}
	}
	return last;
}

static void impatience_stops_a_long_search(void **state)
{
	const struct ctrace_patience none = {.go_on = never};
	struct ctrace_name_set set;
	struct ctrace_range range;

	(void)state;
	drop_model();
	for (uint32_t i = 0; i < LANES; i++) {
		ctrace_oracle_lane_init(&plain[i], CTRACE_LANE_SPAN, 100000, NAMES, &dice);
	}
	ctrace_fixture_model(&model, plain, LANES);
	assert_int_equal(ctrace_range_init(&range, &model, NULL, 0, 0, UINT64_MAX, 5, false, &none),
			 CTRACE_END);
	ctrace_range_finish(&range);
	ctrace_name_set_init(&set, &model, "name", 4, NULL);
	uint32_t asked = 0;
	uint64_t position;
	const struct ctrace_patience counting = {.go_on = counted, .context = &asked};
	const struct ctrace_place last = last_event();
	assert_int_equal(ctrace_model_position(&model, &set, last, &counting, &position),
			 CTRACE_OK);
	assert_true(asked > 0);
	assert_int_equal(ctrace_model_position(&model, &set, last, &none, &position), CTRACE_END);
	ctrace_name_set_finish(&set);
}

/* The worst names and text there can be: alike up to the last byte. */
static void impatience_stops_a_slow_comparison_of_names(void **state)
{
	const struct ctrace_patience none = {.go_on = never};
	static char name[4096], text[2048];
	struct ctrace_name_set set;

	(void)state;
	memset(name, 'a', sizeof(name));
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	for (uint32_t i = 0; i < model.name_count; i++) {
		model.names[i] = (struct ctrace_bytes){name, sizeof(name)};
		model.name_counts[i] = 1;
	}
	assert_int_equal(ctrace_name_set_init(&set, &model, text, sizeof(text), &none), CTRACE_END);
	assert_null(set.bits);
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
	drop_model();
	for (uint32_t i = 0; i < LANES; i++) {
		ctrace_oracle_lane_init(&plain[i], CTRACE_LANE_SPAN, 100000, NAMES, &dice);
	}
	ctrace_fixture_model(&model, plain, LANES);
	assert_int_equal(
		ctrace_range_init(&range, &model, NULL, 0, 0, UINT64_MAX, 5, false, &patience),
		CTRACE_OK);
	assert_true(shares.told > 0);
	assert_true(shares.of == range.count);
	ctrace_range_finish(&range);
}

struct expected_range {
	uint64_t count, busy;
	struct ctrace_name_total names[NAMES];
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
		const struct ctrace_oracle_lane *lane = &plain[lanes[k]];

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
	const struct key x = {a->start, a->place.lane, a->place.index};
	const struct key y = {b->start, b->place.lane, b->place.index};
	return compare(&x, &y) < 0;
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
		for (uint32_t i = 0; i < plain[lanes[k]].count; i++) {
			const struct ctrace_oracle_event *event = &plain[lanes[k]].events[i];
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
	assert_int_equal(
		ctrace_range_init(&range, &model, lanes, count, from, to, top, is_by_start, NULL),
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
	static const uint32_t all[LANES] = {0, 1, 2, 3, 4};

	(void)state;
	for (uint32_t i = 0; i < 400; i++) {
		uint64_t from = some_time(), to = some_time();
		uint32_t first = (uint32_t)below(LANES), count = 1 + (uint32_t)below(LANES - first);

		if (from < to) {
			check_range(&all[first], count, from, to);
		}
	}
	check_range(all, LANES, 0, model.duration + 1);
}

static void range_without_lanes_means_all_span_lanes(void **state)
{
	struct ctrace_range range;
	uint64_t events = 0;

	(void)state;
	for (uint32_t i = 0; i < LANES; i++) {
		events += plain[i].count;
	}
	ctrace_range_init(&range, &model, NULL, 0, 0, model.duration + 1, 3, false, NULL);
	assert_true(range.count == events);
	ctrace_range_finish(&range);
}

static void empty_range_has_nothing_in_it(void **state)
{
	struct ctrace_range range;

	(void)state;
	ctrace_range_init(&range, &model, NULL, 0, 5, 5, 3, false, NULL);
	assert_true(range.count == 0 && range.busy == 0);
	ctrace_range_finish(&range);
	ctrace_range_init(&range, &model, NULL, 0, 9, 5, 3, false, NULL);
	assert_true(range.count == 0 && range.busy == 0);
	ctrace_range_finish(&range);
}

static void tiles_longest_is_the_ranges_first(void **state)
{
	static struct ctrace_tile tile;

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		uint32_t lane = (uint32_t)below(LANES);
		uint8_t level = (uint8_t)below(30);

		ctrace_tile_make(&model, lane, level,
				 (uint32_t)(some_time() / CTRACE_TILE_BUCKETS >> level), &tile);
		for (uint32_t k = 0; k < tile.bucket_count; k++) {
			const struct ctrace_tile_bucket *bucket = &tile.buckets[k];
			struct ctrace_range range;
			uint64_t from =
				((uint64_t)tile.number * CTRACE_TILE_BUCKETS + bucket->position)
				<< level;

			if (bucket->count < 2 || tile.real_count > 0) {
				continue;
			}
			ctrace_range_init(&range, &model, &lane, 1, from,
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
		TEST(at_gives_the_event_or_the_nearest),
		TEST(find_gives_the_next_hit_in_order),
		TEST(finding_again_and_again_visits_every_hit),
		TEST(count_is_exact),
		TEST(impatience_stops_a_long_search),
		TEST(impatience_stops_a_slow_comparison_of_names),
		TEST(a_long_range_says_how_far_it_is),
		TEST(ranges_are_exact),
		TEST(range_without_lanes_means_all_span_lanes),
		TEST(empty_range_has_nothing_in_it),
		TEST(tiles_longest_is_the_ranges_first),
	};
#undef TEST

	seed = ctrace_fixture_seed(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
