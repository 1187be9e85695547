/* SPDX-License-Identifier: MIT */

/* Pages of the kernel's ring and its format files, made here byte by byte. */

#include "tests/unit/unit.h"
#include "tracer/sources/tracefs/tracefs_format.h"
#include "tracer/sources/tracefs/tracefs_page.h"

#include <stdbool.h>

#define PAGE_BYTES 4096u
#define HEAD_BYTES 16u
#define BASE	   1000000u

static const char header_page[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				  "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
				  "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
				  "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n";

static const char format[] =
	"name: sched_switch\nID: 372\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] comm;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;\n"
	"\tfield:pid_t pid;\toffset:12;\tsize:4;\tsigned:1;\n\n"
	"print fmt: \"x\", { 0x00000001, \"S\" }, { 0x00000002, \"D\" }, { 0x00000080, \"I\" }\n";

/* A page in the making. */
struct made {
	uint8_t bytes[PAGE_BYTES];
	size_t used;
};

static void put_word(struct made *made, uint32_t word)
{
	memcpy(made->bytes + HEAD_BYTES + made->used, &word, 4);
	made->used += 4;
}

static uint32_t head_of(uint32_t type, uint32_t delta)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return type | delta << 5;
#else
	return type << 27 | delta;
#endif
}

/* A record of one word, behind its head. */
static void put_record(struct made *made, uint32_t delta, uint32_t content)
{
	put_word(made, head_of(1, delta));
	put_word(made, content);
}

static struct ctrace_tracefs_page open_page(struct made *made, uint64_t marks)
{
	struct ctrace_tracefs_page_layout layout;
	struct ctrace_tracefs_page page;
	uint64_t stamp = BASE, commit = made->used | marks;

	assert_true(ctrace_tracefs_page_layout(header_page, &layout));
	assert_int_equal(layout.bytes, PAGE_BYTES);
	memcpy(made->bytes, &stamp, 8);
	memcpy(made->bytes + 8, &commit, 8);
	ctrace_tracefs_page_open(&page, &layout, made->bytes, sizeof(made->bytes));
	return page;
}

static void assert_record(struct ctrace_tracefs_page *page, uint64_t stamp, uint32_t content)
{
	uint32_t word;

	assert_true(ctrace_tracefs_page_next(page));
	assert_int_equal(page->stamp, stamp);
	assert_int_equal(page->record_size, 4);
	memcpy(&word, page->record, 4);
	assert_int_equal(word, content);
}

static void records_come_with_their_times(void **state)
{
	struct made made = {.used = 0};
	struct ctrace_tracefs_page page;

	(void)state;
	put_record(&made, 0, 11);
	put_record(&made, 5, 22);
	put_word(&made, head_of(30, 3)); /* time extend: 3 + 2 * 2^27 */
	put_word(&made, 2);
	put_record(&made, 7, 33);
	put_word(&made, head_of(31, 9)); /* absolute: 9 + 2^27 */
	put_word(&made, 1);
	put_record(&made, 1, 44);
	page = open_page(&made, 0);
	assert_int_equal(page.lost, 0);
	assert_record(&page, BASE, 11);
	assert_record(&page, BASE + 5, 22);
	assert_record(&page, BASE + 5 + 3 + (2u << 27) + 7, 33);
	assert_record(&page, 9 + (1u << 27) + 1, 44);
	assert_false(ctrace_tracefs_page_next(&page));
	assert_false(page.is_broken);
}

static void records_may_be_long_or_gone(void **state)
{
	struct made made = {.used = 0};
	struct ctrace_tracefs_page page;

	(void)state;
	put_word(&made, head_of(0, 1)); /* length in the second word: 8 bytes of content */
	put_word(&made, 12);
	put_word(&made, 1);
	put_word(&made, 2);
	put_word(&made, head_of(29, 1)); /* discarded, of 8 bytes behind the head */
	put_word(&made, 8);
	put_word(&made, 0);
	put_record(&made, 2, 33);
	put_word(&made, head_of(29, 0)); /* nothing from here on */
	put_record(&made, 3, 44);
	page = open_page(&made, 0);
	assert_true(ctrace_tracefs_page_next(&page));
	assert_int_equal(page.record_size, 8);
	assert_record(&page, BASE + 3, 33);
	assert_false(ctrace_tracefs_page_next(&page));
	assert_false(page.is_broken);
}

static void losses_before_a_page_are_told(void **state)
{
	struct made made = {.used = 0};
	struct ctrace_tracefs_page page;
	unsigned long count = 4711;

	(void)state;
	put_record(&made, 0, 11);
	memcpy(made.bytes + HEAD_BYTES + made.used, &count, sizeof(count));
	page = open_page(&made, UINT64_C(3) << 30);
	assert_int_equal(page.lost, 4711);
	assert_record(&page, BASE, 11);
	page = open_page(&made, UINT64_C(1) << 31);
	assert_true(page.lost == CTRACE_TRACEFS_LOST_UNKNOWN);
}

static void a_page_that_cannot_be_is_given_up(void **state)
{
	struct made made = {.used = PAGE_BYTES};
	struct ctrace_tracefs_page page = open_page(&made, 0);

	(void)state;
	assert_true(page.is_broken);
	assert_false(ctrace_tracefs_page_next(&page));

	made.used = 0;
	put_record(&made, 0, 11);
	put_word(&made, head_of(28, 0)); /* longer than what is there */
	page = open_page(&made, 0);
	assert_record(&page, BASE, 11);
	assert_false(ctrace_tracefs_page_next(&page));
	assert_true(page.is_broken);
}

static void no_page_is_read_past_its_end(void **state)
{
	struct made *made = malloc(sizeof(*made));

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct ctrace_tracefs_page page;

		for (size_t i = 0; i < 256; i++) {
			made->bytes[HEAD_BYTES + i] = (uint8_t)rand();
		}
		made->used = (size_t)rand() % 256;
		page = open_page(made, 0);
		while (ctrace_tracefs_page_next(&page)) {
			assert_true(page.record >= made->bytes + HEAD_BYTES);
			assert_true(page.record + page.record_size <=
				    made->bytes + HEAD_BYTES + made->used);
		}
	}
	free(made);
}

static void fields_are_found_by_their_whole_names(void **state)
{
	struct ctrace_tracefs_field field;
	uint16_t id;

	(void)state;
	assert_true(ctrace_tracefs_format_id(format, &id));
	assert_int_equal(id, 372);
	assert_true(ctrace_tracefs_format_field(format, "pid", &field));
	assert_int_equal(field.offset, 12);
	assert_true(field.is_signed);
	assert_true(ctrace_tracefs_format_field(format, "args", &field));
	assert_int_equal(field.size, 48);
	assert_true(ctrace_tracefs_format_field(format, "comm", &field));
	assert_int_equal(field.offset, 8);
	assert_false(ctrace_tracefs_format_field(format, "next_pid", &field));
	assert_false(ctrace_tracefs_format_field(format, "id", &field));
}

static void flags_are_those_of_the_print_format(void **state)
{
	struct ctrace_tracefs_flag flags[4];

	(void)state;
	assert_int_equal(ctrace_tracefs_format_flags(format, flags, 4), 3);
	assert_int_equal(flags[1].bit, 2);
	assert_int_equal(flags[1].letter, 'D');
	assert_int_equal(ctrace_tracefs_format_flags(format, flags, 2), 2);
}

static void numbers_have_their_sign_and_texts_their_end(void **state)
{
	uint8_t record[16] = {0xff, 0xff, 0xff, 0xff, 8, 0, 4, 0, 'a', 'b', 'c', 0};
	struct ctrace_tracefs_field number = {.offset = 0, .size = 4, .is_signed = true};
	const struct ctrace_tracefs_field text = {.offset = 4, .size = 4};

	(void)state;
	assert_true(ctrace_tracefs_get(record, sizeof(record), number) == -1);
	number.is_signed = false;
	assert_true(ctrace_tracefs_get(record, sizeof(record), number) == UINT32_MAX);
	assert_true(ctrace_tracefs_get(record, 3, number) == 0);
	assert_string_equal(ctrace_tracefs_get_text(record, sizeof(record), text), "abc");
	assert_string_equal(ctrace_tracefs_get_text(record, 11, text), "");
	record[11] = 'd';
	assert_string_equal(ctrace_tracefs_get_text(record, sizeof(record), text), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_with_their_times),
		cmocka_unit_test(records_may_be_long_or_gone),
		cmocka_unit_test(losses_before_a_page_are_told),
		cmocka_unit_test(a_page_that_cannot_be_is_given_up),
		cmocka_unit_test(no_page_is_read_past_its_end),
		cmocka_unit_test(fields_are_found_by_their_whole_names),
		cmocka_unit_test(flags_are_those_of_the_print_format),
		cmocka_unit_test(numbers_have_their_sign_and_texts_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
