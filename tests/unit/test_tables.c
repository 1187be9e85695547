/* SPDX-License-Identifier: MIT */
/* Tables of numbers that a trace brings: made for it, many could meet in one place and each search
 * go through all of them. Where they do, this does not end in its time. */

#include "format/map.h"
#include "viewer-server/model/memory/heap_blocks.h"
#include "viewer-server/model/memory/live_blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT 300000u
/* Times 0x9e3779b97f4a7c15 it is 1. */
#define INVERSE UINT64_C(0xf1de83e19937733d)

/* By a factor that is known these differ in their lowest bits alone. */
static void numbers_that_meet_under_a_known_factor_are_found(void **state)
{
	struct ctrace_map map = {0};

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_true(ctrace_map_put(&map, i * INVERSE, i));
	}
	assert_int_equal(map.count, COUNT);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(ctrace_map_get(&map, i * INVERSE), i);
	}
	ctrace_map_finish(&map);
}

static void blocks_whose_names_cancel_out_are_found(void **state)
{
	struct ctrace_heap_blocks blocks = {.count = 0};
	struct ctrace_heap_block block = {.size = 1}, taken;

	(void)state;
	for (uint64_t i = 1; i <= COUNT; i++) {
		block.pool = i;
		block.address = i * UINT64_C(0x9e3779b97f4a7c15) ^ 0x5000;
		assert_true(ctrace_heap_blocks_add(&blocks, &block));
	}
	for (uint64_t i = 1; i <= COUNT; i++) {
		block.pool = i;
		block.address = i * UINT64_C(0x9e3779b97f4a7c15) ^ 0x5000;
		assert_true(ctrace_heap_blocks_take(&blocks, &block, &taken));
		assert_int_equal(taken.pool, i);
	}
	assert_int_equal(blocks.count, 0);
	ctrace_heap_blocks_finish(&blocks);
}

static void owners_that_cancel_out_addresses_are_found(void **state)
{
	struct ctrace_live_blocks blocks = {.count = 0};
	struct ctrace_live_block former;
	bool is_failed = false;

	(void)state;
	for (uint32_t i = 1; i <= COUNT; i++) {
		const struct ctrace_live_block block = {
			.address = (uint64_t)i << 40 ^ 0x5000, .bytes = i, .owner = i};

		assert_false(ctrace_live_blocks_put(&blocks, &block, &former, &is_failed));
	}
	assert_false(is_failed);
	for (uint32_t i = 1; i <= COUNT; i++) {
		assert_true(
			ctrace_live_blocks_take(&blocks, i, (uint64_t)i << 40 ^ 0x5000, &former));
		assert_int_equal(former.bytes, i);
	}
	ctrace_live_blocks_finish(&blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_that_meet_under_a_known_factor_are_found),
		cmocka_unit_test(blocks_whose_names_cancel_out_are_found),
		cmocka_unit_test(owners_that_cancel_out_addresses_are_found),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
