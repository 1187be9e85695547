/* SPDX-License-Identifier: MIT */

/* The recorder's clock: chosen, forced, snapshot, and what a trace over the fallback looks like. */

#include "tests/unit/recorded.h"
#include "tracer/src/clock/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static void an_unknown_clock_is_refused(void **state)
{
	const struct ctrace_settings settings = {.file = "/dev/null", .clock = "sundial"};

	(void)state;
	assert_int_equal(ctrace_clock_force("sundial"), -EINVAL);
	assert_int_equal(ctrace_start(&settings), -EINVAL);
}

static void a_snapshot_brackets_all_clocks(void **state)
{
	struct ctrace_clock_row first, second;

	(void)state;
	ctrace_clock_snapshot(&first);
	usleep(2000);
	ctrace_clock_snapshot(&second);
	assert_true(second.ticks > first.ticks);
	assert_true(second.raw_ns >= first.raw_ns + 2000000);
	assert_true(second.monotonic_ns >= first.monotonic_ns + 1900000);
	assert_true(second.boottime_ns >= second.monotonic_ns - 1000000);
	assert_true(second.realtime_ns > UINT64_C(1600000000000000000));
}

/* Within a tenth: two snapshots 20 ms apart against the frequency. */
static void the_frequency_is_that_of_the_ticks(void **state)
{
	struct ctrace_clock_row first, second;
	uint64_t frequency = ctrace_clock_frequency();
	uint64_t ticks, ns;

	(void)state;
	ctrace_clock_snapshot(&first);
	usleep(20000);
	ctrace_clock_snapshot(&second);
	ticks = second.ticks - first.ticks;
	ns = second.raw_ns - first.raw_ns;
	assert_true(ticks * 10 > frequency / 1000000 * ns / 1000 * 9);
	assert_true(ticks * 10 < frequency / 1000000 * ns / 1000 * 11);
}

#define GHZ UINT64_C(1000000000)

static bool jumps(uint64_t ticks, uint64_t raw_ns, uint64_t uncertainty)
{
	const struct ctrace_clock_pair then = {.ticks = 5 * GHZ, .raw_ns = 7 * GHZ};
	const struct ctrace_clock_pair now = {.ticks = then.ticks + ticks,
					      .raw_ns = then.raw_ns + raw_ns,
					      .uncertainty = uncertainty};

	return ctrace_clock_has_jumped(&then, &now, 2 * GHZ);
}

static void a_suspend_is_a_jump_and_an_inexact_frequency_is_not(void **state)
{
	(void)state;
	assert_false(jumps(2 * GHZ, GHZ, 50));
	assert_false(jumps(2 * GHZ + 2 * 59000, GHZ, 50));
	assert_true(jumps(2 * GHZ + 2 * 61000, GHZ, 50));
	assert_true(jumps(2 * GHZ - 2 * 61000, GHZ, 50));
	assert_true(jumps(2000, GHZ, 50));
	assert_true(jumps(0, 30 * GHZ, 50));
}

static void a_clock_that_was_not_read_in_one_go_is_not_judged(void **state)
{
	(void)state;
	assert_true(jumps(0, GHZ, 20000));
	assert_false(jumps(0, GHZ, 20001));
}

static void record_two(struct recorded *recorded, enum ctrace_clock_kind kind)
{
	const struct ctrace_clock_row *rows;
	uint32_t count;
	uint64_t apart;

	TRACE_INSTANT("one");
	usleep(5000);
	TRACE_INSTANT("two");
	recorded_stop(recorded);
	assert_int_equal(ctrace_trace_info(recorded->trace)->clock_kind, kind);
	rows = ctrace_trace_clocks(recorded->trace, &count);
	assert_true(count >= 2 && rows[1].ticks > rows[0].ticks);
	apart = ctrace_trace_ns(recorded->trace, recorded->events[1].ticks) -
		ctrace_trace_ns(recorded->trace, recorded->events[0].ticks);
	assert_true(apart >= 4900000 && apart < UINT64_C(60000000000));
	recorded_free(recorded);
}

static void the_fallback_records_as_well(void **state)
{
	struct recorded recorded;
	struct ctrace_settings settings = {.clock = "monotonic_raw"};

	(void)state;
	recorded_path(&recorded);
	settings.file = recorded.path;
	assert_int_equal(ctrace_start(&settings), 0);
	record_two(&recorded, CTRACE_CLOCK_MONOTONIC_RAW);
}

static void a_clock_cannot_be_changed_once_there_were_events(void **state)
{
	const struct ctrace_settings settings = {.file = "/dev/null", .clock = "tsc"};
	struct recorded recorded;

	(void)state;
	assert_int_equal(ctrace_start(&settings), -EBUSY);
	recorded_start(&recorded, NULL);
	record_two(&recorded, CTRACE_CLOCK_MONOTONIC_RAW);
}

static void fill_inside_two(void)
{
	TRACE_SPAN("outer");
	{
		TRACE_SPAN("inner");

		for (unsigned i = 0; i < 40000; i++) {
			TRACE_INSTANT("filler");
		}
	}
}

/* Over this clock every event takes the slow path, which keeps room for ends as the fast one does.
 */
static void open_spans_get_their_ends_over_the_fallback_too(void **state)
{
	struct recorded recorded;

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("first");
	recorded_stall(true);
	fill_inside_two();
	recorded_stall(false);
	recorded_stop(&recorded);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_BEGIN, NULL), 2);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_END, NULL), 2);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), 1 + 40000 + 4);
	assert_true(recorded_lost(&recorded) > 0);
	recorded_free(&recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_clock_is_refused),
		cmocka_unit_test(a_snapshot_brackets_all_clocks),
		cmocka_unit_test(the_frequency_is_that_of_the_ticks),
		cmocka_unit_test(a_suspend_is_a_jump_and_an_inexact_frequency_is_not),
		cmocka_unit_test(a_clock_that_was_not_read_in_one_go_is_not_judged),
		cmocka_unit_test(the_fallback_records_as_well),
		cmocka_unit_test(a_clock_cannot_be_changed_once_there_were_events),
		cmocka_unit_test(open_spans_get_their_ends_over_the_fallback_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
