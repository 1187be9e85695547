/* SPDX-License-Identifier: MIT */
/* What the scheduler tells becomes turns and states, and what was lost is never guessed. */

#include "tests/unit/kernel_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAIN   CTRACE_STORY_MAIN
#define WORKER CTRACE_STORY_WORKER

static const char *states(uint64_t tid)
{
	return ctrace_story_lane(ctrace_stage.model,
				 ctrace_story_find(ctrace_stage.model, CTRACE_LANE_STATE, tid, 0));
}

static const char *turns(uint32_t cpu)
{
	return ctrace_story_lane(ctrace_stage.model,
				 ctrace_story_find(ctrace_stage.model, CTRACE_LANE_CPU, cpu, 0));
}

static const char *calls(uint64_t tid, uint32_t depth)
{
	return ctrace_story_lane(
		ctrace_stage.model,
		ctrace_story_find(ctrace_stage.model, CTRACE_LANE_SPAN, tid, depth));
}

static void a_wait_ends_with_the_wake_up_and_then_the_thread_can_run(void **state)
{
	(void)state;
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 200, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(&ctrace_stage.made, 1, 210, 0, CTRACE_RUN_IDLE, WORKER);
	ctrace_story_wake(&ctrace_stage.made, 1, 250, WORKER, MAIN, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 260, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 300, MAIN, CTRACE_RUN_PREEMPTED, WORKER + 100);
	ctrace_story_switch(&ctrace_stage.made, 0, 320, WORKER + 100, CTRACE_RUN_SLEEPING, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 1, 400, WORKER, CTRACE_RUN_UNINTERRUPTIBLE, 0);
	ctrace_stage_tell();
	assert_string_equal(states(MAIN), "running 100-200 | sleeping 200-250 | woken 250-260 | "
					  "running 260-300 | preempted 300-320 | running 320-400…");
	assert_string_equal(states(WORKER), "running 210-400");
	assert_string_equal(turns(0), "main 100-200 | main 260-300 | other programs 300-320 | "
				      "main 320-400…");
	assert_string_equal(turns(1), "worker 210-400");
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).repaired, 0);
}

static void who_ran_first_has_run_since_the_buffer_began(void **state)
{
	(void)state;
	ctrace_story_enter(&ctrace_stage.made, 0, 20, MAIN, CTRACE_STORY_READ);
	ctrace_story_switch(&ctrace_stage.made, 0, 100, MAIN, CTRACE_RUN_SLEEPING, WORKER);
	ctrace_story_switch(&ctrace_stage.made, 0, 150, WORKER, CTRACE_RUN_YIELDED, 0);
	ctrace_stage_tell();
	assert_string_equal(states(MAIN), "running …20-100 | sleeping 100-150…");
	assert_string_equal(turns(0), "main …20-100 | worker 100-150");
}

/* The kernel tells of a wake-up before the one who was on its way to sleep is off its CPU. */
static void woken_on_the_way_to_sleep_is_not_asleep(void **state)
{
	(void)state;
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_wake(&ctrace_stage.made, 1, 198, WORKER, MAIN, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 200, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 205, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_wake(&ctrace_stage.made, 1, 300, WORKER, MAIN, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 310, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_wake(&ctrace_stage.made, 1, 400, WORKER, MAIN, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 410, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_stage_tell();
	assert_string_equal(
		states(MAIN),
		"running 100-200 | woken 200-205 | running 205-310 | sleeping 310-400 | "
		"woken 400-410");
}

/* As kernels do that leave out a switch from idle. */
static void who_acts_on_an_idle_cpu_runs_there(void **state)
{
	(void)state;
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_enter(&ctrace_stage.made, 0, 150, MAIN, CTRACE_STORY_READ);
	ctrace_story_switch(&ctrace_stage.made, 0, 200, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_wake(&ctrace_stage.made, 1, 300, WORKER, MAIN, 0);
	ctrace_story_exit(&ctrace_stage.made, 0, 310, MAIN, CTRACE_STORY_READ, 1);
	ctrace_story_switch(&ctrace_stage.made, 0, 400, MAIN, CTRACE_RUN_SLEEPING, WORKER + 100);
	ctrace_story_wake(&ctrace_stage.made, 1, 500, WORKER, MAIN, 0);
	ctrace_story_wake(&ctrace_stage.made, 0, 510, MAIN, WORKER, 1);
	ctrace_story_switch(&ctrace_stage.made, 0, 600, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_stage_tell();
	assert_string_equal(states(MAIN), "running 100-200 | sleeping 200-300 | woken 300-310 | "
					  "running 310-400 | sleeping 400-500 | woken 500-510 | "
					  "running 510-600");
	assert_string_equal(turns(0), "main 100-200 | main 310-400 | other programs 400-510 | "
				      "main 510-600");
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).repaired, 0);
}

static void no_state_is_carried_over_a_loss(void **state)
{
	(void)state;
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 200, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(&ctrace_stage.made, 1, 210, 0, CTRACE_RUN_IDLE, WORKER);
	ctrace_story_lost(&ctrace_stage.made, 0, 300, 7, 240);
	/* On another CPU, while it is not known what the first one did. */
	ctrace_story_wake(&ctrace_stage.made, 1, 280, WORKER, MAIN, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 320, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 350, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(&ctrace_stage.made, 1, 400, WORKER, CTRACE_RUN_SLEEPING, 0);
	ctrace_stage_tell();
	assert_string_equal(states(MAIN), "running 100-200 | sleeping 200-240! | unknown 240-280 | "
					  "unknown 280-320 | running 320-350 | sleeping 350-400…");
	/* It ran on a CPU that lost nothing. */
	assert_string_equal(states(WORKER), "running 210-400");
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).lost, 7);
	const struct ctrace_lane *gap =
		ctrace_story_find(ctrace_stage.model, CTRACE_LANE_GAP, 0, 0);
	assert_string_equal(ctrace_story_lane(ctrace_stage.model, gap),
			    "lost: a kernel's buffer was full 240-300");
	assert_int_equal(gap->value[0], 7);
}

static void what_is_lost_of_samples_hides_no_state(void **state)
{
	const struct ctrace_sample sample = {MAIN, 1, 1000, 0};

	(void)state;
	ctrace_block_sample(&ctrace_stage.made.blocks[CTRACE_STORY_CPU0 + 1],
			    CTRACE_FIXTURE_BASE + 50, &sample);
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 200, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_lost(&ctrace_stage.made, 1, 300, 5, 220);
	ctrace_story_switch(&ctrace_stage.made, 0, 400, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 450, MAIN, CTRACE_RUN_DEAD, 0);
	ctrace_stage_tell();
	assert_string_equal(states(MAIN), "running 100-200 | sleeping 200-400 | running 400-450");
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).lost, 5);
}

static void a_turn_is_cut_where_its_cpu_lost(void **state)
{
	(void)state;
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_lost(&ctrace_stage.made, 0, 200, 3, 150);
	ctrace_story_switch(&ctrace_stage.made, 0, 300, WORKER, CTRACE_RUN_SLEEPING, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 320, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_stage_tell();
	assert_string_equal(turns(0), "main 100-150! | main 300-320");
	assert_string_equal(states(MAIN), "running 100-150! | unknown 150-300 | running 300-320");
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).repaired, 0);
}

static void what_contradicts_itself_is_unknown_and_counted(void **state)
{
	(void)state;
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 200, WORKER, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 300, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 350, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_stage_tell();
	assert_string_equal(states(MAIN), "unknown 100-300 | running 300-350");
	assert_true(ctrace_model_summary(ctrace_stage.model).repaired > 0);
}

static void without_root_a_wait_is_one_from_the_last_turn_to_the_next(void **state)
{
	struct ctrace_block *cpu = &ctrace_stage.made.blocks[CTRACE_STORY_CPU0];

	(void)state;
	ctrace_block_sched_in(cpu, CTRACE_FIXTURE_BASE + 100, 0, MAIN);
	ctrace_block_sched_out(cpu, CTRACE_FIXTURE_BASE + 200, 0, MAIN, CTRACE_RUN_BLOCKED);
	ctrace_block_sched_in(cpu, CTRACE_FIXTURE_BASE + 250, 0, MAIN);
	ctrace_block_sched_out(cpu, CTRACE_FIXTURE_BASE + 300, 0, MAIN, CTRACE_RUN_PREEMPTED);
	ctrace_block_sched_in(cpu, CTRACE_FIXTURE_BASE + 330, 0, MAIN);
	ctrace_block_sched_out(cpu, CTRACE_FIXTURE_BASE + 360, 0, MAIN, CTRACE_RUN_DEAD);
	ctrace_block_run_delay(cpu, CTRACE_FIXTURE_BASE + 400, MAIN, 35);
	ctrace_stage_tell();
	assert_string_equal(states(MAIN), "running 100-200 | blocked 200-250 | running 250-300 | "
					  "preempted 300-330 | running 330-360 | dead 360-400…");
	assert_string_equal(turns(0), "main 100-200 | main 250-300 | main 330-360");
}

#define LATER 20000000u

static void a_number_used_again_is_another_thread(void **state)
{
	struct ctrace_thread_row row = {
		.stream = 2, .pid = 10, .tid = WORKER, .state = CTRACE_THREAD_EXITED};
	struct ctrace_block *other = &ctrace_stage.made.blocks[CTRACE_STORY_CPU0 + 1];

	(void)state;
	row.name = ctrace_writer_string(&ctrace_stage.made.writer, "worker", 6);
	assert_int_equal(ctrace_writer_thread(&ctrace_stage.made.writer, &row), CTRACE_OK);
	row.stream = 3;
	row.start = LATER;
	row.name = ctrace_writer_string(&ctrace_stage.made.writer, "second", 6);
	assert_int_equal(ctrace_writer_thread(&ctrace_stage.made.writer, &row), CTRACE_OK);
	/* The same life, as another source saw it. */
	row.stream = 4;
	row.start = LATER + 5;
	assert_int_equal(ctrace_writer_thread(&ctrace_stage.made.writer, &row), CTRACE_OK);
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, WORKER);
	ctrace_story_switch(&ctrace_stage.made, 0, 200, WORKER, CTRACE_RUN_DEAD, 0);
	ctrace_block_fork(other, CTRACE_FIXTURE_BASE + LATER + 1, MAIN, WORKER, 10);
	ctrace_story_switch(&ctrace_stage.made, 0, LATER + 20, 0, CTRACE_RUN_IDLE, WORKER);
	ctrace_story_switch(&ctrace_stage.made, 0, LATER + 100, WORKER, CTRACE_RUN_DEAD, 0);
	ctrace_stage_tell();
	assert_string_equal(turns(0), "worker 100-200 | second 20000020-20000100");
	assert_int_equal(ctrace_stage.model->threads.count, 3);
}

/* Without root nothing tells that a thread is taken off its CPU for good, but its exit is told. */
static void an_exit_ends_the_turn_that_nothing_else_ends(void **state)
{
	struct ctrace_block *cpu = &ctrace_stage.made.blocks[CTRACE_STORY_CPU0];

	(void)state;
	ctrace_block_sched_in(cpu, CTRACE_FIXTURE_BASE + 100, 0, MAIN);
	ctrace_block_thread_exit(cpu, CTRACE_FIXTURE_BASE + 150, MAIN);
	ctrace_block_sched_in(cpu, CTRACE_FIXTURE_BASE + 200, 0, WORKER);
	ctrace_block_sched_out(cpu, CTRACE_FIXTURE_BASE + 300, 0, WORKER, CTRACE_RUN_BLOCKED);
	ctrace_stage_tell();
	assert_string_equal(states(MAIN), "running 100-150 | dead 150-300…");
	assert_string_equal(turns(0), "main 100-150 | worker 200-300");
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).repaired, 0);
}

/* The image that called is gone, and nobody is left to say when. */
static void a_call_that_never_returns_ends_with_the_stream(void **state)
{
	struct ctrace_block *own = &ctrace_stage.made.blocks[1];
	const struct ctrace_syscall_enter exec = {0, 59, {1, 2, 3, 0, 0, 0}};
	const struct ctrace_call_row row = {
		59, CTRACE_CALL_LIBRARY,
		ctrace_writer_string(&ctrace_stage.made.writer, "execve", 6)};

	(void)state;
	assert_int_equal(ctrace_writer_call(&ctrace_stage.made.writer, &row), CTRACE_OK);
	ctrace_block_syscall_enter(own, CTRACE_FIXTURE_BASE + 100, &exec);
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 5000, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_stage_tell();
	assert_string_equal(calls(MAIN, 0), "execve 100-100!");
}

static void calls_have_their_place_among_the_spans_of_their_thread(void **state)
{
	uint32_t work = ctrace_fixture_site(&ctrace_stage.made, CTRACE_KIND_SPAN_BEGIN, "work");
	struct ctrace_block *own = &ctrace_stage.made.blocks[1];
	const struct ctrace_syscall_enter lock = {0, CTRACE_STORY_LOCK, {0x5000, 0, 0, 0, 0, 0}};

	(void)state;
	ctrace_block_begin(own, work, CTRACE_FIXTURE_BASE + 100);
	ctrace_block_syscall_enter(own, CTRACE_FIXTURE_BASE + 200, &lock);
	ctrace_block_syscall_exit(own, CTRACE_FIXTURE_BASE + 400, 0, CTRACE_STORY_LOCK, 0);
	ctrace_block_end(own, work, CTRACE_FIXTURE_BASE + 500);
	ctrace_story_enter(&ctrace_stage.made, 0, 50, MAIN, CTRACE_STORY_READ);
	ctrace_story_exit(&ctrace_stage.made, 0, 70, MAIN, CTRACE_STORY_READ, 3);
	ctrace_story_enter(&ctrace_stage.made, 0, 120, MAIN, CTRACE_STORY_READ);
	ctrace_story_exit(&ctrace_stage.made, 0, 140, MAIN, CTRACE_STORY_READ, 3);
	ctrace_story_enter(&ctrace_stage.made, 0, 220, MAIN, CTRACE_STORY_FUTEX);
	ctrace_story_exit(&ctrace_stage.made, 1, 390, MAIN, CTRACE_STORY_FUTEX, -11);
	ctrace_story_enter(&ctrace_stage.made, 1, 600, MAIN, CTRACE_STORY_READ);
	ctrace_story_exit(&ctrace_stage.made, 1, 640, MAIN, CTRACE_STORY_READ, 3);
	ctrace_stage_tell();
	assert_string_equal(calls(MAIN, 0), "read 50-70 | work 100-500 | read 600-640");
	assert_string_equal(calls(MAIN, 1), "read 120-140 | pthread_mutex_lock 200-400");
	assert_string_equal(calls(MAIN, 2), "futex 220-390");
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).repaired, 0);
}

/* Clocks differ by tens of nanoseconds: nesting is kept, and the nearer end of a call gives way. */
static void a_call_that_seems_to_cross_a_span_gives_way(void **state)
{
	uint32_t work = ctrace_fixture_site(&ctrace_stage.made, CTRACE_KIND_SPAN_BEGIN, "work");
	struct ctrace_block *own = &ctrace_stage.made.blocks[1];

	(void)state;
	ctrace_block_begin(own, work, CTRACE_FIXTURE_BASE + 1000);
	ctrace_block_end(own, work, CTRACE_FIXTURE_BASE + 2000);
	ctrace_story_enter(&ctrace_stage.made, 0, 960, MAIN, CTRACE_STORY_READ);
	ctrace_story_exit(&ctrace_stage.made, 0, 1500, MAIN, CTRACE_STORY_READ, 0);
	ctrace_story_enter(&ctrace_stage.made, 0, 1600, MAIN, CTRACE_STORY_FUTEX);
	ctrace_story_exit(&ctrace_stage.made, 0, 2030, MAIN, CTRACE_STORY_FUTEX, 0);
	ctrace_stage_tell();
	assert_string_equal(calls(MAIN, 0), "work 1000-2000");
	assert_string_equal(calls(MAIN, 1), "read 1000-1500 | futex 1600-2000");
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).repaired, 0);
}

static void calls_without_an_end_or_a_begin_say_so(void **state)
{
	(void)state;
	ctrace_story_enter(&ctrace_stage.made, 0, 10, WORKER, CTRACE_STORY_READ);
	ctrace_story_exit(&ctrace_stage.made, 0, 100, MAIN, CTRACE_STORY_READ, 3);
	ctrace_story_enter(&ctrace_stage.made, 0, 120, MAIN, CTRACE_STORY_READ);
	ctrace_story_enter(&ctrace_stage.made, 0, 200, MAIN, CTRACE_STORY_FUTEX);
	ctrace_story_lost(&ctrace_stage.made, 1, 260, 5, 220);
	ctrace_story_exit(&ctrace_stage.made, 0, 300, MAIN, CTRACE_STORY_FUTEX, 0);
	ctrace_story_enter(&ctrace_stage.made, 0, 400, MAIN, CTRACE_STORY_OPENAT);
	ctrace_block_thread_exit(&ctrace_stage.made.blocks[CTRACE_STORY_CPU0],
				 CTRACE_FIXTURE_BASE + 450, MAIN);
	ctrace_story_switch(&ctrace_stage.made, 0, 500, MAIN, CTRACE_RUN_DEAD, 0);
	ctrace_stage_tell();
	assert_string_equal(calls(MAIN, 0), "read …10-100 | read 120-200! | futex 200-220! | "
					    "futex …260-300 | openat 400-450!");
	assert_string_equal(calls(WORKER, 0), "read 10-220!");
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).repaired, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_wait_ends_with_the_wake_up_and_then_the_thread_can_run,
			ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(who_ran_first_has_run_since_the_buffer_began,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(woken_on_the_way_to_sleep_is_not_asleep,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(who_acts_on_an_idle_cpu_runs_there,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(no_state_is_carried_over_a_loss, ctrace_stage_begin,
						ctrace_stage_end),
		cmocka_unit_test_setup_teardown(what_is_lost_of_samples_hides_no_state,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(a_turn_is_cut_where_its_cpu_lost,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(what_contradicts_itself_is_unknown_and_counted,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(
			without_root_a_wait_is_one_from_the_last_turn_to_the_next,
			ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(a_number_used_again_is_another_thread,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(an_exit_ends_the_turn_that_nothing_else_ends,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(a_call_that_never_returns_ends_with_the_stream,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(
			calls_have_their_place_among_the_spans_of_their_thread, ctrace_stage_begin,
			ctrace_stage_end),
		cmocka_unit_test_setup_teardown(a_call_that_seems_to_cross_a_span_gives_way,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(calls_without_an_end_or_a_begin_say_so,
						ctrace_stage_begin, ctrace_stage_end),
	};

	return cmocka_run_group_tests_name("kernel_states", tests, NULL, NULL);
}
