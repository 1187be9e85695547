/* SPDX-License-Identifier: MIT */
/* Tiles as bytes: every column where API.md says, rounding as it says, never past the stated size.
 */

#include "viewer-server/serve/encode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ctrace_tile tile;
static uint8_t bytes[CTRACE_TILE_BYTES_MAX];

static uint64_t get(size_t at, unsigned size)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < size; i++) {
		value |= (uint64_t)bytes[at + i] << (8 * i);
	}
	return value;
}

static double get_f64(size_t at)
{
	uint64_t bits = get(at, 8);
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

static size_t align(size_t at)
{
	return (at + 7) / 8 * 8;
}

static void start_tile(enum ctrace_tile_kind kind, uint8_t level)
{
	tile = (struct ctrace_tile){.lane = 7, .number = 9, .level = level, .kind = kind};
	memset(bytes, 0xee, sizeof(bytes));
}

static void empty_tile_is_a_header(void **state)
{
	(void)state;
	start_tile(CTRACE_TILE_SPANS, 3);
	assert_int_equal(ctrace_encode_tile(&tile, bytes), 32);
	assert_int_equal(get(0, 4), 7);
	assert_int_equal(get(4, 4), 9);
	assert_int_equal(get(8, 1), 3);
	assert_int_equal(get(9, 1), CTRACE_TILE_SPANS);
	assert_int_equal(get(10, 2), 0);
	assert_int_equal(get(12, 4), 32);
	assert_int_equal(get(16, 4) + get(20, 4) + get(24, 8), 0);
}

static void real_spans_stand_in_columns(void **state)
{
	(void)state;
	start_tile(CTRACE_TILE_SPANS, 0);
	tile.real_count = 3;
	for (uint32_t i = 0; i < 3; i++) {
		tile.real[i] = (struct ctrace_tile_real){1000 + i, 10 + i, 20 + i, 30 + i,
							 (uint16_t)(i == 1 ? 2 : 1)};
	}
	size_t size = ctrace_encode_tile(&tile, bytes);
	assert_int_equal(get(16, 4), 3);
	assert_true(get_f64(32) == 1000 && get_f64(48) == 1002);
	assert_true(get_f64(56) == 10 && get_f64(64) == -1 && get_f64(72) == 12);
	assert_int_equal(get(80, 4), 20);
	assert_int_equal(get(80 + 16, 4), 30);
	assert_int_equal(get(96 + 16 + 2, 2), 2);
	assert_int_equal(size, align(96 + 16 + 6));
}

static void bucket_columns_are_aligned_and_padded_with_zero(void **state)
{
	(void)state;
	start_tile(CTRACE_TILE_SPANS, 10);
	tile.bucket_count = 3;
	for (uint32_t i = 0; i < 3; i++) {
		tile.buckets[i] = (struct ctrace_tile_bucket){.position = (uint16_t)(100 + i),
							      .busy = 512,
							      .count = 5 + i,
							      .longest = 50 + i,
							      .longest_index = 60 + i,
							      .longest_name = 70 + i};
	}
	size_t size = ctrace_encode_tile(&tile, bytes);
	assert_int_equal(get(20, 4), 3);
	assert_int_equal(get(32 + 4, 2), 102);
	assert_int_equal(get(32 + 6, 2), 0);
	assert_int_equal(get(40, 2), 32768);
	assert_int_equal(get(48 + 8, 4), 7);
	assert_int_equal(get(48 + 12, 4), 0);
	assert_int_equal(get(64 + 8, 4), 52);
	assert_int_equal(get(80 + 8, 4), 62);
	assert_int_equal(get(96 + 8, 4), 72);
	assert_int_equal(size, 112);
	assert_int_equal(get(12, 4), size);
}

static void coverage_shows_what_is_there_and_what_is_missing(void **state)
{
	(void)state;
	static const struct {
		uint8_t level;
		uint64_t busy;
		uint16_t coverage;
	} rows[] = {
		{0, 0, 0},
		{0, 1, 65535},
		{1, 1, 32768},
		{20, 1, 1},
		{20, (1 << 20) - 1, 65534},
		{20, 1 << 20, 65535},
		{50, 1, 1},
		{50, (UINT64_C(1) << 50) - 1, 65534},
		{50, UINT64_C(1) << 49, 32768},
		{50, UINT64_C(1) << 50, 65535},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start_tile(CTRACE_TILE_SPANS, rows[i].level);
		tile.bucket_count = 1;
		tile.buckets[0].busy = rows[i].busy;
		ctrace_encode_tile(&tile, bytes);
		assert_int_equal(get(40, 2), rows[i].coverage);
	}
}

static void dense_tile_leaves_out_positions(void **state)
{
	(void)state;
	start_tile(CTRACE_TILE_SPANS, 4);
	tile.bucket_count = CTRACE_TILE_BUCKETS;
	assert_int_equal(ctrace_encode_tile(&tile, bytes), 32 + 512 * 18);
	assert_int_equal(get(10, 2), 1);
	tile.bucket_count--;
	assert_int_equal(ctrace_encode_tile(&tile, bytes),
			 32 + 2 * align(511 * 2) + 4 * align(511 * 4));
	assert_int_equal(get(10, 2), 0);
}

static void long_spans_come_in_units_of_1024_rounded_up(void **state)
{
	(void)state;
	start_tile(CTRACE_TILE_SPANS, 40);
	tile.bucket_count = 2;
	tile.buckets[0].longest = UINT32_MAX;
	tile.buckets[1].longest = UINT32_MAX;
	ctrace_encode_tile(&tile, bytes);
	assert_int_equal(get(10, 2), 0);
	assert_int_equal(get(56, 4), UINT32_MAX);
	tile.buckets[1].longest = UINT64_C(0x100000001);
	ctrace_encode_tile(&tile, bytes);
	assert_int_equal(get(10, 2), 2);
	assert_int_equal(get(56, 4), 0x400000);
	assert_int_equal(get(60, 4), 0x400001);
}

static void instants_carry_first_time_and_kind(void **state)
{
	(void)state;
	start_tile(CTRACE_TILE_INSTANTS, 4);
	tile.bucket_count = 1;
	tile.buckets[0] = (struct ctrace_tile_bucket){.position = 3,
						      .count = 4,
						      .longest_index = 5,
						      .longest_name = 6,
						      .first_time = 123456789,
						      .flags = 2};
	assert_int_equal(ctrace_encode_tile(&tile, bytes), 32 + 6 * 8);
	assert_int_equal(get(16, 4), 0);
	assert_true(get_f64(32) == 123456789);
	assert_int_equal(get(40, 2), 3);
	assert_int_equal(get(48, 2), 2);
	assert_int_equal(get(56, 4), 4);
	assert_int_equal(get(64, 4), 5);
	assert_int_equal(get(72, 4), 6);
}

static void counters_carry_the_value_before(void **state)
{
	(void)state;
	start_tile(CTRACE_TILE_COUNTER, 4);
	tile.before = NAN;
	tile.bucket_count = 1;
	tile.buckets[0] = (struct ctrace_tile_bucket){.position = 3,
						      .min = 1,
						      .max = 2,
						      .first = 1.5,
						      .last = 1.25,
						      .mean = 1.75,
						      .count = 9};
	assert_int_equal(ctrace_encode_tile(&tile, bytes), 32 + 8 + 7 * 8);
	assert_true(isnan(get_f64(32)));
	assert_true(get_f64(40) == 1 && get_f64(48) == 2 && get_f64(56) == 1.5);
	assert_true(get_f64(64) == 1.25 && get_f64(72) == 1.75);
	assert_int_equal(get(80, 2), 3);
	assert_int_equal(get(88, 4), 9);
}

static void fullest_tiles_fit_the_stated_size(void **state)
{
	(void)state;
	for (enum ctrace_tile_kind kind = CTRACE_TILE_SPANS; kind <= CTRACE_TILE_COUNTER; kind++) {
		for (uint32_t buckets = CTRACE_TILE_BUCKETS - 1; buckets <= CTRACE_TILE_BUCKETS;
		     buckets++) {
			start_tile(kind, 10);
			tile.real_count = CTRACE_TILE_REAL_MAX;
			tile.bucket_count = buckets;
			size_t size = ctrace_encode_tile(&tile, bytes);
			assert_in_range(size, 32, CTRACE_TILE_BYTES_MAX);
			assert_int_equal(size % 8, 0);
		}
	}
}

static void message_header_is_32_bytes(void **state)
{
	(void)state;
	struct ctrace_tiles_header header = {100, 0x80000001, 3, 4};
	memset(bytes, 0xee, sizeof(bytes));
	ctrace_encode_tiles_header(&header, bytes);
	assert_int_equal(get(0, 4), 0x01015443);
	assert_int_equal(get(4, 4), 100);
	assert_int_equal(get(8, 4), 0x80000001);
	assert_int_equal(get(12, 4), 3);
	assert_int_equal(get(16, 4), 4);
	assert_int_equal(get(20, 8) + get(28, 4), 0);
	assert_int_equal(bytes[32], 0xee);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tile_is_a_header),
		cmocka_unit_test(real_spans_stand_in_columns),
		cmocka_unit_test(bucket_columns_are_aligned_and_padded_with_zero),
		cmocka_unit_test(coverage_shows_what_is_there_and_what_is_missing),
		cmocka_unit_test(dense_tile_leaves_out_positions),
		cmocka_unit_test(long_spans_come_in_units_of_1024_rounded_up),
		cmocka_unit_test(instants_carry_first_time_and_kind),
		cmocka_unit_test(counters_carry_the_value_before),
		cmocka_unit_test(fullest_tiles_fit_the_stated_size),
		cmocka_unit_test(message_header_is_32_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
