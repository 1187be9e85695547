/* SPDX-License-Identifier: MIT */
/* Tables, splits and flames say exactly what a plain reading of the lanes says. */

#include "tests/unit/kernel_stage.h"
#include "tests/unit/trace_maker.h"

#include "viewer-server/analysis/flame.h"
#include "viewer-server/analysis/split.h"
#include "viewer-server/analysis/top_counts.h"
#include "viewer-server/limits.h"
#include "viewer-server/model/tile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAIN   CTRACE_STORY_MAIN
#define WORKER CTRACE_STORY_WORKER
#define ROUNDS 60

static uint64_t seed;

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

static const char *name_text(uint32_t name)
{
	static char text[64];
	struct ctrace_bytes bytes = ctrace_model_name(ctrace_stage.model, name);

	snprintf(text, sizeof(text), "%.*s", (int)bytes.size, bytes.bytes);
	return text;
}

/* main: runs 100-200, waits in a lock 200-500 (futex within pthread_mutex_lock), can run 500-520,
 * runs to 600, waits in read 600-700. */
static void tell_waits(void)
{
	struct ctrace_block *own = &ctrace_stage.made.blocks[1];
	const struct ctrace_syscall_enter lock = {0, CTRACE_STORY_LOCK, {0x5000, 0, 0, 0, 0, 0}};

	ctrace_block_syscall_enter(own, CTRACE_FIXTURE_BASE + 180, &lock);
	ctrace_block_syscall_exit(own, CTRACE_FIXTURE_BASE + 540, 0, CTRACE_STORY_LOCK, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_enter(&ctrace_stage.made, 0, 190, MAIN, CTRACE_STORY_FUTEX);
	ctrace_story_switch(&ctrace_stage.made, 0, 200, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(&ctrace_stage.made, 1, 400, 0, CTRACE_RUN_IDLE, WORKER);
	ctrace_story_enter(&ctrace_stage.made, 1, 490, WORKER, CTRACE_STORY_FUTEX);
	ctrace_story_wake(&ctrace_stage.made, 1, 500, WORKER, MAIN, 0);
	ctrace_story_exit(&ctrace_stage.made, 1, 510, WORKER, CTRACE_STORY_FUTEX, 1);
	ctrace_story_switch(&ctrace_stage.made, 0, 520, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_exit(&ctrace_stage.made, 0, 530, MAIN, CTRACE_STORY_FUTEX, 0);
	ctrace_story_enter(&ctrace_stage.made, 0, 590, MAIN, CTRACE_STORY_READ);
	ctrace_story_switch(&ctrace_stage.made, 0, 600, MAIN, CTRACE_RUN_UNINTERRUPTIBLE, 0);
	ctrace_story_switch(&ctrace_stage.made, 1, 700, WORKER, CTRACE_RUN_SLEEPING, 0);
	ctrace_stage_tell();
}

static void a_span_is_split_into_what_its_thread_did(void **state)
{
	static const struct {
		enum ctrace_split_part part;
		const char *name;
		uint64_t total;
	} expected[] = {
		{CTRACE_SPLIT_LOCK, "pthread_mutex_lock", 300},
		{CTRACE_SPLIT_RUNNING, "", 180},
		{CTRACE_SPLIT_CALL, "read", 50},
		{CTRACE_SPLIT_UNKNOWN, "", 50},
		{CTRACE_SPLIT_RUNNABLE, "", 20},
	};
	struct ctrace_split split;
	uint64_t sum = 0;

	(void)state;
	tell_waits();
	assert_int_equal(
		ctrace_split_init(&split, ctrace_stage.model, track_of(MAIN), 50, 650, NULL),
		CTRACE_OK);
	assert_int_equal(split.row_count, 5);
	for (uint32_t i = 0; i < split.row_count; i++) {
		const struct ctrace_split_row *row = &split.rows[i];

		assert_int_equal(row->part, expected[i].part);
		assert_int_equal(row->total, expected[i].total);
		if (*expected[i].name != '\0') {
			assert_string_equal(name_text(row->name), expected[i].name);
		}
		sum += row->total;
	}
	assert_int_equal(sum, 600);
	assert_int_equal(split.wait_count, 2);
	assert_int_equal(split.waits[0].duration, 300);
	assert_int_equal(split.waits[1].duration, 50);
	ctrace_split_finish(&split);
}

static void who_ended_a_wait_is_known_and_what_it_did(void **state)
{
	struct ctrace_detail detail;

	(void)state;
	tell_waits();
	const struct ctrace_lane *states =
		ctrace_story_find(ctrace_stage.model, CTRACE_LANE_STATE, MAIN, 0);
	const struct ctrace_place asleep = {states->info.id, 1};
	assert_int_equal(
		ctrace_detail_init(&detail, ctrace_stage.model, asleep, &ctrace_stage.error),
		CTRACE_OK);
	assert_int_equal(detail.kernel.state, CTRACE_STATE_SLEEPING);
	assert_true(detail.kernel.waker.is_there);
	assert_int_equal(detail.kernel.waker.time, 500);
	assert_int_equal(detail.kernel.waker.cpu, 1);
	assert_int_equal(detail.kernel.waker.who.tid, WORKER);
	assert_int_equal(detail.kernel.waker.who.track, track_of(WORKER));
	const struct ctrace_lane *doing =
		&ctrace_stage.model->lanes[detail.kernel.waker.doing.lane];
	assert_string_equal(name_text(ctrace_lane_name(doing, detail.kernel.waker.doing.index)),
			    "futex");
	const struct ctrace_lane *call = &ctrace_stage.model->lanes[detail.kernel.in_call.lane];
	assert_string_equal(name_text(ctrace_lane_name(call, detail.kernel.in_call.index)),
			    "futex");
	ctrace_detail_finish(&detail);
	/* And the other way round: the waker's call knows whom it woke. */
	const struct ctrace_lane *calls =
		ctrace_story_find(ctrace_stage.model, CTRACE_LANE_SPAN, WORKER, 0);
	assert_int_equal(ctrace_detail_init(&detail, ctrace_stage.model,
					    (struct ctrace_place){calls->info.id, 0},
					    &ctrace_stage.error),
			 CTRACE_OK);
	assert_int_equal(detail.kernel.woke_count, 1);
	assert_int_equal(detail.kernel.woke[0].who.tid, MAIN);
	assert_int_equal(detail.kernel.call.result, 1);
	ctrace_detail_finish(&detail);
}

static void totals_are_exact_and_percentiles_are_of_the_nearest_rank(void **state)
{
	const struct ctrace_top_settings all = {.end = UINT64_MAX};
	struct ctrace_top top;

	(void)state;
	ctrace_story_switch(&ctrace_stage.made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	for (uint64_t i = 1; i <= 200; i++) {
		ctrace_story_enter(&ctrace_stage.made, 0, 1000 * i, MAIN, CTRACE_STORY_READ);
		ctrace_story_exit(&ctrace_stage.made, 0, 1000 * i + i, MAIN, CTRACE_STORY_READ, 0);
	}
	ctrace_story_switch(&ctrace_stage.made, 0, 300000, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_wake(&ctrace_stage.made, 0, 300100, 0, MAIN, 0);
	ctrace_story_switch(&ctrace_stage.made, 0, 300130, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_stage_tell();
	assert_int_equal(ctrace_top_init(&top, ctrace_stage.model, &all), CTRACE_OK);
	assert_int_equal(top.thread_count, 1);
	assert_int_equal(top.threads[0].running, 299900);
	assert_int_equal(top.threads[0].waiting, 100);
	assert_int_equal(top.threads[0].runnable, 30);
	assert_int_equal(top.threads[0].turns, 1);
	assert_int_equal(top.threads[0].syscalls, 200);
	assert_int_equal(top.syscalls.count, 1);
	assert_int_equal(top.syscalls.rows[0].count, 200);
	assert_int_equal(top.syscalls.rows[0].total, 200 * 201 / 2);
	assert_int_equal(top.syscalls.rows[0].p50, 100);
	assert_int_equal(top.syscalls.rows[0].p99, 198);
	assert_int_equal(top.syscalls.rows[0].max, 200);
	assert_int_equal(top.spans.count, 0);
	ctrace_top_finish(&top);
	/* A part: two whole calls, and the thread's time cut. */
	const uint64_t tid = MAIN;
	const struct ctrace_top_settings part = {
		.start = 2001, .end = 3001, .threads = &tid, .thread_count = 1};
	assert_int_equal(ctrace_top_init(&top, ctrace_stage.model, &part), CTRACE_OK);
	assert_int_equal(top.threads[0].running, 1000);
	assert_int_equal(top.syscalls.rows[0].count, 2);
	assert_int_equal(top.syscalls.rows[0].total, 5);
	ctrace_top_finish(&top);
}

/* ---- Random stories --------------------------------------------------------- */

static void begin_random(uint64_t round)
{
	ctrace_story_begin(&ctrace_stage.made);
	ctrace_story_random(&ctrace_stage.made, seed + round);
	ctrace_stage_tell();
}

static void no_lane_overlaps_and_states_of_a_thread_leave_no_hole(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		begin_random(round);
		for (uint32_t i = 0; i < ctrace_stage.model->lane_count; i++) {
			const struct ctrace_lane *lane = &ctrace_stage.model->lanes[i];
			uint64_t end = 0;

			for (uint32_t j = 0; j < lane->count; j++) {
				assert_true(lane->start[j] >= end);
				if (lane->info.kind == CTRACE_LANE_STATE && j > 0) {
					assert_int_equal(lane->start[j], end);
				}
				end = lane->start[j] + ctrace_lane_duration(lane, j);
				assert_true(end <= ctrace_stage.model->duration);
			}
		}
		ctrace_stage_end(NULL);
	}
}

/* What a thread did at each nanosecond, by its state lane alone. */
static uint64_t plain_sum(const struct ctrace_lane *lane, uint32_t state, uint64_t from,
			  uint64_t to)
{
	uint64_t sum = 0;

	for (uint64_t ns = from; ns < to; ns++) {
		for (uint32_t i = 0; i < lane->count; i++) {
			sum += lane->start[i] <= ns &&
			       ns < lane->start[i] + ctrace_lane_duration(lane, i) &&
			       ctrace_lane_name(lane, i) == ctrace_model_state_name(state);
		}
	}
	return sum;
}

static void parts_sum_to_the_stretch_and_running_is_what_the_lane_says(void **state)
{
	uint64_t random = seed;

	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		begin_random(round);
		const struct ctrace_lane *lane =
			ctrace_story_find(ctrace_stage.model, CTRACE_LANE_STATE, MAIN, 0);
		uint64_t from = ctrace_random_below(&random, ctrace_stage.model->duration);
		uint64_t to = from + ctrace_random_below(&random, 400), sum = 0, running = 0;
		struct ctrace_split split;

		assert_int_equal(ctrace_split_init(&split, ctrace_stage.model, track_of(MAIN), from,
						   to, NULL),
				 CTRACE_OK);
		for (uint32_t i = 0; i < split.row_count; i++) {
			sum += split.rows[i].total;
			running += split.rows[i].part == CTRACE_SPLIT_RUNNING ? split.rows[i].total
									      : 0;
		}
		assert_int_equal(sum, to - from);
		if (lane != NULL) {
			assert_int_equal(running, plain_sum(lane, CTRACE_STATE_RUNNING, from, to));
		}
		ctrace_split_finish(&split);
		ctrace_stage_end(NULL);
	}
}

/* ---- Flames ------------------------------------------------------------------- */

#define STACKS	300u
#define SAMPLES 500u

/* One of the functions always stands for two. */
#define INLINED	     2u
#define INLINED_INTO 4u

/* Stack i is its parent and one of a few functions. */
static uint32_t parents[STACKS + 1], functions[STACKS + 1];

static void add_stacks(uint64_t *random)
{
	char name[16];

	for (uint32_t i = 1; i <= 5; i++) {
		int size = snprintf(name, sizeof(name), "f%u", i);
		const struct ctrace_frame_row frame = {
			.frame = i,
			.function =
				ctrace_writer_string(&ctrace_stage.made.writer, name, (size_t)size),
			.is_inlined = i == INLINED,
			.outer = i == INLINED ? INLINED_INTO : 0};

		assert_int_equal(ctrace_writer_frame(&ctrace_stage.made.writer, &frame), CTRACE_OK);
	}
	for (uint32_t i = 1; i <= STACKS; i++) {
		parents[i] = (uint32_t)ctrace_random_below(random, i);
		functions[i] = 1 + (uint32_t)ctrace_random_below(random, 5);
		const struct ctrace_stack_row row = {
			.stack = i, .parent = parents[i], .frame = functions[i]};

		assert_int_equal(ctrace_writer_stack(&ctrace_stage.made.writer, &row), CTRACE_OK);
	}
}

/* "f1;f3;f2", from the outermost. */
static void path_of(uint32_t stack, char *path, size_t size)
{
	char step[16];

	if (stack == 0) {
		path[0] = '\0';
		return;
	}
	path_of(parents[stack], path, size);
	if (functions[stack] == INLINED) {
		snprintf(step, sizeof(step), "f%u;f%u;", INLINED_INTO, INLINED);
	} else {
		snprintf(step, sizeof(step), "f%u;", functions[stack]);
	}
	strncat(path, step, size - strlen(path) - 1);
}

static void path_of_node(const struct ctrace_flame *flame, uint32_t node, char *path, size_t size)
{
	struct ctrace_bytes name;
	char step[16];

	if (node == CTRACE_NONE) {
		path[0] = '\0';
		return;
	}
	path_of_node(flame, flame->nodes[node].parent, path, size);
	name = ctrace_trace_string(ctrace_stage.made.trace,
				   flame->functions[flame->nodes[node].function].function);
	snprintf(step, sizeof(step), "%.*s;", (int)name.size, name.bytes);
	strncat(path, step, size - strlen(path) - 1);
}

static void a_flame_is_the_sum_of_its_samples_by_their_paths(void **state)
{
	static uint32_t stacks[SAMPLES];
	uint64_t random = seed, from = 3000, to = 40000;
	struct ctrace_flame flame;
	char path[4096], sampled[4096];

	(void)state;
	add_stacks(&random);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		struct ctrace_sample sample = {MAIN, 0, 10 + i, 0};

		stacks[i] = (uint32_t)ctrace_random_below(&random, STACKS + 1);
		sample.stack = stacks[i];
		ctrace_block_sample(&ctrace_stage.made.blocks[CTRACE_STORY_CPU0],
				    CTRACE_FIXTURE_BASE + 100 * i, &sample);
	}
	ctrace_stage_tell();
	assert_int_equal(ctrace_flame_init(&flame, ctrace_stage.model, ctrace_stage.made.trace,
					   track_of(MAIN), from, to, NULL),
			 CTRACE_OK);
	assert_int_equal(flame.samples, (to - from) / 100);
	assert_int_equal(flame.left_out, 0);
	for (uint32_t node = 0; node < flame.node_count; node++) {
		uint64_t total = 0, self = 0, count = 0;

		path_of_node(&flame, node, path, sizeof(path));
		for (uint32_t i = (uint32_t)(from / 100); i < to / 100; i++) {
			path_of(stacks[i], sampled, sizeof(sampled));
			bool is_within = strncmp(sampled, path, strlen(path)) == 0;

			total += is_within ? 10 + i : 0;
			count += is_within;
			self += strcmp(sampled, path) == 0 ? 10 + i : 0;
		}
		assert_int_equal(flame.nodes[node].total, total);
		assert_int_equal(flame.nodes[node].self, self);
		assert_int_equal(flame.nodes[node].samples, count);
	}
	ctrace_flame_finish(&flame);
}

/* More chains than an answer holds: the heaviest are there, and no weight is gone. */
static void a_flame_too_large_keeps_its_heaviest_and_all_weight(void **state)
{
	struct ctrace_flame flame;
	uint64_t self = 0;
	uint32_t frame_count = CTRACE_FLAME_NODES_MAX + 100;
	char name[16];

	(void)state;
	for (uint32_t i = 1; i <= frame_count; i++) {
		int size = snprintf(name, sizeof(name), "g%u", i);
		const struct ctrace_frame_row frame = {
			.frame = i,
			.function = ctrace_writer_string(&ctrace_stage.made.writer, name,
							 (size_t)size)};
		const struct ctrace_stack_row row = {.stack = i, .parent = i > 1, .frame = i};
		const struct ctrace_sample sample = {MAIN, 0, i, i};

		assert_int_equal(ctrace_writer_frame(&ctrace_stage.made.writer, &frame), CTRACE_OK);
		assert_int_equal(ctrace_writer_stack(&ctrace_stage.made.writer, &row), CTRACE_OK);
		ctrace_block_sample(&ctrace_stage.made.blocks[CTRACE_STORY_CPU0],
				    CTRACE_FIXTURE_BASE + i, &sample);
	}
	ctrace_stage_tell();
	assert_int_equal(ctrace_flame_init(&flame, ctrace_stage.model, ctrace_stage.made.trace,
					   CTRACE_NONE, 0, UINT64_MAX, NULL),
			 CTRACE_OK);
	assert_int_equal(flame.node_count, CTRACE_FLAME_NODES_MAX);
	assert_int_equal(flame.left_out, 100);
	for (uint32_t i = 0; i < flame.node_count; i++) {
		self += flame.nodes[i].self;
		assert_true(flame.nodes[i].parent == CTRACE_NONE || flame.nodes[i].parent < i);
	}
	assert_int_equal(self, flame.weight);
	assert_int_equal(flame.weight, (uint64_t)frame_count * (frame_count + 1) / 2);
	ctrace_flame_finish(&flame);
}

/* CTRACE_CPUS_MAX: what a buffer tells of the one past the last is no CPU, and counted. */
static void a_cpu_past_the_last_is_none(void **state)
{
	struct ctrace_block *cpu = &ctrace_stage.made.blocks[CTRACE_STORY_CPU0];
	struct ctrace_sched_switch event = {CTRACE_CPUS_MAX - 1, 0, CTRACE_RUN_IDLE, MAIN, 120};

	(void)state;
	ctrace_block_sched_switch(cpu, CTRACE_FIXTURE_BASE + 100, &event);
	event.cpu = CTRACE_CPUS_MAX;
	ctrace_block_sched_switch(cpu, CTRACE_FIXTURE_BASE + 200, &event);
	ctrace_stage_tell();
	assert_non_null(
		ctrace_story_find(ctrace_stage.model, CTRACE_LANE_CPU, CTRACE_CPUS_MAX - 1, 0));
	assert_null(ctrace_story_find(ctrace_stage.model, CTRACE_LANE_CPU, CTRACE_CPUS_MAX, 0));
	assert_int_equal(ctrace_model_summary(ctrace_stage.model).repaired, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_span_is_split_into_what_its_thread_did,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(who_ended_a_wait_is_known_and_what_it_did,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(
			totals_are_exact_and_percentiles_are_of_the_nearest_rank,
			ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test(no_lane_overlaps_and_states_of_a_thread_leave_no_hole),
		cmocka_unit_test(parts_sum_to_the_stretch_and_running_is_what_the_lane_says),
		cmocka_unit_test_setup_teardown(a_flame_is_the_sum_of_its_samples_by_their_paths,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(a_flame_too_large_keeps_its_heaviest_and_all_weight,
						ctrace_stage_begin, ctrace_stage_end),
		cmocka_unit_test_setup_teardown(a_cpu_past_the_last_is_none, ctrace_stage_begin,
						ctrace_stage_end),
	};
	const char *given = argc > 1 ? argv[1] : getenv("CTRACE_TEST_SEED");

	seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)getpid() * 1000;
	printf("seed: %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests_name("thread_time", tests, NULL, NULL);
}
