/* SPDX-License-Identifier: MIT */
/* Tiles are what a walk over all events gives, at every level, from columns and from the pyramid.
 */

#include "tests/unit/lane_fixture.h"
#include "tests/unit/trace_maker.h"
#include "viewer-server/model/lanes/pyramid.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t seed;
static struct ctrace_tile tile, expected;

static void assert_real(const struct ctrace_tile_real *a, const struct ctrace_tile_real *b)
{
	assert_true(a->start == b->start);
	assert_true(a->duration == b->duration);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->name, b->name);
	assert_int_equal(a->flags, b->flags);
}

static void assert_bucket(const struct ctrace_tile_bucket *a, const struct ctrace_tile_bucket *b)
{
	assert_int_equal(a->position, b->position);
	assert_true(a->busy == b->busy);
	assert_int_equal(a->count, b->count);
	assert_true(a->longest == b->longest);
	assert_int_equal(a->longest_index, b->longest_index);
	assert_int_equal(a->longest_name, b->longest_name);
	assert_true(a->first_time == b->first_time);
	assert_int_equal(a->flags, b->flags);
}

static void assert_near(double a, double b, double scale)
{
	assert_true(fabs(a - b) <= 1e-9 * (1 + fabs(scale)));
}

static void assert_samples(const struct ctrace_tile_bucket *a, const struct ctrace_tile_bucket *b)
{
	assert_int_equal(a->position, b->position);
	assert_int_equal(a->count, b->count);
	assert_true(a->min == b->min && a->max == b->max);
	assert_true(a->first == b->first && a->last == b->last);
	/* The mean is a difference of sums over the whole lane: exact to what doubles hold. */
	assert_near(a->mean, b->mean, 1e12);
}

static void assert_tile(void)
{
	assert_int_equal(tile.kind, expected.kind);
	assert_int_equal(tile.real_count, expected.real_count);
	assert_int_equal(tile.bucket_count, expected.bucket_count);
	assert_true(tile.before == expected.before ||
		    (isnan(tile.before) && isnan(expected.before)));
	for (uint32_t i = 0; i < tile.real_count; i++) {
		assert_real(&tile.real[i], &expected.real[i]);
	}
	for (uint32_t i = 0; i < tile.bucket_count; i++) {
		if (tile.kind == CTRACE_TILE_COUNTER) {
			assert_samples(&tile.buckets[i], &expected.buckets[i]);
		} else {
			assert_bucket(&tile.buckets[i], &expected.buckets[i]);
		}
	}
}

static void check_tile(const struct ctrace_model *model, const struct ctrace_oracle_lane *plain,
		       uint8_t level, uint32_t number)
{
	assert_int_equal(ctrace_tile_make(model, 0, level, number, &tile), CTRACE_OK);
	ctrace_oracle_tile(plain, model->duration, level, number, &expected);
	assert_tile();
}

static uint64_t number_at(uint64_t time, uint8_t level)
{
	return time / CTRACE_TILE_BUCKETS >> level;
}

/* Every tile in which an event starts, and the one behind it. */
static void check_level(const struct ctrace_model *model, const struct ctrace_oracle_lane *plain,
			uint8_t level)
{
	uint64_t done = 0;

	for (uint32_t i = 0; i < plain->count; i++) {
		uint64_t number = number_at(plain->events[i].start, level);

		if (number > UINT32_MAX - 1) {
			return;
		}
		while (done <= number + 1) {
			done = done < number ? number : done;
			check_tile(model, plain, level, (uint32_t)done++);
		}
	}
}

static void check_every_tile(enum ctrace_lane_kind kind, uint32_t count, uint64_t *random)
{
	struct ctrace_oracle_lane plain;
	struct ctrace_model model;

	ctrace_oracle_lane_init(&plain, kind, count, 40, random);
	ctrace_fixture_model(&model, &plain, 1);
	for (uint8_t level = 0; level <= CTRACE_TILE_LEVEL_MAX; level++) {
		check_level(&model, &plain, level);
	}
	ctrace_fixture_finish(&model);
	ctrace_oracle_lane_finish(&plain);
}

static void check_kind(enum ctrace_lane_kind kind)
{
	static const uint32_t sizes[] = {0, 1, 2, 10, 100, 300};
	uint64_t random = seed;

	for (uint32_t again = 0; again < 2; again++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			check_every_tile(kind, sizes[i], &random);
		}
	}
}

static void span_tiles_are_exact_at_every_level(void **state)
{
	(void)state;
	check_kind(CTRACE_LANE_SPAN);
}

static void instant_tiles_are_exact_at_every_level(void **state)
{
	(void)state;
	check_kind(CTRACE_LANE_INSTANT);
}

static void counter_tiles_are_exact_at_every_level(void **state)
{
	(void)state;
	check_kind(CTRACE_LANE_COUNTER);
}

static void check_some_tiles(const struct ctrace_model *model,
			     const struct ctrace_oracle_lane *plain, uint64_t *random)
{
	for (uint8_t level = 0; level <= CTRACE_TILE_LEVEL_MAX; level++) {
		for (uint32_t i = 0; i < 2; i++) {
			uint64_t time =
				plain->events[ctrace_random_below(random, plain->count)].start;

			check_tile(model, plain, level, (uint32_t)number_at(time, level));
		}
	}
}

static void large_lanes_are_exact(void **state)
{
	static const enum ctrace_lane_kind kinds[] = {CTRACE_LANE_SPAN, CTRACE_LANE_INSTANT,
						      CTRACE_LANE_COUNTER};
	uint64_t random = seed;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct ctrace_oracle_lane plain;
		struct ctrace_model model;

		/* The oracle's means cost events times buckets. */
		uint32_t count = kinds[i % 3] == CTRACE_LANE_COUNTER ? 3000 : 80000;

		ctrace_oracle_lane_init(&plain, kinds[i % 3], count, 200, &random);
		ctrace_fixture_model(&model, &plain, 1);
		check_some_tiles(&model, &plain, &random);
		ctrace_fixture_finish(&model);
		ctrace_oracle_lane_finish(&plain);
	}
}

static void pyramid_gives_what_events_give(void **state)
{
	uint64_t random = seed;
	struct ctrace_oracle_lane plain;
	struct ctrace_model model;
	struct ctrace_pyramid *pyramid;

	(void)state;
	ctrace_oracle_lane_init(&plain, CTRACE_LANE_SPAN, 1000000, 200, &random);
	ctrace_fixture_model(&model, &plain, 1);
	pyramid = model.lanes[0].pyramid;
	assert_non_null(pyramid);
	for (uint8_t level = pyramid->bottom; level <= pyramid->top; level++) {
		for (uint32_t number = 0; number <= number_at(model.duration, level); number++) {
			model.lanes[0].pyramid = pyramid;
			ctrace_tile_make(&model, 0, level, number, &tile);
			model.lanes[0].pyramid = NULL;
			ctrace_tile_make(&model, 0, level, number, &expected);
			assert_tile();
		}
	}
	model.lanes[0].pyramid = pyramid;
	ctrace_fixture_finish(&model);
	ctrace_oracle_lane_finish(&plain);
}

struct sums {
	uint64_t events, busy;
};

static void add_tile(struct sums *sums)
{
	for (uint32_t i = 0; i < tile.real_count; i++) {
		if (!(tile.real[i].flags & CTRACE_REAL_CONTINUES)) {
			sums->events++;
			sums->busy += tile.real[i].duration;
		}
	}
	for (uint32_t i = 0; i < tile.bucket_count; i++) {
		sums->events += tile.buckets[i].count;
		sums->busy += tile.buckets[i].busy;
	}
}

static void every_event_is_in_exactly_one_place(void **state)
{
	uint64_t random = seed;

	(void)state;
	for (uint32_t again = 0; again < 3; again++) {
		struct ctrace_oracle_lane plain;
		struct ctrace_model model;

		ctrace_oracle_lane_init(&plain, CTRACE_LANE_SPAN, 80000, 40, &random);
		ctrace_fixture_model(&model, &plain, 1);
		uint64_t all = ctrace_oracle_busy(&plain, 0, UINT64_MAX);
		for (uint8_t level = 0; level <= CTRACE_TILE_LEVEL_MAX; level++) {
			struct sums sums = {0};

			if (number_at(model.duration, level) > 3000) {
				continue;
			}
			for (uint32_t number = 0; number <= number_at(model.duration, level);
			     number++) {
				ctrace_tile_make(&model, 0, level, number, &tile);
				add_tile(&sums);
			}
			assert_true(sums.events == plain.count && sums.busy == all);
		}
		ctrace_fixture_finish(&model);
		ctrace_oracle_lane_finish(&plain);
	}
}

static void tile_beyond_the_trace_is_empty(void **state)
{
	uint64_t random = seed;
	struct ctrace_oracle_lane plain;
	struct ctrace_model model;

	(void)state;
	ctrace_oracle_lane_init(&plain, CTRACE_LANE_SPAN, 100, 40, &random);
	ctrace_fixture_model(&model, &plain, 1);
	for (uint8_t level = 0; level <= CTRACE_TILE_LEVEL_MAX; level++) {
		assert_int_equal(ctrace_tile_make(&model, 0, level, UINT32_MAX, &tile), CTRACE_OK);
		assert_int_equal(tile.real_count + tile.bucket_count, 0);
	}
	ctrace_fixture_finish(&model);
	ctrace_oracle_lane_finish(&plain);
}

static void lane_or_level_that_is_not_there_is_refused(void **state)
{
	uint64_t random = seed;
	struct ctrace_oracle_lane plain;
	struct ctrace_model model;

	(void)state;
	ctrace_oracle_lane_init(&plain, CTRACE_LANE_SPAN, 100, 40, &random);
	ctrace_fixture_model(&model, &plain, 1);
	assert_int_equal(ctrace_tile_make(&model, 1, 0, 0, &tile), CTRACE_ERR_USAGE);
	assert_int_equal(ctrace_tile_make(&model, CTRACE_NONE, 0, 0, &tile), CTRACE_ERR_USAGE);
	assert_int_equal(ctrace_tile_make(&model, 0, CTRACE_TILE_LEVEL_MAX + 1, 0, &tile),
			 CTRACE_ERR_USAGE);
	ctrace_fixture_finish(&model);
	ctrace_oracle_lane_finish(&plain);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(span_tiles_are_exact_at_every_level),
		cmocka_unit_test(instant_tiles_are_exact_at_every_level),
		cmocka_unit_test(counter_tiles_are_exact_at_every_level),
		cmocka_unit_test(large_lanes_are_exact),
		cmocka_unit_test(pyramid_gives_what_events_give),
		cmocka_unit_test(every_event_is_in_exactly_one_place),
		cmocka_unit_test(tile_beyond_the_trace_is_empty),
		cmocka_unit_test(lane_or_level_that_is_not_there_is_refused),
	};

	seed = ctrace_fixture_seed(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
