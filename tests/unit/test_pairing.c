/* SPDX-License-Identifier: MIT */
/* Begins and ends become spans, also where streams are broken. */

#include "format/limits.h"
#include "tests/unit/trace_fixture.h"
#include "viewer-server/model/threads/pairing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the pairing said, one line a call: `+a0@5` opened, `-a0@5:9` closed, `=12` other,
 * `lost3:5/7e1c` 7 events in one chunk lost.
 */
static char told[65536];
static size_t told_size;
static struct ctrace_made_trace made;
static struct ctrace_block *block;
static uint32_t a, b, c, point;

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	told_size += (size_t)vsnprintf(&told[told_size], sizeof(told) - told_size, format, list);
	va_end(list);
}

static char letter(uint32_t site)
{
	return site == CTRACE_NO_SITE ? '?' : (char)('a' + site);
}

static unsigned since(uint64_t ticks)
{
	return (unsigned)(ticks - CTRACE_FIXTURE_BASE);
}

static void on_opened(void *context, struct ctrace_span *span, const struct ctrace_event *begin)
{
	(void)context;
	span->tag = span->begin;
	tell("+%c%u@%u%s ", letter(span->site), span->depth, since(span->begin),
	     begin == NULL ? "r" : "");
}

static void on_closed(void *context, const struct ctrace_span *span)
{
	(void)context;
	assert_true((span->flags & CTRACE_SPAN_BEGAN_BEFORE) || span->tag == span->begin);
	tell("-%c%u@%u:%u", letter(span->site), span->depth, since(span->begin), since(span->end));
	tell("%s%s%s%s%s ", span->flags & CTRACE_SPAN_UNFINISHED ? "u" : "",
	     span->flags & CTRACE_SPAN_CUT ? "c" : "",
	     span->flags & CTRACE_SPAN_BEGAN_BEFORE ? "b" : "",
	     span->flags & CTRACE_SPAN_RESTATED ? "r" : "",
	     span->flags & CTRACE_SPAN_UNWOUND ? "w" : "");
}

static void on_other(void *context, const struct ctrace_event *event, uint32_t chunk,
		     const struct ctrace_span *inner)
{
	(void)context;
	(void)chunk;
	tell("=%u%c ", since(event->ticks), inner != NULL ? letter(inner->site) : '.');
}

static void on_lost(void *context, const struct ctrace_lost *lost)
{
	(void)context;
	tell("lost%u:%u", since(lost->from), since(lost->to));
	tell("/%ue%uc ", (unsigned)lost->events, (unsigned)lost->chunks);
}

static const struct ctrace_pairing_calls calls = {on_opened, on_closed, on_other, on_lost};

static int start(void **state)
{
	(void)state;
	ctrace_fixture_write(&made);
	a = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "a");
	b = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "b");
	c = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "c");
	point = ctrace_fixture_site(&made, CTRACE_KIND_INSTANT, "point");
	ctrace_fixture_thread(&made, 1, 10, "main");
	block = &made.blocks[1];
	told_size = 0;
	told[0] = 0;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	ctrace_fixture_close(&made);
	return 0;
}

static uint64_t at(unsigned ns)
{
	return CTRACE_FIXTURE_BASE + ns;
}

/* Replays all chunks but those whose bit is set in `without`; returns the repairs. */
static uint64_t replay(unsigned without)
{
	const struct ctrace_trace_info *info;
	struct ctrace_pairing pairing;
	struct ctrace_chunk chunk = {0};
	struct ctrace_error error = {0};
	uint64_t repaired;
	unsigned events = 0;

	info = ctrace_trace_info(made.trace);
	assert_int_equal(ctrace_pairing_init(&pairing, &calls, NULL), CTRACE_OK);
	for (uint32_t i = 0; i < info->chunk_count; i++) {
		if (ctrace_trace_chunk(made.trace, i)->type != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		if (without >> events++ & 1) {
			ctrace_pairing_miss(&pairing, ctrace_trace_chunk(made.trace, i));
			continue;
		}
		assert_int_equal(ctrace_chunk_load(&chunk, made.trace, i, &error), CTRACE_OK);
		assert_int_equal(ctrace_pairing_chunk(&pairing, made.trace, &chunk, i, &error),
				 CTRACE_OK);
	}
	ctrace_pairing_close(&pairing, info->last_ticks);
	repaired = pairing.repaired;
	ctrace_pairing_finish(&pairing);
	ctrace_chunk_unload(&chunk);
	return repaired;
}

static void expect(const char *text, uint64_t repaired)
{
	ctrace_fixture_open(&made);
	uint64_t repairs = replay(0);
	assert_string_equal(told, text);
	assert_int_equal(repairs, repaired);
}

static void nested_spans_close_inside_out(void **state)
{
	(void)state;
	ctrace_block_begin(block, a, at(1));
	ctrace_block_begin(block, b, at(2));
	ctrace_block_end(block, b, at(3));
	ctrace_block_begin(block, c, at(3));
	ctrace_block_end(block, c, at(3));
	ctrace_block_end(block, a, at(9));
	expect("+a0@1 +b1@2 -b1@2:3 +c1@3 -c1@3:3 -a0@1:9 ", 0);
}

static void named_end_closes_what_was_left_open_inside(void **state)
{
	(void)state;
	ctrace_block_begin(block, a, at(1));
	ctrace_block_begin(block, b, at(2));
	ctrace_block_begin(block, c, at(3));
	ctrace_block_end(block, a, at(9));
	expect("+a0@1 +b1@2 +c2@3 -c2@3:9w -b1@2:9w -a0@1:9 ", 2);
}

static void named_end_closes_the_innermost_of_its_name(void **state)
{
	(void)state;
	ctrace_block_begin(block, a, at(1));
	ctrace_block_begin(block, a, at(2));
	ctrace_block_begin(block, b, at(3));
	ctrace_block_end(block, a, at(4));
	ctrace_block_end(block, a, at(5));
	expect("+a0@1 +a1@2 +b2@3 -b2@3:4w -a1@2:4 -a0@1:5 ", 1);
}

static void end_with_nothing_open_began_before(void **state)
{
	(void)state;
	ctrace_block_site_event(block, point, at(1));
	ctrace_block_end(block, CTRACE_NO_SITE, at(4));
	ctrace_block_end(block, b, at(6));
	expect("=1. -?0@1:4b -b0@1:6b ", 0);
}

static void end_of_a_name_that_is_not_open_leaves_all_open(void **state)
{
	(void)state;
	ctrace_block_begin(block, a, at(1));
	ctrace_block_end(block, b, at(4));
	ctrace_block_end(block, a, at(6));
	expect("+a0@1 -a0@1:6 ", 1);
}

static void open_spans_are_unfinished_at_the_traces_end(void **state)
{
	(void)state;
	ctrace_block_begin(block, a, at(1));
	ctrace_block_begin(block, b, at(2));
	ctrace_block_site_event(block, point, at(5));
	expect("+a0@1 +b1@2 =5b -b1@2:5u -a0@1:5u ", 0);
}

static void spans_go_on_over_chunks(void **state)
{
	(void)state;
	ctrace_block_begin(block, a, at(1));
	ctrace_block_begin(block, b, at(2));
	ctrace_writer_seal(&made.writer, block);
	ctrace_block_end(block, b, at(7));
	ctrace_block_end(block, a, at(8));
	expect("+a0@1 +b1@2 -b1@2:7 -a0@1:8 ", 0);
}

static void first_chunk_restates_what_is_open(void **state)
{
	(void)state;
	ctrace_block_begin(block, a, at(1));
	ctrace_block_begin(block, b, at(2));
	ctrace_writer_seal(&made.writer, block);
	ctrace_block_end(block, b, at(7));
	ctrace_block_end(block, a, at(8));
	ctrace_fixture_open(&made);
	replay(1);
	assert_string_equal(told, "lost1:7/2e1c +a0@1r +b1@2r -b1@2:7r -a0@1:8r ");
}

static void after_a_gap_the_chunks_list_wins(void **state)
{
	(void)state;
	ctrace_block_begin(block, a, at(1));
	ctrace_block_begin(block, b, at(2));
	ctrace_writer_seal(&made.writer, block);
	ctrace_block_end(block, b, at(3));
	ctrace_block_begin(block, c, at(4));
	ctrace_writer_seal(&made.writer, block);
	ctrace_block_end(block, c, at(7));
	ctrace_block_end(block, a, at(8));
	ctrace_fixture_open(&made);
	assert_int_equal(replay(2), 1);
	assert_string_equal(told, "+a0@1 +b1@2 lost2:7/2e1c -b1@2:2c +c1@4r -c1@4:7r -a0@1:8 ");
}

static void time_of_children_is_summed(void **state)
{
	(void)state;
	ctrace_block_begin(block, a, at(1));
	ctrace_block_begin(block, b, at(2));
	ctrace_block_begin(block, c, at(2));
	ctrace_block_end(block, c, at(5));
	ctrace_block_end(block, b, at(6));
	ctrace_block_begin(block, b, at(6));
	ctrace_block_end(block, b, at(8));
	ctrace_block_end(block, a, at(10));
	expect("+a0@1 +b1@2 +c2@2 -c2@2:5 -b1@2:6 +b1@6 -b1@6:8 -a0@1:10 ", 0);
}

static void as_many_spans_as_allowed_may_be_open(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CTRACE_OPEN_SPANS_MAX; i++) {
		ctrace_block_begin(block, a, at(i));
	}
	ctrace_writer_seal(&made.writer, block);
	for (unsigned i = 0; i < CTRACE_OPEN_SPANS_MAX; i++) {
		ctrace_block_end(block, a, at(CTRACE_OPEN_SPANS_MAX + i));
	}
	ctrace_fixture_open(&made);
	assert_int_equal(replay(0), 0);
	assert_non_null(strstr(told, "+a1023@1023 -a1023@1023:1024 "));
	assert_non_null(strstr(told, "-a0@0:2047 "));
}

static void stream_without_events_says_nothing(void **state)
{
	(void)state;
	expect("", 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(nested_spans_close_inside_out),
		TEST(named_end_closes_what_was_left_open_inside),
		TEST(named_end_closes_the_innermost_of_its_name),
		TEST(end_with_nothing_open_began_before),
		TEST(end_of_a_name_that_is_not_open_leaves_all_open),
		TEST(open_spans_are_unfinished_at_the_traces_end),
		TEST(spans_go_on_over_chunks),
		TEST(first_chunk_restates_what_is_open),
		TEST(after_a_gap_the_chunks_list_wins),
		TEST(time_of_children_is_summed),
		TEST(as_many_spans_as_allowed_may_be_open),
		TEST(stream_without_events_says_nothing),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
