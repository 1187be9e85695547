/* SPDX-License-Identifier: MIT */
/* Where threads slept: which look tells of which sleep, and that no time is lost or counted twice.
 */

#include "tests/unit/kernel_stage.h"
#include "tests/unit/trace_maker.h"

#include "viewer-server/analysis/sleep_sums.h"
#include "viewer-server/model/ask/sleeps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAIN	CTRACE_STORY_MAIN
#define WORKER	CTRACE_STORY_WORKER
#define WATCHER 5u /* a buffer of no CPU: of who looked */
#define ROUNDS	60

/* Stacks, each of one function. */
#define HERE  1u
#define THERE 2u

static void add_stack(uint32_t number, const char *function)
{
	struct ctrace_writer *writer = &ctrace_stage.made.writer;
	const struct ctrace_stack_row stack = {.stack = number, .frame = number};
	struct ctrace_frame_row frame = {.frame = number, .line = 7};

	frame.function = ctrace_writer_string(writer, function, (uint32_t)strlen(function));
	assert_int_equal(ctrace_writer_frame(writer, &frame), CTRACE_OK);
	assert_int_equal(ctrace_writer_stack(writer, &stack), CTRACE_OK);
}

static struct ctrace_block *watcher(void)
{
	return &ctrace_stage.made.blocks[WATCHER];
}

static int start(void **state)
{
	struct ctrace_buffer_row row = {.stream = WATCHER, .cpu = CTRACE_NO_CPU};
	int status = ctrace_stage_begin(state);

	row.source = ctrace_writer_string(&ctrace_stage.made.writer, "looks", 5);
	assert_int_equal(ctrace_writer_buffer(&ctrace_stage.made.writer, &row), CTRACE_OK);
	assert_int_equal(ctrace_block_init(watcher(), WATCHER, CTRACE_FIXTURE_BASE), CTRACE_OK);
	add_stack(HERE, "here");
	add_stack(THERE, "there");
	return status;
}

static void look(uint64_t ns, uint64_t tid, enum ctrace_run_state state, uint32_t stack)
{
	const struct ctrace_thread_stack seen = {tid, state, stack};

	ctrace_block_thread_stack(watcher(), CTRACE_FIXTURE_BASE + ns, &seen);
}

/* main runs 100-200, sleeps 200-500, runs to 600, sleeps 600-900 in the kernel, runs to 1000; the
 * worker sleeps 300-800. */
static void tell_switches(void)
{
	struct ctrace_made_trace *made = &ctrace_stage.made;

	ctrace_story_switch(made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(made, 0, 200, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(made, 0, 500, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(made, 0, 600, MAIN, CTRACE_RUN_UNINTERRUPTIBLE, 0);
	ctrace_story_switch(made, 0, 900, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(made, 0, 1000, MAIN, CTRACE_RUN_DEAD, 0);
	ctrace_story_switch(made, 1, 250, 0, CTRACE_RUN_IDLE, WORKER);
	ctrace_story_switch(made, 1, 300, WORKER, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(made, 1, 800, 0, CTRACE_RUN_IDLE, WORKER);
	ctrace_story_switch(made, 1, 1000, WORKER, CTRACE_RUN_DEAD, 0);
}

static uint32_t track_of(uint64_t tid)
{
	for (uint32_t i = 0; i < ctrace_stage.model->track_count; i++) {
		if (ctrace_stage.model->tracks[i].kind == CTRACE_TRACK_THREAD &&
		    ctrace_stage.model->tracks[i].tid == tid) {
			return i;
		}
	}
	fail_msg("no such thread");
	return 0;
}

static struct ctrace_sleep_sums sums_of(uint32_t track, uint64_t begin, uint64_t end)
{
	const struct ctrace_sleep_settings settings = {.start = begin, .end = end, .track = track};
	struct ctrace_sleep_sums sums;

	assert_int_equal(ctrace_sleep_sums_init(&sums, ctrace_stage.model, &settings), CTRACE_OK);
	return sums;
}

static const struct ctrace_sleep_row *row_of(const struct ctrace_sleep_sums *sums, uint32_t stack)
{
	for (uint32_t i = 0; i < sums->count; i++) {
		if (sums->rows[i].stack == stack) {
			return &sums->rows[i];
		}
	}
	fail_msg("nobody slept there");
	return NULL;
}

static void a_sleep_counts_whole_and_once_where_it_was_first_looked_at(void **state)
{
	struct ctrace_sleep_sums sums;

	(void)state;
	look(310, MAIN, CTRACE_RUN_SLEEPING, HERE);
	look(320, MAIN, CTRACE_RUN_SLEEPING, THERE);
	look(480, MAIN, CTRACE_RUN_SLEEPING, THERE);
	look(700, MAIN, CTRACE_RUN_UNINTERRUPTIBLE, THERE);
	tell_switches();
	ctrace_stage_tell();
	sums = sums_of(track_of(MAIN), 0, UINT64_MAX);
	assert_int_equal(sums.count, 2);
	assert_int_equal(row_of(&sums, HERE)->sum.total, 300);
	assert_int_equal(row_of(&sums, HERE)->sum.count, 1);
	assert_int_equal(row_of(&sums, THERE)->sum.total, 300);
	assert_int_equal(row_of(&sums, THERE)->sum.count, 1);
	assert_int_equal(sums.all.estimated, 0);
	ctrace_sleep_sums_finish(&sums);
}

static void what_nobody_looked_at_is_counted_apart(void **state)
{
	struct ctrace_sleep_sums sums;

	(void)state;
	look(310, MAIN, CTRACE_RUN_SLEEPING, HERE);
	tell_switches();
	ctrace_stage_tell();
	sums = sums_of(CTRACE_NONE, 0, UINT64_MAX);
	assert_int_equal(sums.all.total, 300 + 300 + 500);
	assert_int_equal(sums.all.count, 3);
	assert_int_equal(sums.not_looked.total, 300 + 500);
	assert_int_equal(sums.not_looked.count, 2);
	assert_int_equal(sums.threads, 2);
	ctrace_sleep_sums_finish(&sums);
}

static void sleeps_are_cut_to_the_range(void **state)
{
	struct ctrace_sleep_sums sums;

	(void)state;
	look(310, MAIN, CTRACE_RUN_SLEEPING, HERE);
	tell_switches();
	ctrace_stage_tell();
	sums = sums_of(track_of(MAIN), 400, 650);
	assert_int_equal(row_of(&sums, HERE)->sum.total, 100);
	assert_int_equal(sums.not_looked.total, 50);
	ctrace_sleep_sums_finish(&sums);
	sums = sums_of(track_of(MAIN), 510, 590);
	assert_int_equal(sums.all.total, 0);
	ctrace_sleep_sums_finish(&sums);
}

/* A look that says the thread ran was early or late: it tells nothing of a sleep. */
static void a_look_that_found_the_thread_running_tells_of_no_sleep(void **state)
{
	struct ctrace_sleep_sums sums;

	(void)state;
	look(210, MAIN, CTRACE_RUN_YIELDED, THERE);
	look(220, MAIN, CTRACE_RUN_SLEEPING, 0);
	look(230, MAIN, CTRACE_RUN_SLEEPING, HERE);
	tell_switches();
	ctrace_stage_tell();
	sums = sums_of(track_of(MAIN), 0, UINT64_MAX);
	assert_int_equal(sums.count, 1);
	assert_int_equal(row_of(&sums, HERE)->sum.total, 300);
	ctrace_sleep_sums_finish(&sums);
}

#define SECOND UINT64_C(1000000000)

static void without_switches_a_look_stands_for_the_time_since_the_one_before(void **state)
{
	struct ctrace_sleep_sums sums;

	(void)state;
	look(400, MAIN, CTRACE_RUN_SLEEPING, HERE);
	look(500, MAIN, CTRACE_RUN_YIELDED, HERE);
	look(650, MAIN, CTRACE_RUN_SLEEPING, HERE);
	look(5 * SECOND, MAIN, CTRACE_RUN_SLEEPING, THERE);
	ctrace_stage_tell();
	sums = sums_of(track_of(MAIN), 0, UINT64_MAX);
	assert_int_equal(row_of(&sums, HERE)->sum.total, 400 + 150);
	assert_int_equal(row_of(&sums, THERE)->sum.total, SECOND);
	assert_int_equal(sums.all.estimated, 400 + 150 + SECOND);
	assert_int_equal(sums.not_looked.total, 0);
	ctrace_sleep_sums_finish(&sums);
	sums = sums_of(track_of(MAIN), 300, 600);
	assert_int_equal(row_of(&sums, HERE)->sum.total, 100 + 100);
	ctrace_sleep_sums_finish(&sums);
}

static void an_estimate_is_less_what_samples_found_the_thread_running(void **state)
{
	const struct ctrace_sample sample = {0, 0, 100, HERE};
	struct ctrace_sleep_sums sums;

	(void)state;
	look(400, MAIN, CTRACE_RUN_SLEEPING, HERE);
	look(700, MAIN, CTRACE_RUN_SLEEPING, HERE);
	for (uint64_t ns = 500; ns <= 800; ns += 100) {
		ctrace_block_sample(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + ns,
				    &sample);
	}
	look(750, MAIN, CTRACE_RUN_SLEEPING, THERE);
	ctrace_stage_tell();
	sums = sums_of(track_of(MAIN), 0, UINT64_MAX);
	assert_int_equal(row_of(&sums, HERE)->sum.total, 400 + 300 - 2 * 100);
	assert_int_equal(sums.all.total, 400 + 300 - 2 * 100);
	ctrace_sleep_sums_finish(&sums);
}

static void a_look_in_the_threads_own_stream_tells_the_same(void **state)
{
	const struct ctrace_thread_stack own = {0, CTRACE_RUN_SLEEPING, THERE};
	struct ctrace_sleep_sums sums;

	(void)state;
	look(310, MAIN, CTRACE_RUN_SLEEPING, HERE);
	ctrace_block_thread_stack(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + 300, &own);
	ctrace_block_thread_stack(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + 320, &own);
	tell_switches();
	ctrace_stage_tell();
	sums = sums_of(track_of(MAIN), 0, UINT64_MAX);
	assert_int_equal(row_of(&sums, THERE)->sum.total, 300);
	assert_int_equal(ctrace_stage.model->tracks[track_of(MAIN)].looks, 3);
	ctrace_sleep_sums_finish(&sums);
}

static void looks_that_are_lost_hide_no_state(void **state)
{
	struct ctrace_sleep_sums sums;

	(void)state;
	look(310, MAIN, CTRACE_RUN_SLEEPING, HERE);
	ctrace_block_lost(watcher(), CTRACE_FIXTURE_BASE + 700, CTRACE_LOSS_KERNEL_FULL, 9,
			  CTRACE_FIXTURE_BASE + 350);
	tell_switches();
	ctrace_stage_tell();
	sums = sums_of(track_of(MAIN), 0, UINT64_MAX);
	assert_int_equal(sums.all.total, 600);
	ctrace_sleep_sums_finish(&sums);
}

static void who_is_no_thread_has_no_sleeps(void **state)
{
	const struct ctrace_sleep_settings settings = {.end = UINT64_MAX, .track = 0};
	struct ctrace_sleep_sums sums;

	(void)state;
	tell_switches();
	ctrace_stage_tell();
	assert_int_equal(ctrace_sleep_sums_init(&sums, ctrace_stage.model, &settings),
			 CTRACE_ERR_NOT_FOUND);
	ctrace_sleep_sums_finish(&sums);
}

/* ---- Random stories ------------------------------------------------------------- */

/* ns of its lane of states that the thread waited in the range. */
static uint64_t waited(const struct ctrace_model_stream *stream, uint64_t begin, uint64_t end)
{
	const struct ctrace_lane *lane;
	uint64_t sum = 0;

	if (stream->state_lane == CTRACE_NONE) {
		return 0;
	}
	lane = &ctrace_stage.model->lanes[stream->state_lane];
	for (uint32_t i = 0; i < lane->count; i++) {
		unsigned doing = ctrace_lane_name(lane, i) - CTRACE_NAME_STATE;
		const struct ctrace_sleep whole = {.begin = lane->start[i],
						   .end = lane->start[i] +
							  ctrace_lane_duration(lane, i)};

		if (ctrace_thread_state_is_waiting(doing)) {
			sum += ctrace_sleep_within(&whole, begin, end);
		}
	}
	return sum;
}

static void compare(uint64_t begin, uint64_t end)
{
	struct ctrace_sleep_sums sums = sums_of(CTRACE_NONE, begin, end);
	uint64_t states = 0, parts = sums.not_looked.total;

	for (uint32_t i = 0; i < ctrace_stage.model->stream_count; i++) {
		states += waited(&ctrace_stage.model->streams[i], begin, end);
	}
	for (uint32_t i = 0; i < sums.count; i++) {
		parts += sums.rows[i].sum.total;
	}
	assert_int_equal(sums.all.total, parts);
	assert_int_equal(sums.all.total - sums.all.estimated, states);
	ctrace_sleep_sums_finish(&sums);
}

static void the_sum_of_all_sleeps_is_the_sum_of_the_states(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint64_t random = round;

		ctrace_stage_begin(NULL);
		ctrace_story_random(&ctrace_stage.made, round * 7919 + 1);
		ctrace_stage_tell();
		compare(0, UINT64_MAX);
		for (int i = 0; i < 10; i++) {
			uint64_t begin = ctrace_random_below(&random, 9000);

			compare(begin, begin + ctrace_random_below(&random, 3000));
		}
		ctrace_stage_end(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_sleep_counts_whole_and_once_where_it_was_first_looked_at, start,
			ctrace_stage_end),
		cmocka_unit_test_setup_teardown(what_nobody_looked_at_is_counted_apart, start,
						ctrace_stage_end),
		cmocka_unit_test_setup_teardown(sleeps_are_cut_to_the_range, start,
						ctrace_stage_end),
		cmocka_unit_test_setup_teardown(
			a_look_that_found_the_thread_running_tells_of_no_sleep, start,
			ctrace_stage_end),
		cmocka_unit_test_setup_teardown(
			without_switches_a_look_stands_for_the_time_since_the_one_before, start,
			ctrace_stage_end),
		cmocka_unit_test_setup_teardown(
			an_estimate_is_less_what_samples_found_the_thread_running, start,
			ctrace_stage_end),
		cmocka_unit_test_setup_teardown(a_look_in_the_threads_own_stream_tells_the_same,
						start, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(looks_that_are_lost_hide_no_state, start,
						ctrace_stage_end),
		cmocka_unit_test_setup_teardown(who_is_no_thread_has_no_sleeps, start,
						ctrace_stage_end),
		cmocka_unit_test(the_sum_of_all_sleeps_is_the_sum_of_the_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
