/* SPDX-License-Identifier: MIT */

/* What each macro of <ctrace/trace.h> leaves in a trace, and what it leaves alone. */

#include "tests/unit/recorded.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct recorded recorded;

static void one_span(void)
{
	TRACE_SPAN("outer");
	{
		TRACE_SPAN_C("db", "inner");
	}
	TRACE_INSTANT("after");
}

static void spans_close_at_the_end_of_their_scope(void **state)
{
	static const uint32_t kinds[] = {CTRACE_KIND_SPAN_BEGIN, CTRACE_KIND_SPAN_BEGIN,
					 CTRACE_KIND_SPAN_END, CTRACE_KIND_INSTANT,
					 CTRACE_KIND_SPAN_END};

	(void)state;
	recorded_start(&recorded, NULL);
	one_span();
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(recorded.events[i].kind, kinds[i]);
	}
	assert_memory_equal(recorded_named(&recorded, "inner")->category.bytes, "db", 2);
	assert_memory_equal(recorded_named(&recorded, "outer")->category.bytes, "app", 3);
	recorded_free(&recorded);
}

static void every_type_of_argument_comes_back(void **state)
{
	double real;
	const struct recorded_event *event;

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("all", TRACE_I64("i", INT64_MIN), TRACE_U64("u", UINT64_MAX),
		      TRACE_F64("f", -0.5), TRACE_BOOL("b", 17), TRACE_PTR("p", &recorded),
		      TRACE_HEX("h", 0xdead), TRACE_STR("s", "text"), TRACE_STRN("n", "abcdef", 3));
	recorded_stop(&recorded);
	event = recorded_named(&recorded, "all");
	assert_non_null(event);
	assert_int_equal(event->count, 8);
	for (unsigned i = 0; i < 8; i++) {
		static const uint8_t types[] = {CTRACE_ARG_I64,	 CTRACE_ARG_U64, CTRACE_ARG_F64,
						CTRACE_ARG_BOOL, CTRACE_ARG_PTR, CTRACE_ARG_HEX,
						CTRACE_ARG_STR,	 CTRACE_ARG_STR};
		assert_int_equal(event->types[i], types[i]);
	}
	memcpy(&real, &event->numbers[2], sizeof(real));
	assert_true(event->numbers[0] == (uint64_t)INT64_MIN && event->numbers[1] == UINT64_MAX);
	assert_true(real > -0.51 && real < -0.49);
	assert_int_equal(event->numbers[3], 1);
	assert_int_equal(event->numbers[4], (uintptr_t)&recorded);
	assert_int_equal(event->numbers[5], 0xdead);
	assert_int_equal(event->numbers[6], 4);
	assert_string_equal(event->text, "abc");
	recorded_free(&recorded);
}

static void spans_carry_arguments_too(void **state)
{
	(void)state;
	recorded_start(&recorded, NULL);
	{
		TRACE_SPAN("query", TRACE_STR("sql", "select 1"), TRACE_I64("rows", -3));
	}
	TRACE_BEGIN("begun", TRACE_U64("n", 9));
	TRACE_NEXT("next", TRACE_U64("n", 10));
	TRACE_END();
	recorded_stop(&recorded);
	assert_string_equal(recorded_named(&recorded, "query")->text, "select 1");
	assert_int_equal((int64_t)recorded_named(&recorded, "query")->numbers[1], -3);
	assert_int_equal(recorded_named(&recorded, "begun")->numbers[0], 9);
	assert_int_equal(recorded_named(&recorded, "next")->numbers[0], 10);
	recorded_free(&recorded);
}

static void strings_may_be_null_and_are_cut_at_1024(void **state)
{
	static char longer[2000];
	const char *none = NULL;

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("null", TRACE_STR("s", none));
	TRACE_INSTANT("empty", TRACE_STR("s", ""));
	TRACE_INSTANT("long", TRACE_STR("s", longer));
	recorded_stop(&recorded);
	assert_string_equal(recorded_named(&recorded, "null")->text, "(null)");
	assert_int_equal(recorded_named(&recorded, "empty")->numbers[0], 0);
	assert_int_equal(recorded_named(&recorded, "long")->numbers[0], 1024);
	recorded_free(&recorded);
}

static void a_counter_has_the_type_of_its_value(void **state)
{
	double real;

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_COUNTER("signed", -1);
	TRACE_COUNTER("unsigned", (unsigned char)200);
	TRACE_COUNTER("size", sizeof(int));
	TRACE_COUNTER("float", 1.5f);
	TRACE_COUNTER_C("mem", "double", 2.5);
	recorded_stop(&recorded);
	assert_int_equal(recorded_named(&recorded, "signed")->types[0], CTRACE_ARG_I64);
	assert_int_equal((int64_t)recorded_named(&recorded, "signed")->numbers[0], -1);
	assert_int_equal(recorded_named(&recorded, "unsigned")->types[0], CTRACE_ARG_U64);
	assert_int_equal(recorded_named(&recorded, "unsigned")->numbers[0], 200);
	assert_int_equal(recorded_named(&recorded, "size")->numbers[0], sizeof(int));
	assert_int_equal(recorded_named(&recorded, "float")->types[0], CTRACE_ARG_F64);
	memcpy(&real, &recorded_named(&recorded, "double")->numbers[0], sizeof(real));
	assert_true(real > 2.4 && real < 2.6);
	recorded_free(&recorded);
}

static void a_log_is_formatted_as_printf_would(void **state)
{
	char longer[1500];

	(void)state;
	memset(longer, 'y', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	recorded_start(&recorded, NULL);
	TRACE_LOG("log", "%d of %s, %5.2f%%, %#x", 3, "four", 75.0, 255U);
	TRACE_LOG("log", "long %s", longer);
	recorded_stop(&recorded);
	assert_string_equal(recorded_named(&recorded, "%d of %s, %5.2f%%, %#x")->text,
			    "3 of four, 75.00%, 0xff");
	assert_int_equal(recorded_named(&recorded, "long %s")->numbers[0], 1023);
	recorded_free(&recorded);
}

static void visit(uint64_t id)
{
	TRACE_TASK_SCOPE(id);
	TRACE_TASK_STEP(id, "half", TRACE_I64("percent", 50));
}

static void tasks_and_flows_are_recorded(void **state)
{
	uint64_t id = ctrace_task_id(), child = ctrace_task_id();
	const struct recorded_event *begin;

	(void)state;
	assert_true(id != 0 && child != id);
	recorded_start(&recorded, NULL);
	TRACE_TASK_BEGIN(id, 0, "parent");
	TRACE_TASK_BEGIN(child, id, "child", TRACE_STR("who", "me"));
	visit(child);
	TRACE_TASK_ENTER(id);
	TRACE_TASK_LEAVE(id);
	TRACE_FLOW_OUT(7);
	TRACE_FLOW_STEP(7);
	TRACE_FLOW_IN(7);
	TRACE_TASK_END(child);
	recorded_stop(&recorded);
	begin = recorded_named(&recorded, "child");
	assert_int_equal(begin->kind, CTRACE_KIND_TASK_BEGIN);
	assert_int_equal(begin->numbers[0], child);
	assert_int_equal(begin->numbers[1], id);
	assert_string_equal(begin->text, "me");
	assert_int_equal(recorded_named(&recorded, "half")->numbers[1], 50);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_TASK_ENTER, NULL), 2);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_TASK_LEAVE, NULL), 2);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_TASK_END, NULL), 1);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_FLOW_OUT, NULL), 1);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_FLOW_STEP, NULL), 1);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_FLOW_IN, NULL), 1);
	recorded_free(&recorded);
}

static void names_set_before_recording_show_in_it(void **state)
{
	struct ctrace_bytes name;
	uint32_t count;

	(void)state;
	TRACE_THREAD_NAME("early bird");
	TRACE_PROCESS_NAME("the program");
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("x");
	recorded_stop(&recorded);
	assert_int_equal(recorded.threads_count, 1);
	name = ctrace_trace_string(recorded.trace, recorded.threads[0].name);
	assert_int_equal(name.size, 10);
	assert_memory_equal(name.bytes, "early bird", 10);
	name = ctrace_trace_string(recorded.trace,
				   ctrace_trace_processes(recorded.trace, &count)->name);
	assert_memory_equal(name.bytes, "the program", 11);
	recorded_free(&recorded);
}

static void a_name_set_while_recording_is_an_event(void **state)
{
	(void)state;
	recorded_start(&recorded, "nothing");
	TRACE_THREAD_NAME("late \"bird\" \xf0\x9f\x90\xa6 \xff");
	TRACE_PROCESS_NAME("</script>");
	TRACE_INSTANT("not this");
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 2);
	assert_int_equal(recorded.events[0].kind, CTRACE_KIND_THREAD_NAME);
	assert_string_equal(recorded.events[0].text, "late \"bird\" \xf0\x9f\x90\xa6 \xff");
	assert_int_equal(recorded.events[1].kind, CTRACE_KIND_PROCESS_NAME);
	recorded_free(&recorded);
}

static void names_may_hold_any_byte(void **state)
{
	const struct recorded_event *event;

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("nul\0inside \"quoted\" \xff </script> \xf0\x9f\x98\x80");
	recorded_stop(&recorded);
	event = &recorded.events[0];
	assert_int_equal(event->name.size,
			 sizeof("nul\0inside \"quoted\" \xff </script> \xf0\x9f\x98\x80") - 1);
	assert_memory_equal(event->name.bytes, "nul\0inside", 10);
	recorded_free(&recorded);
}

static int evaluated;

static int evaluate(void)
{
	return ++evaluated;
}

static void off_evaluates_no_argument(void **state)
{
	(void)state;
	evaluated = 0;
	TRACE_INSTANT("off", TRACE_I64("n", evaluate()));
	TRACE_COUNTER("off", evaluate());
	TRACE_LOG("log", "%d", evaluate());
	assert_int_equal(evaluated, 0);
	recorded_start(&recorded, "other");
	TRACE_INSTANT("off", TRACE_I64("n", evaluate()));
	recorded_stop(&recorded);
	assert_int_equal(evaluated, 0);
	assert_int_equal(recorded.count, 0);
	recorded_free(&recorded);
}

static void enabled_follows_the_categories(void **state)
{
	(void)state;
	assert_false(TRACE_ENABLED("db"));
	recorded_start(&recorded, "db,cache*");
	assert_true(TRACE_ENABLED("db"));
	assert_true(TRACE_ENABLED("cache.l2"));
	assert_false(TRACE_ENABLED("http"));
	ctrace_categories("-db");
	assert_false(TRACE_ENABLED("db"));
	ctrace_categories(NULL);
	recorded_stop(&recorded);
	assert_false(TRACE_ENABLED("db"));
	assert_int_equal(recorded.count, 0);
	recorded_free(&recorded);
}

/* Begins and ends of each name match, and no depth is below zero. */
static void assert_balanced(void)
{
	int depth = 0;

	for (uint32_t i = 0; i < recorded.count; i++) {
		depth += recorded.events[i].kind == CTRACE_KIND_SPAN_BEGIN;
		depth -= recorded.events[i].kind == CTRACE_KIND_SPAN_END;
		assert_true(depth >= 0);
	}
	assert_int_equal(depth, 0);
}

static void toggle_inside(const char *list)
{
	TRACE_SPAN_C("a", "around");
	TRACE_BEGIN_C("b", "begun");
	ctrace_categories(list);
	{
		TRACE_SPAN_C("b", "within");
		TRACE_BEGIN_C("a", "deep");
		ctrace_categories("*");
		TRACE_END();
	}
	TRACE_END();
}

static void toggling_in_the_middle_of_spans_keeps_them_balanced(void **state)
{
	static const char *const lists[] = {"a", "b", "none", "*", "-a", "-b"};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		recorded_start(&recorded, lists[5 - i]);
		toggle_inside(lists[i]);
		recorded_stop(&recorded);
		ctrace_categories(NULL);
		assert_balanced();
		recorded_free(&recorded);
	}
}

static void an_end_closes_only_what_its_begin_opened(void **state)
{
	(void)state;
	TRACE_BEGIN("before recording");
	recorded_start(&recorded, NULL);
	TRACE_END();
	TRACE_END();
	TRACE_BEGIN("first");
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 1);
	recorded_free(&recorded);

	TRACE_BEGIN("between, off");
	recorded_start(&recorded, NULL);
	TRACE_BEGIN("second");
	TRACE_END();
	TRACE_END(); /* between, off */
	TRACE_END(); /* first: was recorded, in the trace before */
	TRACE_END();
	recorded_stop(&recorded);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_BEGIN, NULL), 1);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_END, NULL), 2);
	recorded_free(&recorded);
}

static void next_closes_and_opens_at_one_time(void **state)
{
	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_NEXT("one");
	TRACE_NEXT("two");
	TRACE_NEXT("three");
	TRACE_END();
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 6);
	assert_balanced();
	assert_true(recorded.events[1].ticks == recorded.events[2].ticks);
	assert_true(recorded.events[3].ticks == recorded.events[4].ticks);
	recorded_free(&recorded);
}

static void errno_is_kept(void **state)
{
	(void)state;
	recorded_start(&recorded, NULL);
	errno = ENOTTY;
	TRACE_INSTANT("first event of a thread maps its ring", TRACE_STR("s", "x"));
	one_span();
	TRACE_LOG("log", "%f", 1.0);
	TRACE_THREAD_NAME("main");
	ctrace_categories("*");
	assert_int_equal(errno, ENOTTY);
	recorded_stop(&recorded);
	recorded_free(&recorded);
}

/* 1,100 open at once; what is deeper than 1,024 is counted, begin and end. */
static void open_deep(unsigned left)
{
	TRACE_SPAN("deep");

	if (left > 1) {
		open_deep(left - 1);
	}
}

static void spans_deeper_than_1024_are_counted_as_lost(void **state)
{
	(void)state;
	recorded_start(&recorded, NULL);
	open_deep(1100);
	one_span();
	for (unsigned i = 0; i < 1100; i++) {
		TRACE_BEGIN("begun");
	}
	for (unsigned i = 0; i < 1100; i++) {
		TRACE_END();
	}
	one_span();
	recorded_stop(&recorded);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_BEGIN, "deep"), 1024);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_BEGIN, "begun"), 1024);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_END, NULL), 2048 + 4);
	assert_int_equal(recorded_lost(&recorded), 2 * 76 + 76);
	recorded_free(&recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_set_before_recording_show_in_it),
		cmocka_unit_test(spans_close_at_the_end_of_their_scope),
		cmocka_unit_test(every_type_of_argument_comes_back),
		cmocka_unit_test(spans_carry_arguments_too),
		cmocka_unit_test(strings_may_be_null_and_are_cut_at_1024),
		cmocka_unit_test(a_counter_has_the_type_of_its_value),
		cmocka_unit_test(a_log_is_formatted_as_printf_would),
		cmocka_unit_test(tasks_and_flows_are_recorded),
		cmocka_unit_test(a_name_set_while_recording_is_an_event),
		cmocka_unit_test(names_may_hold_any_byte),
		cmocka_unit_test(off_evaluates_no_argument),
		cmocka_unit_test(enabled_follows_the_categories),
		cmocka_unit_test(toggling_in_the_middle_of_spans_keeps_them_balanced),
		cmocka_unit_test(an_end_closes_only_what_its_begin_opened),
		cmocka_unit_test(next_closes_and_opens_at_one_time),
		cmocka_unit_test(errno_is_kept),
		cmocka_unit_test(spans_deeper_than_1024_are_counted_as_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
