/* SPDX-License-Identifier: MIT */
/* Numbers as bytes (SPEC 2). */

#include "tests/unit/unit.h"

#include "format/wire.h"
#include "tests/unit/memory_trace.h"

static uint64_t random_state;

static uint64_t random_of_any_length(void)
{
	uint64_t bits = ctrace_random_below(&random_state, 65);

	return bits == 0 ? 0 : ctrace_random(&random_state) >> (64 - bits);
}

static uint64_t decode(const uint8_t *bytes, size_t size, enum ctrace_wire_fault *fault)
{
	struct ctrace_wire wire = ctrace_wire_over(bytes, size);
	uint64_t value = ctrace_wire_varint(&wire);

	*fault = wire.fault;
	return value;
}

static void varints_come_back_and_are_shortest(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t bytes[CTRACE_VARINT_ROOM], plain[CTRACE_VARINT_ROOM];
		uint64_t value = i < 300 ? i : random_of_any_length();
		enum ctrace_wire_fault fault;
		size_t size = (size_t)(ctrace_put_varint(bytes, value) - bytes);

		assert_int_equal(size, ctrace_put_varint_long(plain, value) - plain);
		assert_memory_equal(bytes, plain, size);
		assert_int_equal(size, ctrace_varint_size(value));
		assert_int_equal(decode(bytes, size, &fault), value);
		assert_int_equal(fault, CTRACE_WIRE_GOOD);
		const uint8_t *end = ctrace_get_varint_8(bytes, &value);
		assert_ptr_equal(end, size <= 8 ? bytes + size : NULL);
		assert_true(size > 8 || ctrace_varint_size(value) == size);
	}
}

static void the_fast_reading_agrees_with_the_careful_one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t bytes[16];
		uint64_t fast = 0, word = ctrace_random(&random_state);
		enum ctrace_wire_fault fault;

		memset(bytes, 0xff, sizeof(bytes));
		word &= i % 2 == 0 ? UINT64_MAX
				   : ctrace_random(&random_state) & ctrace_random(&random_state);
		memcpy(bytes, &word, sizeof(word));
		const uint8_t *end = ctrace_get_varint_8(bytes, &fast);
		uint64_t careful = decode(bytes, 8, &fault);
		assert_true((end != NULL) == (fault == CTRACE_WIRE_GOOD));
		assert_true(end == NULL || fast == careful);
		assert_true(end == NULL || (size_t)(end - bytes) == ctrace_varint_size(careful));
	}
}

static void powers_of_128_have_the_length_of_the_spec(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 64; bits++) {
		assert_int_equal(ctrace_varint_size(UINT64_C(1) << bits), bits / 7 + 1);
	}
	assert_int_equal(ctrace_varint_size(UINT64_MAX), 10);
	assert_int_equal(ctrace_varint_size(0), 1);
}

static void a_varint_in_a_longer_form_is_refused(void **state)
{
	(void)state;
	static const uint8_t forms[][3] = {{0x80, 0x00}, {0xff, 0x00}, {0x81, 0x80, 0x00}};
	static const size_t sizes[] = {2, 2, 3};
	enum ctrace_wire_fault fault;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(decode(forms[i], sizes[i], &fault), 0);
		assert_int_equal(fault, CTRACE_WIRE_LONG_FORM);
	}
}

static void a_varint_past_64_bits_is_refused(void **state)
{
	(void)state;
	uint8_t bytes[12];
	enum ctrace_wire_fault fault;

	memset(bytes, 0xff, sizeof(bytes));
	bytes[9] = 0x01;
	assert_int_equal(decode(bytes, 10, &fault), UINT64_MAX);
	assert_int_equal(fault, CTRACE_WIRE_GOOD);
	bytes[9] = 0x02;
	decode(bytes, 10, &fault);
	assert_int_equal(fault, CTRACE_WIRE_TOO_BIG);
	bytes[9] = 0x81;
	bytes[10] = 0x01;
	decode(bytes, 11, &fault);
	assert_int_equal(fault, CTRACE_WIRE_TOO_BIG);
}

static void a_fault_sticks_and_reads_nothing_more(void **state)
{
	(void)state;
	static const uint8_t bytes[] = {0x80, 0x00, 7, 7, 7, 7, 7, 7, 7, 7};
	struct ctrace_wire wire = ctrace_wire_over(bytes, sizeof(bytes));
	uint64_t size;

	ctrace_wire_varint(&wire);
	assert_int_equal(ctrace_wire_u8(&wire), 0);
	assert_int_equal(ctrace_wire_u64(&wire), 0);
	assert_null(ctrace_wire_bytes(&wire, &size));
	assert_ptr_equal(wire.at, bytes);
	assert_int_equal(wire.fault, CTRACE_WIRE_LONG_FORM);
}

static void every_cut_of_a_value_is_found_short(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t bytes[CTRACE_VARINT_ROOM];
		size_t size = (size_t)(ctrace_put_varint(bytes, random_of_any_length()) - bytes);
		enum ctrace_wire_fault fault;

		decode(bytes, size - 1, &fault);
		assert_int_equal(fault, CTRACE_WIRE_SHORT);
	}
}

static void a_fixed_number_cut_by_a_byte_is_short(void **state)
{
	(void)state;
	static const uint8_t bytes[8] = {1, 1, 1, 1, 1, 1, 1, 1};

	for (unsigned size = 1; size <= 8; size++) {
		struct ctrace_wire wire = ctrace_wire_over(bytes, size - 1);

		assert_int_equal(ctrace_wire_le(&wire, size), 0);
		assert_int_equal(wire.fault, CTRACE_WIRE_SHORT);
		assert_ptr_equal(wire.at, bytes);
	}
}

static void lengths_near_2_to_64_do_not_wrap_around(void **state)
{
	(void)state;
	uint8_t bytes[16] = {0};
	uint64_t size;

	ctrace_put_varint(bytes, UINT64_MAX);
	struct ctrace_wire wire = ctrace_wire_over(bytes, sizeof(bytes));
	assert_null(ctrace_wire_bytes(&wire, &size));
	assert_int_equal(wire.fault, CTRACE_WIRE_SHORT);
	wire = ctrace_wire_over(bytes, sizeof(bytes));
	struct ctrace_wire row = ctrace_wire_row(&wire);
	assert_int_equal(row.fault, CTRACE_WIRE_SHORT);
}

static void zigzag_keeps_small_numbers_small_and_all_numbers_whole(void **state)
{
	(void)state;
	assert_int_equal(ctrace_zigzag_encode(0), 0);
	assert_int_equal(ctrace_zigzag_encode(-1), 1);
	assert_int_equal(ctrace_zigzag_encode(1), 2);
	assert_true(ctrace_zigzag_decode(ctrace_zigzag_encode(INT64_MIN)) == INT64_MIN);
	assert_true(ctrace_zigzag_decode(ctrace_zigzag_encode(INT64_MAX)) == INT64_MAX);
	for (unsigned i = 0; i < 10000; i++) {
		int64_t value = (int64_t)random_of_any_length();
		assert_true(ctrace_zigzag_decode(ctrace_zigzag_encode(value)) == value);
		assert_true(ctrace_zigzag_decode(ctrace_zigzag_encode(-value)) == -value);
	}
}

static void fixed_numbers_are_little_endian(void **state)
{
	(void)state;
	static const uint8_t expected[] = {8, 7, 6, 5, 4, 3, 2, 1};
	uint8_t bytes[8];

	ctrace_put_le(bytes, UINT64_C(0x0102030405060708), 8);
	assert_memory_equal(bytes, expected, 8);
	ctrace_put_u64(bytes, UINT64_C(0x0102030405060708));
	assert_memory_equal(bytes, expected, 8);
	struct ctrace_wire wire = ctrace_wire_over(bytes, 8);
	assert_int_equal(ctrace_wire_u16(&wire), 0x0708);
	assert_int_equal(ctrace_wire_u32(&wire), 0x03040506);
	assert_int_equal(ctrace_wire_u8(&wire), 2);
	assert_int_equal(ctrace_wire_left(&wire), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(varints_come_back_and_are_shortest),
		cmocka_unit_test(the_fast_reading_agrees_with_the_careful_one),
		cmocka_unit_test(powers_of_128_have_the_length_of_the_spec),
		cmocka_unit_test(a_varint_in_a_longer_form_is_refused),
		cmocka_unit_test(a_varint_past_64_bits_is_refused),
		cmocka_unit_test(a_fault_sticks_and_reads_nothing_more),
		cmocka_unit_test(every_cut_of_a_value_is_found_short),
		cmocka_unit_test(a_fixed_number_cut_by_a_byte_is_short),
		cmocka_unit_test(lengths_near_2_to_64_do_not_wrap_around),
		cmocka_unit_test(zigzag_keeps_small_numbers_small_and_all_numbers_whole),
		cmocka_unit_test(fixed_numbers_are_little_endian),
	};

	random_state = ctrace_test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
