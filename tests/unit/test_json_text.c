/* SPDX-License-Identifier: MIT */
/* Numbers and strings as JSON: exact numbers, and valid JSON whatever bytes a name holds. */

#include "viewer-server/export/json_text.h"

#include "tests/unit/trace_maker.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
/* clang-format on */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX 200u

static uint64_t seed;

static const char *finished(char *text, char *end)
{
	*end = '\0';
	return text;
}

/* A number of any size: few bits are as likely as many. */
static uint64_t any_u64(uint64_t *random)
{
	uint64_t bits = ctrace_random_below(random, 65);

	return bits == 0 ? 0 : ctrace_random(random) >> (64 - bits);
}

static void every_u64_is_written_exactly(void **state)
{
	uint64_t random = seed;
	char got[128], expected[64];

	(void)state;
	for (int i = 0; i < 300000; i++) {
		uint64_t value = any_u64(&random);
		snprintf(expected, sizeof(expected), "%" PRIu64, value);
		assert_string_equal(finished(got, ctrace_json_digits_of(got, value)), expected);
	}
}

static void powers_of_ten_have_the_right_number_of_digits(void **state)
{
	char got[128], expected[64];
	uint64_t power = 1;

	(void)state;
	for (int i = 0; i < 20; i++, power *= 10) {
		for (uint64_t value = power - 1; value <= power + 1; value++) {
			snprintf(expected, sizeof(expected), "%" PRIu64, value);
			assert_string_equal(finished(got, ctrace_json_digits_of(got, value)),
					    expected);
		}
	}
	assert_string_equal(finished(got, ctrace_json_digits_of(got, UINT64_MAX)),
			    "18446744073709551615");
}

static void nanoseconds_come_back_exactly_from_microseconds(void **state)
{
	uint64_t random = seed;
	char got[128];

	(void)state;
	for (int i = 0; i < 300000; i++) {
		uint64_t ns = any_u64(&random), us, rest;
		int used = 0;
		finished(got, ctrace_json_micros(got, ns));
		assert_int_equal(sscanf(got, "%" SCNu64 ".%3" SCNu64 "%n", &us, &rest, &used), 2);
		assert_int_equal(used, (int)strlen(got));
		assert_int_equal(strlen(strchr(got, '.')), 4);
		assert_true(us * 1000 + rest == ns);
	}
}

static void numbers_beyond_a_double_are_strings(void **state)
{
	char got[128];

	(void)state;
	assert_string_equal(finished(got, ctrace_json_u64(got, UINT64_C(1) << 53)),
			    "9007199254740992");
	assert_string_equal(finished(got, ctrace_json_u64(got, (UINT64_C(1) << 53) + 1)),
			    "\"9007199254740993\"");
	assert_string_equal(finished(got, ctrace_json_i64(got, -1)), "-1");
	assert_string_equal(finished(got, ctrace_json_i64(got, -(INT64_C(1) << 53) - 1)),
			    "\"-9007199254740993\"");
	assert_string_equal(finished(got, ctrace_json_i64(got, INT64_MIN)),
			    "\"-9223372036854775808\"");
}

static void hex_has_no_leading_zeros(void **state)
{
	char got[128];

	(void)state;
	assert_string_equal(finished(got, ctrace_json_hex(got, 0)), "\"0x0\"");
	assert_string_equal(finished(got, ctrace_json_hex(got, 0x1f)), "\"0x1f\"");
	assert_string_equal(finished(got, ctrace_json_hex(got, UINT64_MAX)),
			    "\"0xffffffffffffffff\"");
}

static double any_double(uint64_t *random)
{
	uint64_t bits = ctrace_random(random);
	double value;

	switch (ctrace_random_below(random, 4)) {
	case 0:
		memcpy(&value, &bits, sizeof(value));
		return value;
	case 1:
		return (double)(int64_t)(bits >> 40) / 1000;
	case 2:
		return (double)(int64_t)bits / 7;
	default:
		return (double)(int32_t)bits;
	}
}

static void doubles_come_back_as_the_same_double(void **state)
{
	uint64_t random = seed;
	char got[128];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		double value = any_double(&random), back;
		if (!isfinite(value)) {
			continue;
		}
		char *end;
		back = strtod(finished(got, ctrace_json_f64(got, value)), &end);
		assert_int_equal(*end, '\0');
		assert_memory_equal(&back, &value, sizeof(value));
	}
}

static void what_json_has_no_number_for_is_a_string(void **state)
{
	char got[128];

	(void)state;
	assert_string_equal(finished(got, ctrace_json_f64(got, (double)NAN)), "\"NaN\"");
	assert_string_equal(finished(got, ctrace_json_f64(got, HUGE_VAL)), "\"Infinity\"");
	assert_string_equal(finished(got, ctrace_json_f64(got, -HUGE_VAL)), "\"-Infinity\"");
	assert_string_equal(finished(got, ctrace_json_f64(got, -0.0)), "-0");
	assert_string_equal(finished(got, ctrace_json_f64(got, 0.25)), "0.25");
}

/* What jansson makes of our string; the caller gives it back. */
static json_t *parsed(const char *bytes, size_t size)
{
	static char got[CTRACE_JSON_STRING_BYTES(TEXT_MAX) + CTRACE_JSON_SLACK];
	char *end = ctrace_json_string(got, bytes, size);
	json_error_t error;

	assert_true((size_t)(end - got) <= CTRACE_JSON_STRING_BYTES(size));
	json_t *value =
		json_loadb(got, (size_t)(end - got), JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (value == NULL) {
		fail_msg("not JSON: %.*s: %s", (int)(end - got), got, error.text);
	}
	*end = '\0';
	assert_null(strstr(got, "</"));
	assert_null(strstr(got, "<!"));
	assert_null(strstr(got, "\xe2\x80\xa8"));
	assert_null(strstr(got, "\xe2\x80\xa9"));
	for (const char *c = got; c < end; c++) {
		assert_true((unsigned char)*c >= 0x20);
	}
	return value;
}

static void assert_reads_as(const char *bytes, size_t size, const char *expected,
			    size_t expected_size)
{
	json_t *value = parsed(bytes, size);

	assert_int_equal(json_string_length(value), expected_size);
	assert_memory_equal(json_string_value(value), expected, expected_size);
	json_decref(value);
}

#define assert_kept(text) assert_reads_as(text, sizeof(text) - 1, text, sizeof(text) - 1)
#define assert_becomes(text, expected)                                                             \
	assert_reads_as(text, sizeof(text) - 1, expected, sizeof(expected) - 1)

static void good_text_comes_back_as_it_was(void **state)
{
	(void)state;
	assert_kept("");
	assert_kept("plain text of more than eight bytes");
	assert_kept("\"quoted\" \\back\\slash/ and \b\f\n\r\t\x01\x1f\x7f");
	assert_kept("nul\0nul");
	assert_kept("</script><!-- <script> ]]>");
	assert_kept("<");
	assert_kept("1234567<");
	assert_kept("1234567</8");
	assert_kept("\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa6\x8a \xf4\x8f\xbf\xbf \xee\x80\x80");
	assert_kept("line \xe2\x80\xa8 and paragraph \xe2\x80\xa9");
}

#define BAD "\xef\xbf\xbd"

static void keys_hold_no_nul(void **state)
{
	char got[128];

	(void)state;
	assert_string_equal(finished(got, ctrace_json_escape_key(got, "a\0b\0", 4)),
			    "a" BAD "b" BAD);
}

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
	(void)state;
	assert_becomes("\xff", BAD);
	assert_becomes("a\x80z", "a" BAD "z");
	assert_becomes("\xc0\xaf", BAD BAD);	     /* overlong */
	assert_becomes("\xe0\x80\xaf", BAD BAD BAD); /* overlong */
	assert_becomes("\xed\xa0\x80", BAD BAD BAD); /* a surrogate */
	assert_becomes("\xf4\x90\x80\x80", BAD BAD BAD BAD);
	assert_becomes("\xf0\x9f\xa6", BAD); /* one for the longest part of a sequence */
	assert_becomes("\xf0\x9f\xa6\"", BAD "\"");
	assert_becomes("\xe2\x82", BAD);
	assert_becomes("\xe2\x28\xa1", BAD "(" BAD);
	assert_becomes("\xc3", BAD);
}

static void every_pair_of_bytes_is_valid_json(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 65536; pair++) {
		const char bytes[] = {(char)(pair >> 8), (char)pair};
		json_decref(parsed(bytes, sizeof(bytes)));
	}
}

static void random_bytes_are_valid_json(void **state)
{
	static const char *const spice[] = {"</script>", "<!--", "\xe2\x80\xa8",
					    "\xf0\x9f",	 "\"",	 "\\"};
	uint64_t random = seed;
	char bytes[TEXT_MAX];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t size = ctrace_random_below(&random, sizeof(bytes));
		for (size_t k = 0; k < size; k++) {
			bytes[k] = (char)ctrace_random(&random);
		}
		const char *word = spice[ctrace_random_below(&random, 6)];
		if (size > 16) {
			memcpy(bytes + ctrace_random_below(&random, size - 10), word, strlen(word));
		}
		json_decref(parsed(bytes, size));
	}
}

int main(int argc, char **argv)
{
	const char *given = argc > 1 ? argv[1] : getenv("CTRACE_TEST_SEED");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_u64_is_written_exactly),
		cmocka_unit_test(powers_of_ten_have_the_right_number_of_digits),
		cmocka_unit_test(nanoseconds_come_back_exactly_from_microseconds),
		cmocka_unit_test(numbers_beyond_a_double_are_strings),
		cmocka_unit_test(hex_has_no_leading_zeros),
		cmocka_unit_test(doubles_come_back_as_the_same_double),
		cmocka_unit_test(what_json_has_no_number_for_is_a_string),
		cmocka_unit_test(good_text_comes_back_as_it_was),
		cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
		cmocka_unit_test(keys_hold_no_nul),
		cmocka_unit_test(every_pair_of_bytes_is_valid_json),
		cmocka_unit_test(random_bytes_are_valid_json),
	};

	seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("seed: %" PRIu64 "\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
