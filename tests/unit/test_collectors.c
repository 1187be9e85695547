/* SPDX-License-Identifier: MIT */

/* What TRACE_GC_BEGIN and its relatives leave in a trace. */

#include "tests/unit/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct recorded recorded;

static void assert_kinds(const uint32_t *kinds, uint32_t count)
{
	assert_int_equal(recorded.count, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(recorded.events[i].kind, kinds[i]);
	}
}

static void assert_numbers(unsigned event, uint64_t first, uint64_t second)
{
	assert_int_equal(recorded.events[event].numbers[0], first);
	if (recorded.events[event].count > 1) {
		assert_int_equal(recorded.events[event].numbers[1], second);
	}
}

static void collect(void)
{
	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	TRACE_GC_BEGIN(CTRACE_GC_MARK);
	TRACE_GC_END(0, 0);
	TRACE_GC_END(UINT64_MAX, 4096);
	TRACE_GC_HEAP(1u << 20);
}

static void a_collection_is_recorded_with_its_parts_and_bytes(void **state)
{
	static const uint32_t kinds[] = {CTRACE_KIND_GC_BEGIN, CTRACE_KIND_GC_BEGIN,
					 CTRACE_KIND_GC_END, CTRACE_KIND_GC_END,
					 CTRACE_KIND_GC_HEAP};

	(void)state;
	recorded_start(&recorded, NULL);
	collect();
	recorded_stop(&recorded);
	assert_kinds(kinds, 5);
	assert_numbers(0, CTRACE_GC_FULL, 0);
	assert_numbers(1, CTRACE_GC_MARK, 0);
	assert_numbers(2, 0, 0);
	assert_numbers(3, UINT64_MAX, 4096);
	assert_numbers(4, 1u << 20, 0);
	recorded_free(&recorded);
}

static void kinds_have_the_numbers_of_the_format(void **state)
{
	static const enum ctrace_gc_kind kinds[] = {
		CTRACE_GC_FULL,	    CTRACE_GC_MINOR,	CTRACE_GC_STEP, CTRACE_GC_WORLD_STOPPED,
		CTRACE_GC_STOPPING, CTRACE_GC_STARTING, CTRACE_GC_MARK, CTRACE_GC_RECLAIM,
	};

	(void)state;
	recorded_start(&recorded, NULL);
	for (unsigned i = 0; i < 8; i++) {
		TRACE_GC_BEGIN(kinds[i]);
	}
	TRACE_GC_BEGIN(1000); /* no number of the format: unknown */
	for (unsigned i = 0; i < 9; i++) {
		TRACE_GC_END(0, 0);
	}
	recorded_stop(&recorded);
	for (unsigned i = 0; i < 8; i++) {
		assert_numbers(i, i + 1, 0);
	}
	assert_numbers(8, 255, 0);
	recorded_free(&recorded);
}

static void collections_nest_among_spans(void **state)
{
	static const uint32_t kinds[] = {CTRACE_KIND_SPAN_BEGIN, CTRACE_KIND_GC_BEGIN,
					 CTRACE_KIND_SPAN_BEGIN, CTRACE_KIND_SPAN_END,
					 CTRACE_KIND_GC_END,	 CTRACE_KIND_SPAN_END};

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_BEGIN("request");
	TRACE_GC_BEGIN(CTRACE_GC_STEP);
	TRACE_BEGIN("finalizers");
	TRACE_END();
	TRACE_GC_END(10, 20);
	TRACE_END();
	recorded_stop(&recorded);
	assert_kinds(kinds, 6);
	assert_numbers(4, 10, 20);
	recorded_free(&recorded);
}

static void the_wrong_end_closes_what_was_opened_last(void **state)
{
	static const uint32_t kinds[] = {CTRACE_KIND_GC_BEGIN,	 CTRACE_KIND_GC_END,
					 CTRACE_KIND_SPAN_BEGIN, CTRACE_KIND_SPAN_END,
					 CTRACE_KIND_GC_BEGIN,	 CTRACE_KIND_GC_END,
					 CTRACE_KIND_SPAN_BEGIN, CTRACE_KIND_SPAN_END};

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	TRACE_END();
	TRACE_BEGIN("span");
	TRACE_GC_END(1, 2);
	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	TRACE_NEXT("next");
	TRACE_END();
	TRACE_GC_END(3, 4); /* nothing is open */
	recorded_stop(&recorded);
	assert_kinds(kinds, 8);
	recorded_free(&recorded);
}

static void an_end_closes_only_what_its_begin_opened(void **state)
{
	(void)state;
	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	recorded_start(&recorded, NULL);
	TRACE_GC_BEGIN(CTRACE_GC_MARK);
	TRACE_GC_END(0, 0);
	TRACE_GC_END(0, 0); /* off when it began */
	recorded_stop(&recorded);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_GC_BEGIN, NULL), 1);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_GC_END, NULL), 1);
	recorded_free(&recorded);
}

static void collectors_are_of_the_category_gc(void **state)
{
	(void)state;
	recorded_start(&recorded, "-gc");
	collect();
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 0);
	recorded_free(&recorded);
	recorded_start(&recorded, "gc");
	collect();
	TRACE_INSTANT("other");
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 5);
	recorded_free(&recorded);
}

/* Another recording keeps the sites on, so that rings hold what this one does not want. */
static void toggling_in_the_middle_of_collections_keeps_them_balanced(void **state)
{
	static const uint32_t kinds[] = {CTRACE_KIND_GC_BEGIN, CTRACE_KIND_GC_BEGIN,
					 CTRACE_KIND_GC_END, CTRACE_KIND_GC_END};

	(void)state;
	assert_int_equal(ctrace_flight_start(NULL), 0);
	recorded_start(&recorded, NULL);
	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	TRACE_GC_BEGIN(CTRACE_GC_WORLD_STOPPED);
	recorded_collect_now();
	ctrace_categories("-gc");
	TRACE_GC_BEGIN(CTRACE_GC_MARK);
	recorded_collect_now();
	ctrace_categories("*");
	TRACE_GC_END(1, 0); /* its begin was not wanted */
	TRACE_GC_END(2, 0);
	recorded_collect_now();
	ctrace_categories("-gc");
	TRACE_GC_END(3, 0); /* but the begin was */
	recorded_stop(&recorded);
	ctrace_categories(NULL);
	assert_int_equal(ctrace_flight_stop(), 0);
	assert_kinds(kinds, 4);
	assert_numbers(2, 2, 0);
	assert_numbers(3, 3, 0);
	recorded_free(&recorded);
}

static uint64_t evaluated;

static uint64_t evaluate(void)
{
	return ++evaluated;
}

static void off_evaluates_no_argument(void **state)
{
	(void)state;
	recorded_start(&recorded, "other");
	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	TRACE_GC_HEAP(evaluate());
	TRACE_GC_END(0, 0);
	recorded_stop(&recorded);
	assert_int_equal(evaluated, 0);
	assert_int_equal(recorded.count, 0);
	recorded_free(&recorded);
}

static uint32_t last_of(uint32_t kind)
{
	uint32_t i = recorded.count - 1;

	while (i > 0 && recorded.events[i].kind != kind) {
		i--;
	}
	return i;
}

static void ends_of_collections_find_room_in_a_full_ring(void **state)
{
	uint32_t begins, ends;

	(void)state;
	recorded_start(&recorded, NULL);
	recorded_stall(true);
	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	TRACE_GC_BEGIN(CTRACE_GC_MARK);
	for (unsigned i = 0; i < 1000000; i++) {
		TRACE_INSTANT("fill", TRACE_U64("i", i));
	}
	TRACE_GC_BEGIN(CTRACE_GC_RECLAIM); /* lost, and its end with it */
	TRACE_GC_END(1, 1);
	TRACE_GC_END(2, 2);
	TRACE_GC_END(3, 3);
	recorded_stall(false);
	recorded_stop(&recorded);
	assert_true(recorded_lost(&recorded) > 0);
	begins = recorded_count(&recorded, CTRACE_KIND_GC_BEGIN, NULL);
	ends = recorded_count(&recorded, CTRACE_KIND_GC_END, NULL);
	assert_int_equal(begins, 2);
	assert_int_equal(ends, 2);
	assert_numbers(last_of(CTRACE_KIND_GC_END), 3, 3);
	recorded_free(&recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_collection_is_recorded_with_its_parts_and_bytes),
		cmocka_unit_test(kinds_have_the_numbers_of_the_format),
		cmocka_unit_test(collections_nest_among_spans),
		cmocka_unit_test(the_wrong_end_closes_what_was_opened_last),
		cmocka_unit_test(an_end_closes_only_what_its_begin_opened),
		cmocka_unit_test(collectors_are_of_the_category_gc),
		cmocka_unit_test(toggling_in_the_middle_of_collections_keeps_them_balanced),
		cmocka_unit_test(off_evaluates_no_argument),
		cmocka_unit_test(ends_of_collections_find_room_in_a_full_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
