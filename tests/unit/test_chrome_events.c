/* SPDX-License-Identifier: MIT */
/* Each kind of event as Chrome JSON, in small traces made by hand. */

#include "format/crc32c.h"
#include "format/limits.h"
#include "format/wire.h"
#include "tests/unit/chrome_made.h"
#include "tests/unit/collector_story.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void spans_that_outlive_their_chunk_keep_their_arguments(void **state)
{
	static const char *const args[] = {"sql", NULL};
	static const uint8_t types[] = {CTRACE_ARG_STR};
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	uint32_t outer = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "outer", args, types);
	uint32_t inner = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "inner", NULL, NULL);
	struct ctrace_block *block = &hand.blocks[0];
	ctrace_block_begin(block, outer, 100);
	ctrace_block_arg_bytes(block, "select </script>", 16);
	hand_seal(&hand, 0);
	ctrace_block_begin(block, inner, 200);
	ctrace_block_end(block, inner, 300);
	hand_seal(&hand, 0);
	ctrace_block_end(block, outer, 1234567);
	hand_end(&hand);
	json_t *json = converted(hand.made.trace, NULL);
	json_t *event = find_event(json, "X", "outer", 0);
	assert_int_equal(ns_of(event, "ts"), 100);
	assert_int_equal(ns_of(event, "dur"), 1234467);
	assert_string_equal(json_string_value(arg(event, "sql")), "select </script>");
	assert_int_equal(ns_of(find_event(json, "X", "inner", 0), "dur"), 100);
	json_decref(json);
	drop(&hand.made);
}

static void a_span_without_an_end_is_a_b_event(void **state)
{
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	uint32_t site = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "open", NULL, NULL);
	ctrace_block_begin(&hand.blocks[0], site, 100);
	ctrace_block_begin(&hand.blocks[0], site, 150);
	ctrace_block_end(&hand.blocks[0], site, 160);
	hand_end(&hand);
	json_t *json = converted(hand.made.trace, NULL);
	assert_int_equal(count_phase(json, "B"), 1);
	assert_int_equal(count_phase(json, "X"), 1);
	assert_null(json_object_get(find_event(json, "B", "open", 0), "dur"));
	json_decref(json);
	drop(&hand.made);
}

static void a_task_is_matched_across_threads_whatever_chunk_comes_first(void **state)
{
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	uint32_t begin = hand_task_site(&hand, CTRACE_KIND_TASK_BEGIN, "request");
	uint32_t step = hand_task_site(&hand, CTRACE_KIND_TASK_STEP, "taken");
	uint32_t early = hand_site(&hand, CTRACE_KIND_INSTANT, "early", NULL, NULL);
	/* Thread 0 has the steps and ends, in a chunk that begins before that of thread 1. */
	ctrace_block_site_event(&hand.blocks[0], early, 1);
	for (uint64_t id = 1; id <= 3; id++) {
		ctrace_block_site_event(&hand.blocks[0], step, 1000 * id + 500);
		ctrace_block_arg_u64(&hand.blocks[0], id);
		ctrace_block_plain_u64(&hand.blocks[0], CTRACE_KIND_TASK_END, 1000 * id + 600, id);
	}
	hand_seal(&hand, 0);
	hand.blocks[1].last = hand.blocks[1].base = 900;
	for (uint64_t id = 1; id <= 3; id++) {
		ctrace_block_site_event(&hand.blocks[1], begin, 1000 * id);
		ctrace_block_arg_u64(&hand.blocks[1], id);
		ctrace_block_arg_u64(&hand.blocks[1], id - 1);
	}
	hand_end(&hand);
	json_t *json = converted(hand.made.trace, NULL);
	for (size_t i = 0; i < 3; i++) {
		json_t *b = find_event(json, "b", "request", i);
		json_t *n = find_event(json, "n", "taken", i);
		json_t *e = find_event(json, "e", "request", i);
		assert_string_equal(member(b, "id"), member(e, "id"));
		assert_string_equal(member(b, "id"), member(n, "id"));
		assert_string_equal(member(b, "cat"), member(e, "cat"));
		assert_string_equal(member(b, "cat"), member(n, "cat"));
		assert_true(ns_of(e, "ts") - ns_of(b, "ts") == 600);
		assert_true((arg(b, "parent") == NULL) == (i == 0));
	}
	json_decref(json);
	drop(&hand.made);
}

static size_t count_tasks_in(const struct ctrace_trace *trace, uint64_t start, uint64_t end)
{
	struct ctrace_chrome_settings settings = {.start = start, .end = end, .has_end = true};
	json_t *json = converted(trace, &settings);
	size_t begins = count_phase(json, "b");

	assert_int_equal(count_phase(json, "e"), begins);
	json_decref(json);
	return begins;
}

static void a_task_that_touches_the_range_is_whole(void **state)
{
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	uint32_t begin = hand_task_site(&hand, CTRACE_KIND_TASK_BEGIN, "request");
	for (uint64_t id = 1; id <= 2; id++) {
		ctrace_block_site_event(&hand.blocks[0], begin, id * 1000);
		ctrace_block_arg_u64(&hand.blocks[0], id);
		ctrace_block_arg_u64(&hand.blocks[0], 0);
		hand_seal(&hand, 0);
		ctrace_block_plain_u64(&hand.blocks[0], CTRACE_KIND_TASK_END, id * 1000 + 500, id);
		hand_seal(&hand, 0);
	}
	hand_end(&hand);
	assert_int_equal(count_tasks_in(hand.made.trace, 0, 900), 0);
	assert_int_equal(count_tasks_in(hand.made.trace, 1100, 1200), 1);
	assert_int_equal(count_tasks_in(hand.made.trace, 1000, 1001), 1);
	assert_int_equal(count_tasks_in(hand.made.trace, 1500, 2000), 0);
	assert_int_equal(count_tasks_in(hand.made.trace, 1499, 2001), 2);
	assert_int_equal(count_tasks_in(hand.made.trace, 2600, 9000), 0);
	drop(&hand.made);
}

static void a_span_carries_the_task_it_was_in(void **state)
{
	static const char *const args[] = {"task", "task", NULL};
	static const uint8_t types[] = {CTRACE_ARG_U64, CTRACE_ARG_U64};
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	uint32_t plain = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "plain", NULL, NULL);
	uint32_t clash = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "clash", args, types);
	struct ctrace_block *block = &hand.blocks[0];
	ctrace_block_plain_u64(block, CTRACE_KIND_TASK_ENTER, 10, 0x2a);
	ctrace_block_begin(block, plain, 20);
	ctrace_block_begin(block, clash, 30);
	ctrace_block_arg_u64(block, 1);
	ctrace_block_arg_u64(block, 2);
	ctrace_block_end(block, clash, 40);
	ctrace_block_end(block, plain, 50);
	ctrace_block_plain_u64(block, CTRACE_KIND_TASK_LEAVE, 60, 0x2a);
	ctrace_block_begin(block, plain, 70);
	ctrace_block_end(block, plain, 80);
	hand_end(&hand);
	json_t *json = converted(hand.made.trace, NULL);
	assert_string_equal(json_string_value(arg(find_event(json, "X", "plain", 0), "task")),
			    "0x2a");
	assert_null(arg(find_event(json, "X", "plain", 1), "task"));
	json_t *event = find_event(json, "X", "clash", 0);
	assert_int_equal(json_integer_value(arg(event, "task")), 1);
	assert_int_equal(json_integer_value(arg(event, "task 2")), 2);
	assert_string_equal(json_string_value(arg(event, "task 3")), "0x2a");
	json_decref(json);
	drop(&hand.made);
}

/* The file offset of the nth EVENTS chunk of a stream. */
static uint64_t chunk_offset(const struct ctrace_trace *trace, uint32_t stream, uint32_t nth)
{
	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		if (entry->type == CTRACE_CHUNK_EVENTS && entry->stream == stream && nth-- == 0) {
			return entry->offset;
		}
	}
	fail_msg("no such chunk");
	return 0;
}

static void a_damaged_chunk_is_told_and_the_rest_is_kept(void **state)
{
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	uint32_t site = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "span", NULL, NULL);
	for (uint64_t i = 0; i < 3; i++) {
		ctrace_block_begin(&hand.blocks[0], site, 100 * i + 10);
		ctrace_block_end(&hand.blocks[0], site, 100 * i + 20);
		hand_seal(&hand, 0);
	}
	hand_end(&hand);
	uint64_t offset = chunk_offset(hand.made.trace, 1, 1);
	assert_int_equal(pwrite(hand.made.fd, "\xff", 1, (off_t)offset + CTRACE_CHUNK_HEADER_BYTES),
			 1);
	json_t *json = converted(hand.made.trace, NULL);
	assert_int_equal(count_phase(json, "X"), 2);
	json_t *lost = find_event(json, "i", "lost events", 0);
	assert_int_equal(json_integer_value(arg(lost, "count")), 2);
	assert_int_equal(json_integer_value(arg(lost, "chunks")), 1);
	json_t *damage = json_object_get(json_object_get(json, "otherData"), "damage");
	assert_int_equal(json_array_size(damage), 1);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(damage, 0), "offset")),
			 offset);
	json_decref(json);
	drop(&hand.made);
}

/* Replace the last byte of a plain chunk's first column and make all checksums right again: a lie.
 */
static void tell_a_lie(const struct made *made, uint64_t offset, size_t at, uint8_t byte)
{
	uint8_t chunk[4096];
	ssize_t size = pread(made->fd, chunk, sizeof(chunk), (off_t)offset);

	assert_true(size > CTRACE_CHUNK_HEADER_BYTES);
	uint32_t stored = (uint32_t)ctrace_get_le(chunk + 44, 4);
	chunk[CTRACE_CHUNK_HEADER_BYTES + at] = byte;
	ctrace_put_le(chunk + 48, ctrace_crc32c(chunk + CTRACE_CHUNK_HEADER_BYTES, stored), 4);
	ctrace_put_le(chunk + 52, ctrace_crc32c(chunk, 52), 4);
	assert_int_equal(pwrite(made->fd, chunk, (size_t)size, (off_t)offset), size);
}

/* The broken rule shows at the chunk's last event, when spans and a task were already replayed. */
static void a_chunk_that_lies_leaves_no_trace_of_itself(void **state)
{
	static const char *const args[] = {"sql", NULL};
	static const uint8_t types[] = {CTRACE_ARG_STR};
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	uint32_t outer = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "outer", args, types);
	uint32_t inner = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "inner", NULL, NULL);
	uint32_t task = hand_task_site(&hand, CTRACE_KIND_TASK_BEGIN, "request");
	struct ctrace_block *block = &hand.blocks[0];
	ctrace_block_begin(block, outer, 100);
	ctrace_block_arg_bytes(block, "select", 6);
	hand_seal(&hand, 0);
	ctrace_block_begin(block, inner, 200);
	ctrace_block_site_event(block, task, 210);
	ctrace_block_arg_u64(block, 7);
	ctrace_block_arg_u64(block, 0);
	ctrace_block_plain_u64(block, CTRACE_KIND_TASK_ENTER, 220, 7);
	ctrace_block_end(block, inner, 300);
	ctrace_block_end(block, outer, 310);
	ctrace_block_begin(block, outer, 320);
	ctrace_block_arg_bytes(block, "again", 5);
	hand_seal(&hand, 0);
	ctrace_block_end(block, outer, 400);
	ctrace_block_plain_u64(block, CTRACE_KIND_TASK_END, 500, 7);
	hand_end(&hand);
	/* Open spans: 1, site, age; column sizes: 7 and 8; operations: 8 + inner, 8 + task, 2, 9,
	 * 0, 0, 8 + outer. */
	size_t operations = 1 + 1 + 1 + 1 + 1;
	uint64_t offset = chunk_offset(hand.made.trace, 1, 1);
	ctrace_trace_close(hand.made.trace);
	tell_a_lie(&hand.made, offset, operations + 6, 3);
	assert_int_equal(ctrace_trace_open(&hand.made.trace, hand.made.fd, NULL, NULL), CTRACE_OK);
	json_t *json = converted(hand.made.trace, NULL);
	assert_int_equal(last_counts.damaged, 1);
	assert_null(find_event(json, "X", "inner", 0));
	assert_null(find_event(json, "b", "request", 0));
	assert_non_null(find_event(json, "e", "task", 0));
	/* The next chunk restates the second outer span; the first one was open when chunks were
	 * lost. */
	json_t *first = find_event(json, "X", "outer", 0),
	       *second = find_event(json, "X", "outer", 1);
	assert_string_equal(json_string_value(arg(first, "sql")), "select");
	assert_true(json_is_true(arg(first, "unfinished")));
	assert_true(json_is_true(arg(second, "restated")));
	assert_int_equal(ns_of(second, "ts"), 320);
	assert_int_equal(ns_of(second, "dur"), 80);
	assert_null(find_event(json, "X", "outer", 2));
	assert_int_equal(json_integer_value(arg(find_event(json, "i", "lost events", 0), "count")),
			 6);
	json_decref(json);
	drop(&hand.made);
}

static void lost_events_are_instants_with_count_and_reason(void **state)
{
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	ctrace_block_lost(&hand.blocks[0], 5000, CTRACE_LOSS_RING_FULL, 17, 4000);
	hand_end(&hand);
	json_t *json = converted(hand.made.trace, NULL);
	json_t *lost = find_event(json, "i", "lost events", 0);
	assert_int_equal(ns_of(lost, "ts"), 5000);
	assert_int_equal(json_integer_value(arg(lost, "count")), 17);
	assert_string_equal(json_string_value(arg(lost, "reason")), "ring full");
	assert_int_equal(ns_of(json_object_get(lost, "args"), "since"), 4000);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(json, "otherData"), "lost")),
		17);
	json_decref(json);
	drop(&hand.made);
}

static void flows_are_arrows_between_enclosing_spans(void **state)
{
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	ctrace_block_plain_u64(&hand.blocks[0], CTRACE_KIND_FLOW_OUT, 10, 9);
	ctrace_block_plain_u64(&hand.blocks[1], CTRACE_KIND_FLOW_STEP, 20, 9);
	ctrace_block_plain_u64(&hand.blocks[2], CTRACE_KIND_FLOW_IN, 30, 9);
	hand_end(&hand);
	json_t *json = converted(hand.made.trace, NULL);
	assert_string_equal(member(find_event(json, "s", "flow", 0), "id"), "0x9");
	assert_string_equal(member(find_event(json, "t", "flow", 0), "id"), "0x9");
	assert_string_equal(member(find_event(json, "f", "flow", 0), "bp"), "e");
	json_decref(json);
	drop(&hand.made);
}

/* Of a thread's spans that begin and end in the same chunk, none stands before one that began
 * earlier. */
static void within_a_chunk_spans_stand_where_they_begin(void **state)
{
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	uint32_t outer = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "outer", NULL, NULL);
	uint32_t inner = hand_site(&hand, CTRACE_KIND_SPAN_BEGIN, "inner", NULL, NULL);
	uint32_t point = hand_site(&hand, CTRACE_KIND_INSTANT, "point", NULL, NULL);
	ctrace_block_begin(&hand.blocks[0], outer, 10);
	ctrace_block_begin(&hand.blocks[0], inner, 10);
	ctrace_block_site_event(&hand.blocks[0], point, 15);
	ctrace_block_end(&hand.blocks[0], inner, 20);
	ctrace_block_end(&hand.blocks[0], outer, 30);
	hand_end(&hand);
	size_t size;
	char *text = convert(hand.made.trace, NULL, &size);
	assert_true(strstr(text, "\"outer\"") < strstr(text, "\"inner\""));
	assert_true(strstr(text, "\"inner\"") < strstr(text, "\"point\""));
	free(text);
	drop(&hand.made);
}

static void what_a_collector_does_is_of_category_gc(void **state)
{
	struct hand hand;
	struct ctrace_block *block = &hand.blocks[0];
	json_t *json, *event;

	(void)state;
	hand_begin(&hand);
	ctrace_tell_gc_heap(block, 90, 4096);
	ctrace_tell_gc_begin(block, 100, 2);
	ctrace_tell_gc_begin(block, 110, 4);
	ctrace_tell_gc_thread(block, 115, 6, 1);
	ctrace_tell_gc_end(block, 150, 0, 0);
	ctrace_tell_gc_end(block, 200, 1000, 3000);
	ctrace_tell_gc_begin(block, 300, 77);
	hand_end(&hand);
	json = converted(hand.made.trace, NULL);
	event = find_event(json, "X", "minor collection", 0);
	assert_string_equal(member(event, "cat"), "gc");
	assert_int_equal(ns_of(event, "dur"), 100);
	assert_int_equal(json_integer_value(arg(event, "live")), 1000);
	assert_int_equal(json_integer_value(arg(event, "freed")), 3000);
	event = find_event(json, "X", "world stopped", 0);
	assert_int_equal(ns_of(event, "dur"), 40);
	assert_null(arg(event, "live"));
	assert_non_null(find_event(json, "B", "collector's work", 0));
	assert_int_equal(
		json_integer_value(arg(find_event(json, "C", "collector's heap", 0), "bytes")),
		4096);
	event = find_event(json, "C", "alive after collections", 0);
	assert_int_equal(json_integer_value(arg(event, "bytes")), 1000);
	assert_int_equal(ns_of(event, "ts"), 200);
	assert_int_equal(json_integer_value(arg(find_event(json, "i", "thread stopped", 0), "tid")),
			 6);
	json_decref(json);
	drop(&hand.made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_that_outlive_their_chunk_keep_their_arguments),
		cmocka_unit_test(a_span_without_an_end_is_a_b_event),
		cmocka_unit_test(a_task_is_matched_across_threads_whatever_chunk_comes_first),
		cmocka_unit_test(a_task_that_touches_the_range_is_whole),
		cmocka_unit_test(a_span_carries_the_task_it_was_in),
		cmocka_unit_test(a_damaged_chunk_is_told_and_the_rest_is_kept),
		cmocka_unit_test(a_chunk_that_lies_leaves_no_trace_of_itself),
		cmocka_unit_test(lost_events_are_instants_with_count_and_reason),
		cmocka_unit_test(flows_are_arrows_between_enclosing_spans),
		cmocka_unit_test(within_a_chunk_spans_stand_where_they_begin),
		cmocka_unit_test(what_a_collector_does_is_of_category_gc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
