/* SPDX-License-Identifier: MIT */
/* Exact answers: find, at and count against a walk over all events of all lanes. */

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

static void at_gives_the_event_or_the_nearest(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t lane = (uint32_t)below(CTRACE_RANDOM_LANES);
		uint64_t time = ctrace_random_lanes_time(&made);
		struct ctrace_place place = ctrace_model_at(&made.model, lane, time);
		uint32_t expected = ctrace_oracle_at(&made.plain[lane], time);

		if (expected == CTRACE_NONE) {
			assert_int_equal(place.lane, CTRACE_NONE);
			continue;
		}
		assert_int_equal(place.lane, lane);
		assert_int_equal(place.index, expected);
	}
	assert_int_equal(ctrace_model_at(&made.model, CTRACE_RANDOM_LANES, 0).lane, CTRACE_NONE);
}

/* Order of hits: start, lane, index. */
static struct ctrace_event_key hits[CTRACE_RANDOM_LANES * 400];
static uint32_t hit_count;

static bool is_in(const struct ctrace_name_set *set, uint32_t name)
{
	return set->bits[name / 64] >> (name % 64) & 1;
}

static void collect_hits(const struct ctrace_name_set *set)
{
	hit_count = 0;
	for (uint32_t lane = 0; lane < CTRACE_RANDOM_LANES; lane++) {
		for (uint32_t i = 0; i < made.plain[lane].count; i++) {
			if (is_in(set, made.plain[lane].events[i].name)) {
				hits[hit_count++] = (struct ctrace_event_key){
					made.plain[lane].events[i].start, lane, i};
			}
		}
	}
	qsort(hits, hit_count, sizeof(hits[0]), ctrace_event_key_compare);
}

/* The hit after or before `from`, by looking at all; sets *wrapped. */
static uint32_t expected_hit(struct ctrace_event_key from, int direction, bool *wrapped)
{
	*wrapped = false;
	for (uint32_t i = 0; i < hit_count; i++) {
		if (direction > 0 && ctrace_event_key_compare(&hits[i], &from) > 0) {
			return i;
		}
		if (direction < 0 &&
		    ctrace_event_key_compare(&hits[hit_count - 1 - i], &from) < 0) {
			return hit_count - 1 - i;
		}
	}
	*wrapped = true;
	return direction > 0 ? 0 : hit_count - 1;
}

static struct ctrace_event_key some_key(void)
{
	uint32_t lane = (uint32_t)below(CTRACE_RANDOM_LANES),
		 index = (uint32_t)below(made.plain[lane].count + 1u);

	if (index < made.plain[lane].count && below(3) > 0) {
		return (struct ctrace_event_key){made.plain[lane].events[index].start, lane, index};
	}
	return (struct ctrace_event_key){ctrace_random_lanes_time(&made), lane, index};
}

static void check_find(const struct ctrace_name_set *set, struct ctrace_event_key from,
		       int direction)
{
	struct ctrace_found found;
	uint64_t position;
	bool wrapped;
	enum ctrace_status status = ctrace_model_find(&made.model, set, from.start,
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
	assert_int_equal(ctrace_model_position(&made.model, set, found.place, NULL, &position),
			 CTRACE_OK);
	assert_int_equal(position, expected + 1);
}

static void with_set(const char *text, void (*check)(const struct ctrace_name_set *set))
{
	struct ctrace_name_set set;

	assert_int_equal(ctrace_name_set_init(&set, &made.model, text, strlen(text), NULL),
			 CTRACE_OK);
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
		assert_int_equal(ctrace_model_find(&made.model, set, from, place, 1, NULL, &found),
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
	assert_int_equal(ctrace_model_count(&made.model, set), hit_count);
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
	struct ctrace_place last = {0, made.model.lanes[0].count - 1};

	for (uint32_t i = 1; i < CTRACE_RANDOM_LANES; i++) {
		uint32_t index = made.model.lanes[i].count - 1;

		if (made.model.lanes[i].start[index] >
		    made.model.lanes[last.lane].start[last.index]) {
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
	ctrace_random_lanes_lengthen(&made);
	assert_int_equal(
		ctrace_range_init(&range, &made.model, NULL, 0, 0, UINT64_MAX, 5, false, &none),
		CTRACE_END);
	ctrace_range_finish(&range);
	ctrace_name_set_init(&set, &made.model, "name", 4, NULL);
	uint32_t asked = 0;
	uint64_t position;
	const struct ctrace_patience counting = {.go_on = counted, .context = &asked};
	const struct ctrace_place last = last_event();
	assert_int_equal(ctrace_model_position(&made.model, &set, last, &counting, &position),
			 CTRACE_OK);
	assert_true(asked > 0);
	assert_int_equal(ctrace_model_position(&made.model, &set, last, &none, &position),
			 CTRACE_END);
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
	for (uint32_t i = 0; i < made.model.name_count; i++) {
		made.model.names[i] = (struct ctrace_bytes){name, sizeof(name)};
		made.model.name_counts[i] = 1;
	}
	assert_int_equal(ctrace_name_set_init(&set, &made.model, text, sizeof(text), &none),
			 CTRACE_END);
	assert_null(set.bits);
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
	};
#undef TEST

	seed = ctrace_fixture_seed(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
