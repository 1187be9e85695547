/* SPDX-License-Identifier: MIT */
/* What the page may say over the socket, at each limit and one past it. */

#include "viewer-server/limits.h"
#include "viewer-server/model/model.h"
#include "viewer-server/serve/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ctrace_message message;

static const char *read_text(const char *text)
{
	ctrace_message_finish(&message);
	return ctrace_message_init(&message, text, strlen(text));
}

static int undo(void **state)
{
	(void)state;
	ctrace_message_finish(&message);
	return 0;
}

static void view_is_read(void **state)
{
	(void)state;
	assert_null(read_text(
		"{\"type\":\"view\",\"seq\":7,\"want\":[[3,50,4294967290,6],[0,0,0,0]]}"));
	assert_int_equal(message.type, CTRACE_MESSAGE_VIEW);
	assert_int_equal(message.seq, 7);
	assert_int_equal(message.entry_count, 2);
	assert_int_equal(message.entries[0].lane, 3);
	assert_int_equal(message.entries[0].level, 50);
	assert_int_equal(message.entries[0].first, 4294967290u);
	assert_int_equal(message.entries[0].count, 6);
	assert_null(read_text("{\"type\":\"view\",\"seq\":0,\"want\":[]}"));
}

static void questions_are_read(void **state)
{
	(void)state;
	assert_null(read_text("{\"type\":\"event\",\"req\":-1,\"lane\":3,\"index\":41}"));
	assert_true(message.req.is_there && message.req.integer == -1);
	assert_int_equal(message.index, 41);
	assert_null(read_text("{\"type\":\"range\",\"req\":2.5,\"lanes\":[1,2],\"start\":-5,"
			      "\"end\":1e9,\"top\":20,\"order\":\"start\"}"));
	assert_true(message.req.is_real && message.is_by_start);
	assert_int_equal(message.start, 0);
	assert_int_equal(message.end, 1000000000);
	assert_int_equal(message.lane_count, 2);
	assert_null(read_text("{\"type\":\"range\",\"req\":2,\"lanes\":[],\"start\":0,"
			      "\"end\":1e300,\"top\":0}"));
	assert_true(message.end == INT64_MAX);
	assert_null(read_text("{\"type\":\"search\",\"req\":3,\"text\":\"a\\u0000b\"}"));
	assert_int_equal(message.text_size, 3);
	assert_null(read_text("{\"type\":\"find\",\"req\":4,\"text\":\"a\",\"from\":123.5,"
			      "\"lane\":2,\"index\":7,\"direction\":-1}"));
	assert_int_equal(message.direction, -1);
	assert_int_equal(message.time, 123);
	assert_null(read_text("{\"type\":\"find\",\"req\":4,\"text\":\"a\",\"from\":0,"
			      "\"lane\":-1,\"index\":-1,\"direction\":1}"));
	assert_int_equal(message.lane, CTRACE_NONE);
	assert_null(read_text("{\"type\":\"at\",\"req\":5,\"lane\":3,\"time\":123}"));
	assert_null(read_text("{\"type\":\"locks\",\"req\":6,\"start\":1,\"end\":9}"));
	assert_false(message.has_unheld);
	assert_int_equal(message.lane_count, 0);
	assert_null(read_text("{\"type\":\"locks\",\"req\":6,\"start\":1,\"end\":9,"
			      "\"kinds\":\"all\",\"tracks\":[4,5]}"));
	assert_true(message.has_unheld);
	assert_int_equal(message.lane_count, 2);
	assert_null(read_text("{\"type\":\"cancel\",\"req\":2}"));
}

static void nonsense_is_refused_with_one_line(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"x",
		"[]",
		"null",
		"{}",
		"{\"type\":1}",
		"{\"type\":\"\"}",
		"{\"type\":\"views\"}",
		"{\"type\":\"cancel\"}",
		"{\"type\":\"cancel\",\"req\":\"1\"}",
		"{\"type\":\"cancel\",\"req\":1,\"req\":2}",
		"{\"type\":\"view\",\"seq\":1}",
		"{\"type\":\"view\",\"seq\":-1,\"want\":[]}",
		"{\"type\":\"view\",\"seq\":4294967296,\"want\":[]}",
		"{\"type\":\"view\",\"seq\":1.5,\"want\":[]}",
		"{\"type\":\"view\",\"seq\":1,\"want\":[[1,2,3]]}",
		"{\"type\":\"view\",\"seq\":1,\"want\":[[1,51,0,1]]}",
		"{\"type\":\"view\",\"seq\":1,\"want\":[[-1,5,0,1]]}",
		"{\"type\":\"view\",\"seq\":1,\"want\":[[1,5,4294967295,2]]}",
		"{\"type\":\"view\",\"seq\":1,\"want\":[[1,5,0,16385]]}",
		"{\"type\":\"view\",\"seq\":1,\"want\":[[1,5,0,16384],[1,5,0,1]]}",
		"{\"type\":\"view\",\"seq\":1,\"want\":[[1,5,0,\"1\"]]}",
		"{\"type\":\"view\",\"seq\":1,\"want\":{}}",
		"{\"type\":\"event\",\"req\":1}",
		"{\"type\":\"event\",\"req\":1,\"lane\":4294967295,\"index\":0}",
		"{\"type\":\"event\",\"req\":1,\"lane\":1e300,\"index\":0}",
		"{\"type\":\"range\",\"req\":1,\"lanes\":[],\"start\":2,\"end\":1,\"top\":1}",
		"{\"type\":\"range\",\"req\":1,\"lanes\":[],\"start\":1,\"end\":2,\"top\":1001}",
		"{\"type\":\"range\",\"req\":1,\"lanes\":[\"a\"],\"start\":1,\"end\":2,\"top\":1}",
		"{\"type\":\"range\",\"req\":1,\"lanes\":[],\"start\":\"1\",\"end\":2,\"top\":1}",
		("{\"type\":\"range\",\"req\":1,\"lanes\":[],\"start\":1,\"end\":2,\"top\":1,"
		 "\"order\":\"x\"}"),
		"{\"type\":\"range\",\"req\":1,\"lanes\":[],\"start\":NaN,\"end\":2,\"top\":1}",
		"{\"type\":\"locks\",\"req\":1}",
		"{\"type\":\"locks\",\"start\":1,\"end\":2}",
		"{\"type\":\"locks\",\"req\":1,\"start\":2,\"end\":1}",
		"{\"type\":\"locks\",\"req\":1,\"start\":\"1\",\"end\":2}",
		"{\"type\":\"locks\",\"req\":1,\"start\":1,\"end\":2,\"kinds\":\"mutex\"}",
		"{\"type\":\"locks\",\"req\":1,\"start\":1,\"end\":2,\"kinds\":1}",
		"{\"type\":\"locks\",\"req\":1,\"start\":1,\"end\":2,\"tracks\":{}}",
		"{\"type\":\"locks\",\"req\":1,\"start\":1,\"end\":2,\"tracks\":[-1]}",
		"{\"type\":\"search\",\"req\":1,\"text\":\"\"}",
		"{\"type\":\"search\",\"req\":1}",
		"{\"type\":\"find\",\"req\":1,\"text\":\"a\",\"from\":0,\"direction\":0}",
		"{\"type\":\"find\",\"req\":1,\"text\":\"a\",\"from\":0,\"direction\":4294967297}",
		"{\"type\":\"find\",\"req\":1,\"text\":\"a\",\"direction\":1}",
		"{\"type\":\"at\",\"req\":1,\"lane\":0}",
		"{\"type\":\"at\",\"req\":1,\"lane\":0,\"time\":1}{}",
		"{\"type\":\"at\",\"req\":99999999999999999999,\"lane\":0,\"time\":1}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *wrong = read_text(bad[i]);
		if (wrong == NULL) {
			fail_msg("taken: %s", bad[i]);
		}
		assert_null(strchr(wrong, '\n'));
	}
}

/* {"type":"view","seq":1,"want":[[1,1,1,COUNT],…]} with `entries` entries */
static char *view_of(unsigned entries, unsigned count)
{
	char *text = malloc(64 + (size_t)entries * 16);
	size_t size = (size_t)sprintf(text, "{\"type\":\"view\",\"seq\":1,\"want\":[");
	for (unsigned i = 0; i < entries; i++) {
		size += (size_t)sprintf(text + size, "%s[1,1,1,%u]", i > 0 ? "," : "", count);
	}
	strcpy(text + size, "]}");
	return text;
}

static void view_may_have_4096_entries_and_16384_tiles(void **state)
{
	(void)state;
	static const struct {
		unsigned entries, count;
		bool is_taken;
	} rows[] = {{CTRACE_VIEW_ENTRIES_MAX, 4, true},
		    {CTRACE_VIEW_ENTRIES_MAX + 1, 1, false},
		    {1, CTRACE_VIEW_TILES_MAX, true},
		    {1, CTRACE_VIEW_TILES_MAX + 1, false}};
	static const char *const complaints[] = {NULL, "Entries of want: 4097, at most 4096.", NULL,
						 "Tiles of a view: 16385, at most 16384."};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = view_of(rows[i].entries, rows[i].count);
		const char *wrong = read_text(text);
		assert_int_equal(wrong == NULL, rows[i].is_taken);
		assert_true(wrong == NULL || strcmp(wrong, complaints[i]) == 0);
		free(text);
	}
}

static const char *read_range(unsigned lanes, unsigned top)
{
	static char text[CTRACE_MESSAGE_BYTES_MAX];
	size_t size = (size_t)snprintf(
		text, sizeof(text),
		"{\"type\":\"range\",\"req\":1,\"start\":0,\"end\":1,\"top\":%u,\"lanes\":[", top);
	for (unsigned i = 0; i < lanes; i++) {
		memcpy(text + size, "1,", 2);
		size += 2;
	}
	memcpy(text + size - 1, "]}", 3);
	return read_text(text);
}

static void range_may_name_16384_lanes(void **state)
{
	(void)state;
	assert_null(read_range(CTRACE_RANGE_LANES_MAX, 5));
	assert_string_equal(read_range(CTRACE_RANGE_LANES_MAX + 1, 5),
			    "Lanes of a range: 16385, at most 16384.");
}

static void range_may_ask_for_the_top_1000(void **state)
{
	(void)state;
	assert_null(read_range(1, CTRACE_RANGE_TOP_MAX));
	assert_string_equal(read_range(1, CTRACE_RANGE_TOP_MAX + 1), "top: 1001, at most 1000.");
}

static void a_question_may_name_its_view(void **state)
{
	(void)state;
	assert_null(read_text("{\"type\":\"at\",\"req\":1,\"lane\":1,\"time\":5,\"seq\":7}"));
	assert_true(message.has_seq && message.seq == 7);
	assert_null(read_text("{\"type\":\"at\",\"req\":1,\"lane\":1,\"time\":5}"));
	assert_false(message.has_seq);
	assert_non_null(read_text("{\"type\":\"at\",\"req\":1,\"lane\":1,\"time\":5,\"seq\":-1}"));
}

static void message_may_have_65536_bytes(void **state)
{
	(void)state;
	static char text[CTRACE_MESSAGE_BYTES_MAX + 2];
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, "{\"type\":\"cancel\",\"req\":1}", 25);
	assert_non_null(read_text(text));
	text[CTRACE_MESSAGE_BYTES_MAX] = '\0';
	assert_null(read_text(text));
}

static void search_text_may_have_4096_bytes(void **state)
{
	(void)state;
	char text[5000];
	for (size_t size = CTRACE_SEARCH_TEXT_MAX; size <= CTRACE_SEARCH_TEXT_MAX + 1; size++) {
		int at = sprintf(text, "{\"type\":\"search\",\"req\":1,\"text\":\"");
		memset(text + at, 'a', size);
		strcpy(text + at + size, "\"}");
		assert_int_equal(read_text(text) == NULL, size == CTRACE_SEARCH_TEXT_MAX);
	}
}

static void deep_and_wide_json_is_survived(void **state)
{
	(void)state;
	static char text[CTRACE_MESSAGE_BYTES_MAX + 1];
	memset(text, '[', sizeof(text) - 1);
	assert_non_null(read_text(text));
	for (size_t i = 1; i < sizeof(text) - 1; i++) {
		text[i] = i % 2 != 0 ? '1' : ',';
	}
	assert_non_null(read_text(text));
}

static void error_of_a_question_keeps_its_number(void **state)
{
	(void)state;
	assert_non_null(read_text("{\"type\":\"event\",\"req\":77}"));
	assert_true(message.req.is_there);
	assert_int_equal(message.req.integer, 77);
}

static void numbers_of_questions_are_compared_as_they_came(void **state)
{
	(void)state;
	struct ctrace_req one = {.is_there = true, .integer = 1};
	struct ctrace_req two = {.is_there = true, .integer = 2};
	struct ctrace_req half = {.is_there = true, .is_real = true, .real = 1};
	assert_true(ctrace_req_is_equal(&one, &one));
	assert_false(ctrace_req_is_equal(&one, &two));
	assert_false(ctrace_req_is_equal(&one, &half));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(view_is_read, undo),
		cmocka_unit_test_teardown(questions_are_read, undo),
		cmocka_unit_test_teardown(nonsense_is_refused_with_one_line, undo),
		cmocka_unit_test_teardown(view_may_have_4096_entries_and_16384_tiles, undo),
		cmocka_unit_test_teardown(range_may_name_16384_lanes, undo),
		cmocka_unit_test_teardown(range_may_ask_for_the_top_1000, undo),
		cmocka_unit_test_teardown(a_question_may_name_its_view, undo),
		cmocka_unit_test_teardown(message_may_have_65536_bytes, undo),
		cmocka_unit_test_teardown(search_text_may_have_4096_bytes, undo),
		cmocka_unit_test_teardown(deep_and_wide_json_is_survived, undo),
		cmocka_unit_test_teardown(error_of_a_question_keeps_its_number, undo),
		cmocka_unit_test_teardown(numbers_of_questions_are_compared_as_they_came, undo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
