/* SPDX-License-Identifier: MIT */
/* What counts as time taken away from a thread or a process, and the curve and windows of it. */

#include "tests/unit/collector_story.h"
#include "tests/unit/kernel_stage.h"
#include "viewer-server/analysis/allocator_names.h"
#include "viewer-server/analysis/utilisation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAIN   CTRACE_STORY_MAIN
#define WORKER CTRACE_STORY_WORKER

static struct ctrace_pauses pauses;

/* A thread's track; 0: the process's. */
static uint32_t track_of(uint64_t tid)
{
	uint32_t count;
	const struct ctrace_track *tracks = ctrace_model_tracks(ctrace_stage.model, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (tid == 0 ? tracks[i].kind == CTRACE_TRACK_PROCESS
			     : tracks[i].kind == CTRACE_TRACK_THREAD && tracks[i].tid == tid) {
			return i;
		}
	}
	fail_msg("no such track");
	return 0;
}

static void ask(enum ctrace_pause_what what, uint64_t tid, uint64_t from, uint64_t to,
		uint64_t window)
{
	const struct ctrace_pauses_question question = {
		.what = what, .track = track_of(tid), .start = from, .end = to, .window = window};

	assert_int_equal(ctrace_pauses_ask(&pauses, ctrace_stage.model, ctrace_stage.made.trace,
					   &question, NULL),
			 CTRACE_OK);
}

static void work(uint32_t stream, uint64_t from, uint64_t to, uint64_t kind)
{
	ctrace_tell_gc_begin(&ctrace_stage.made.blocks[stream], CTRACE_FIXTURE_BASE + from, kind);
	ctrace_tell_gc_end(&ctrace_stage.made.blocks[stream], CTRACE_FIXTURE_BASE + to, 0, 0);
}

/* The curve's point for the longest window up to a length. */
static uint64_t taken_within(uint64_t window)
{
	uint64_t taken = 0;

	for (uint32_t i = 0; i < pauses.point_count && pauses.points[i].window <= window; i++) {
		taken = pauses.points[i].taken;
	}
	return taken;
}

/* Stops at 10-11 ms, 12-13 ms, 50-54 ms of 100 ms. */
static void tell_pauses(void)
{
	work(1, 10000000, 11000000, CTRACE_COLLECTOR_WORLD_STOPPED);
	work(1, 12000000, 13000000, CTRACE_COLLECTOR_WORLD_STOPPED);
	work(1, 20000000, 30000000, CTRACE_COLLECTOR_MARK);
	work(1, 50000000, 54000000, CTRACE_COLLECTOR_WORLD_STOPPED);
	work(2, 99000000, 100000000, CTRACE_COLLECTOR_STEP);
	ctrace_stage_tell();
}

static void pauses_stop_the_process_and_every_thread(void **state)
{
	(void)state;
	tell_pauses();
	ask(CTRACE_PAUSE_COLLECTOR, 0, 0, UINT64_MAX, 0);
	assert_null(pauses.why_not[CTRACE_PAUSE_COLLECTOR]);
	assert_int_equal(pauses.end, 100000000);
	assert_int_equal(pauses.pieces, 3);
	assert_int_equal(pauses.taken, 6000000);
	assert_int_equal(pauses.longest.window, 4000000);
	assert_int_equal(pauses.longest.start, 50000000);
	assert_int_equal(pauses.points[0].window, 1000);
	assert_int_equal(pauses.points[0].taken, 1000);
	assert_int_equal(pauses.points[pauses.point_count - 1].window, 100000000);
	assert_int_equal(pauses.points[pauses.point_count - 1].taken, 6000000);
	for (uint32_t i = 1; i < pauses.point_count; i++) {
		assert_true(pauses.points[i].window > pauses.points[i - 1].window);
		assert_true(pauses.points[i].taken >= pauses.points[i - 1].taken);
	}
	ask(CTRACE_PAUSE_COLLECTOR, WORKER, 0, UINT64_MAX, 0);
	assert_int_equal(pauses.taken, 7000000);
}

static void of_one_thread_its_own_work_for_the_collector_counts_too(void **state)
{
	(void)state;
	tell_pauses();
	ask(CTRACE_PAUSE_COLLECTOR, MAIN, 0, UINT64_MAX, 0);
	assert_int_equal(pauses.taken, 16000000);
	assert_int_equal(pauses.longest.start, 20000000);
	assert_int_equal(taken_within(1000), 1000);
}

static void a_thread_that_a_collector_stopped_alone_has_lost_that_time(void **state)
{
	(void)state;
	ctrace_tell_gc_thread(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + 1000, WORKER, 1);
	ctrace_tell_gc_thread(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + 5000, WORKER, 0);
	work(2, 9000, 10000, CTRACE_COLLECTOR_STEP);
	ctrace_stage_tell();
	ask(CTRACE_PAUSE_COLLECTOR, WORKER, 0, UINT64_MAX, 0);
	assert_int_equal(pauses.taken, 5000);
	ask(CTRACE_PAUSE_COLLECTOR, MAIN, 0, UINT64_MAX, 0);
	assert_int_equal(pauses.taken, 0);
}

static void where_the_world_never_stops_the_worst_of_the_threads_counts(void **state)
{
	(void)state;
	work(1, 1000, 3000, CTRACE_COLLECTOR_STEP);
	work(2, 9000, 10000, CTRACE_COLLECTOR_STEP);
	ctrace_stage_tell();
	ask(CTRACE_PAUSE_COLLECTOR, 0, 0, UINT64_MAX, 4000);
	assert_null(pauses.why_not[CTRACE_PAUSE_COLLECTOR]);
	assert_int_equal(pauses.threads, 2);
	assert_int_equal(pauses.worst[0].track, track_of(MAIN));
	assert_int_equal(pauses.worst[0].taken, 2000);
	assert_int_equal(pauses.worst[1].track, track_of(WORKER));
}

static void the_worst_windows_do_not_overlap_and_the_worst_comes_first(void **state)
{
	(void)state;
	tell_pauses();
	ask(CTRACE_PAUSE_COLLECTOR, 0, 0, UINT64_MAX, 3000000);
	assert_int_equal(pauses.worst_count, 3);
	assert_int_equal(pauses.worst[0].start, 50000000);
	assert_int_equal(pauses.worst[0].taken, 3000000);
	assert_int_equal(pauses.worst[1].start, 10000000);
	assert_int_equal(pauses.worst[1].taken, 2000000);
	assert_int_equal(pauses.worst[2].start, 53000000);
	assert_int_equal(pauses.worst[2].taken, 1000000);
}

static void windows_lie_within_the_range(void **state)
{
	(void)state;
	tell_pauses();
	ask(CTRACE_PAUSE_COLLECTOR, 0, 10500000, 12500000, 2000000);
	assert_int_equal(pauses.pieces, 2);
	assert_int_equal(pauses.taken, 1000000);
	assert_int_equal(pauses.worst_count, 1);
	assert_int_equal(pauses.worst[0].start, 10500000);
	ask(CTRACE_PAUSE_COLLECTOR, 0, 10500000, 12500000, 2000001);
	assert_int_equal(pauses.worst_count, 0);
	ask(CTRACE_PAUSE_COLLECTOR, 0, 30000000, 30000000, 5);
	assert_int_equal(pauses.point_count, 0);
}

/* main runs 0-20 us, could run to 30, runs to 40, sleeps to 80, runs to 100. worker runs 10-90. */
static void tell_states(void)
{
	ctrace_story_switch(&ctrace_stage.made, 0, 0, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 1, 10000, 0, CTRACE_RUN_IDLE, WORKER);
	ctrace_story_switch(&ctrace_stage.made, 0, 20000, MAIN, CTRACE_RUN_PREEMPTED, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 30000, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 40000, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 80000, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 1, 90000, WORKER, CTRACE_RUN_DEAD, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 100000, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_stage_tell();
}

static void states_say_how_long_a_thread_waited_for_a_cpu_and_for_all_else(void **state)
{
	(void)state;
	tell_states();
	ask(CTRACE_PAUSE_RUNNABLE, MAIN, 0, UINT64_MAX, 20000);
	assert_int_equal(pauses.taken, 10000);
	assert_int_equal(pauses.worst_count, 1);
	assert_int_equal(pauses.worst[0].start, 10000);
	assert_int_equal(pauses.worst[0].taken, 10000);
	ask(CTRACE_PAUSE_BLOCKED, MAIN, 0, UINT64_MAX, 0);
	assert_int_equal(pauses.taken, 40000);
}

static void of_a_process_the_worst_of_its_threads_counts_while_it_lives(void **state)
{
	(void)state;
	tell_states();
	ask(CTRACE_PAUSE_BLOCKED, 0, 0, UINT64_MAX, 50000);
	assert_int_equal(pauses.threads, 2);
	assert_int_equal(pauses.points[pauses.point_count - 1].window, 100000);
	assert_int_equal(pauses.points[0].track, track_of(MAIN));
	assert_int_equal(pauses.worst[0].track, track_of(MAIN));
	assert_int_equal(pauses.worst[0].taken, 40000);
	ask(CTRACE_PAUSE_BLOCKED, WORKER, 0, UINT64_MAX, 0);
	assert_int_equal(pauses.points[pauses.point_count - 1].window, 80000);
	assert_int_equal(pauses.taken, 0);
}

static void waits_for_locks_are_those_for_a_lock_that_somebody_holds(void **state)
{
	const struct ctrace_syscall_enter lock = {0, CTRACE_STORY_LOCK, {9, 0, 0, 0, 0, 0}};

	(void)state;
	ctrace_block_syscall_enter(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + 10, &lock);
	ctrace_block_syscall_exit(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + 60, 0,
				  CTRACE_STORY_LOCK, 0);
	work(1, 70, 200, CTRACE_COLLECTOR_MARK);
	ctrace_stage_tell();
	ask(CTRACE_PAUSE_LOCK, MAIN, 0, UINT64_MAX, 40);
	assert_int_equal(pauses.taken, 50);
	assert_int_equal(pauses.worst[0].taken, 40);
}

static uint32_t stack_of(uint32_t number, uint32_t parent, const char *function)
{
	const struct ctrace_frame_row frame = {
		.frame = number,
		.function = ctrace_writer_string(&ctrace_stage.made.writer, function,
						 strlen(function))};
	const struct ctrace_stack_row row = {.stack = number, .parent = parent, .frame = number};

	assert_int_equal(ctrace_writer_frame(&ctrace_stage.made.writer, &frame), CTRACE_OK);
	assert_int_equal(ctrace_writer_stack(&ctrace_stage.made.writer, &row), CTRACE_OK);
	return number;
}

static void sample(uint64_t ns, uint32_t stack)
{
	const struct ctrace_sample told = {0, 1, 1000, stack};

	ctrace_block_sample(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + ns, &told);
}

static void samples_with_an_allocator_in_their_stack_estimate_its_time(void **state)
{
	uint32_t work_stack = stack_of(1, 0, "work"), in_malloc = stack_of(2, 1, "malloc");
	uint32_t deep = stack_of(3, 2, "madvise");

	(void)state;
	sample(5000, work_stack);
	sample(6000, in_malloc);
	sample(6500, deep);
	sample(9000, work_stack);
	ctrace_stage_tell();
	ask(CTRACE_PAUSE_ALLOCATOR, MAIN, 0, UINT64_MAX, 0);
	assert_int_equal(pauses.grain, 1000);
	assert_int_equal(pauses.taken, 1500);
	assert_int_equal(pauses.points[0].window, 1000);
	ask(CTRACE_PAUSE_ALLOCATOR, MAIN, 0, UINT64_MAX, 2000);
	assert_int_equal(pauses.worst[0].taken, 1500);
}

static bool is_allocator(const char *name)
{
	return ctrace_is_allocator((struct ctrace_bytes){name, (uint32_t)strlen(name)});
}

static void allocators_are_known_by_their_names(void **state)
{
	(void)state;
	assert_true(is_allocator("malloc"));
	assert_true(is_allocator("operator new(unsigned long)"));
	assert_true(is_allocator("_Znwm"));
	assert_true(is_allocator("je_arena_malloc_hard"));
	assert_true(is_allocator("mi_free"));
	assert_true(is_allocator("tc_malloc"));
	assert_true(is_allocator("_int_free"));
	assert_false(is_allocator("malloced_bytes"));
	assert_false(is_allocator("free_list_walk"));
	assert_false(is_allocator("work"));
}

static void what_is_not_in_the_trace_is_not_offered_and_says_why(void **state)
{
	uint32_t site = ctrace_fixture_site(&ctrace_stage.made, CTRACE_KIND_SPAN_BEGIN, "span");

	(void)state;
	ctrace_block_begin(&ctrace_stage.made.blocks[1], site, CTRACE_FIXTURE_BASE + 1);
	ctrace_block_end(&ctrace_stage.made.blocks[1], site, CTRACE_FIXTURE_BASE + 9);
	ctrace_stage_tell();
	for (unsigned what = 0; what < CTRACE_PAUSE_WHATS; what++) {
		if (what == CTRACE_PAUSE_LOCK) {
			continue;
		}
		ask((enum ctrace_pause_what)what, 0, 0, UINT64_MAX, 5);
		assert_non_null(pauses.why_not[what]);
		assert_int_equal(pauses.point_count, 0);
		assert_int_equal(pauses.worst_count, 0);
		assert_int_equal(ctrace_pause_what_of(ctrace_pause_what_name(what)), what);
	}
	assert_int_equal(ctrace_pause_what_of("nothing"), CTRACE_PAUSE_WHATS);
}

static void a_track_that_is_no_thread_and_no_process_is_refused(void **state)
{
	struct ctrace_pauses_question question = {.what = CTRACE_PAUSE_COLLECTOR, .end = 10};
	uint32_t count;

	(void)state;
	tell_pauses();
	const struct ctrace_track *tracks = ctrace_model_tracks(ctrace_stage.model, &count);
	for (uint32_t i = 0; i <= count; i++) {
		bool is_good = i < count && (tracks[i].kind == CTRACE_TRACK_THREAD ||
					     tracks[i].kind == CTRACE_TRACK_PROCESS);

		question.track = i;
		assert_int_equal(ctrace_pauses_ask(&pauses, ctrace_stage.model,
						   ctrace_stage.made.trace, &question, NULL),
				 is_good ? CTRACE_OK : CTRACE_ERR_NOT_FOUND);
	}
}

static bool never(void *context)
{
	(void)context;
	return false;
}

static void who_has_no_patience_gets_no_answer(void **state)
{
	const struct ctrace_patience none = {.go_on = never};
	struct ctrace_pauses_question question = {.what = CTRACE_PAUSE_COLLECTOR,
						  .end = UINT64_MAX};

	(void)state;
	tell_pauses();
	question.track = track_of(0);
	assert_int_equal(ctrace_pauses_ask(&pauses, ctrace_stage.model, ctrace_stage.made.trace,
					   &question, &none),
			 CTRACE_END);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, ctrace_stage_begin, ctrace_stage_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(pauses_stop_the_process_and_every_thread),
		PROMISE(of_one_thread_its_own_work_for_the_collector_counts_too),
		PROMISE(a_thread_that_a_collector_stopped_alone_has_lost_that_time),
		PROMISE(where_the_world_never_stops_the_worst_of_the_threads_counts),
		PROMISE(the_worst_windows_do_not_overlap_and_the_worst_comes_first),
		PROMISE(windows_lie_within_the_range),
		PROMISE(states_say_how_long_a_thread_waited_for_a_cpu_and_for_all_else),
		PROMISE(of_a_process_the_worst_of_its_threads_counts_while_it_lives),
		PROMISE(waits_for_locks_are_those_for_a_lock_that_somebody_holds),
		PROMISE(samples_with_an_allocator_in_their_stack_estimate_its_time),
		cmocka_unit_test(allocators_are_known_by_their_names),
		PROMISE(what_is_not_in_the_trace_is_not_offered_and_says_why),
		PROMISE(a_track_that_is_no_thread_and_no_process_is_refused),
		PROMISE(who_has_no_patience_gets_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
