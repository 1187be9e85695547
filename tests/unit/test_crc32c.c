/* SPDX-License-Identifier: MIT */
/* CRC-32C by instruction and by table. */

#include "tests/unit/unit.h"

#include "format/crc32c.h"
#include "tests/unit/memory_trace.h"

static uint64_t random_state;

static void the_check_value_is_that_of_the_spec(void **state)
{
	(void)state;
	assert_int_equal(ctrace_crc32c("123456789", 9), 0xe3069283);
	assert_int_equal(ctrace_crc32c_by_table("123456789", 9), 0xe3069283);
	assert_int_equal(ctrace_crc32c("", 0), 0);
}

static void vectors_of_rfc_3720_hold(void **state)
{
	(void)state;
	uint8_t bytes[32] = {0};

	assert_int_equal(ctrace_crc32c(bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(ctrace_crc32c(bytes, 32), 0x62a8ab43);
	for (unsigned i = 0; i < 32; i++) {
		bytes[i] = (uint8_t)i;
	}
	assert_int_equal(ctrace_crc32c(bytes, 32), 0x46dd794e);
}

static void instruction_and_table_agree_at_any_size_and_alignment(void **state)
{
	(void)state;
	uint8_t bytes[700];

	for (unsigned i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)ctrace_random(&random_state);
	}
	for (unsigned i = 0; i < 5000; i++) {
		size_t start = ctrace_random_below(&random_state, 64);
		size_t size = ctrace_random_below(&random_state, sizeof(bytes) - start);
		assert_int_equal(ctrace_crc32c(bytes + start, size),
				 ctrace_crc32c_by_table(bytes + start, size));
	}
}

static void every_flipped_bit_changes_the_sum(void **state)
{
	(void)state;
	uint8_t bytes[256] = {1, 2, 3};
	uint32_t sum = ctrace_crc32c(bytes, sizeof(bytes));

	for (unsigned bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(ctrace_crc32c(bytes, sizeof(bytes)), sum);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_check_value_is_that_of_the_spec),
		cmocka_unit_test(vectors_of_rfc_3720_hold),
		cmocka_unit_test(instruction_and_table_agree_at_any_size_and_alignment),
		cmocka_unit_test(every_flipped_bit_changes_the_sum),
	};

	random_state = ctrace_test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
