/* SPDX-License-Identifier: MIT */
/* A model of a trace answers for families, tasks, flows and threads, and tells of what is broken.
 */

#include "tests/unit/lane_fixture.h"
#include "tests/unit/trace_fixture.h"
#include "tests/unit/trace_maker.h"

#include "viewer-server/model/ask/near.h"
#include "viewer-server/model/build/stream_build.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ctrace_made_trace made;
static struct ctrace_model *model;
static struct ctrace_error error;

static void make_model(void)
{
	memset(&error, 0, sizeof(error));
	assert_int_equal(ctrace_model_create(&model, made.trace, NULL, &error), CTRACE_OK);
}

static int start(void **state)
{
	(void)state;
	ctrace_fixture_write(&made);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	ctrace_model_destroy(model);
	model = NULL;
	ctrace_fixture_close(&made);
	return 0;
}

static uint64_t at(uint64_t ns)
{
	return CTRACE_FIXTURE_BASE + ns;
}

/* The only lane of a kind under a track of that stream (0: any). */
static const struct ctrace_lane *lane_of(enum ctrace_lane_kind kind, uint32_t stream,
					 uint32_t depth)
{
	for (uint32_t i = 0; i < model->lane_count; i++) {
		const struct ctrace_lane *lane = &model->lanes[i];

		if (lane->info.kind == kind && lane->info.depth == depth &&
		    (stream == 0 || model->tracks[lane->info.track].stream == stream)) {
			return lane;
		}
	}
	fail_msg("there is no such lane");
	return NULL;
}

static const char *name_at(const struct ctrace_lane *lane, uint32_t index)
{
	static char text[64];
	struct ctrace_bytes name = ctrace_model_name(model, ctrace_lane_name(lane, index));

	snprintf(text, sizeof(text), "%.*s", (int)name.size, name.bytes);
	return text;
}

static void details_of_nothing_are_refused(void **state)
{
	struct ctrace_detail detail;

	(void)state;
	ctrace_fixture_open(&made);
	make_model();
	assert_int_equal(ctrace_detail_init(&detail, model, (struct ctrace_place){7, 0}, &error),
			 CTRACE_ERR_NOT_FOUND);
	assert_string_equal(error.text, "there is no event 0 in lane 7");
	ctrace_detail_finish(&detail);
}

/* main: a [10,100) with b [20,30) and b [40,80), in it c [50,60). */
static void write_family(void)
{
	uint32_t a = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "a");
	uint32_t b = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "b");
	uint32_t c = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "c");
	struct ctrace_block *block = &made.blocks[1];

	ctrace_fixture_thread(&made, 1, 10, "main");
	ctrace_block_begin(block, a, at(10));
	ctrace_block_begin(block, b, at(20));
	ctrace_block_end(block, b, at(30));
	ctrace_block_begin(block, b, at(40));
	ctrace_block_begin(block, c, at(50));
	ctrace_block_end(block, c, at(60));
	ctrace_block_end(block, b, at(80));
	ctrace_block_end(block, a, at(100));
}

static void span_knows_its_family(void **state)
{
	struct ctrace_detail detail;

	(void)state;
	write_family();
	ctrace_fixture_open(&made);
	make_model();
	uint32_t top = lane_of(CTRACE_LANE_SPAN, 1, 0)->info.id;
	assert_int_equal(ctrace_detail_init(&detail, model, (struct ctrace_place){top, 0}, &error),
			 CTRACE_OK);
	assert_int_equal(detail.children, 2);
	assert_int_equal(detail.first_child.lane, top + 1);
	assert_int_equal(detail.first_child.index, 0);
	assert_int_equal(detail.parent.lane, CTRACE_NONE);
	assert_int_equal(detail.self, 90 - 10 - 40);
	ctrace_detail_finish(&detail);
	assert_int_equal(
		ctrace_detail_init(&detail, model, (struct ctrace_place){top + 2, 0}, &error),
		CTRACE_OK);
	assert_int_equal(detail.parent.lane, top + 1);
	assert_int_equal(detail.parent.index, 1);
	assert_int_equal(detail.children, 0);
	assert_int_equal(detail.site->line, 7);
	ctrace_detail_finish(&detail);
}

static void range_sums_self_time(void **state)
{
	struct ctrace_range range;

	(void)state;
	write_family();
	ctrace_fixture_open(&made);
	make_model();
	assert_int_equal(ctrace_range_init(&range, model, NULL, 0, 0, 1000, 10, false, NULL),
			 CTRACE_OK);
	assert_int_equal(range.count, 4);
	assert_int_equal(range.name_count, 3);
	assert_int_equal(range.names[0].total, 90);
	assert_int_equal(range.names[0].self, 40);
	assert_int_equal(range.names[1].count, 2);
	assert_int_equal(range.names[1].self, 10 + 30);
	assert_int_equal(range.top[0].self, 40);
	ctrace_range_finish(&range);
}

static void put_task(struct ctrace_block *block, uint32_t site, uint64_t ticks, uint64_t id,
		     uint64_t parent)
{
	ctrace_block_site_event(block, site, ticks);
	ctrace_block_arg_u64(block, id);
	ctrace_block_arg_u64(block, parent);
}

static void task_crosses_threads(void **state)
{
	uint32_t task = ctrace_fixture_site(&made, CTRACE_KIND_TASK_BEGIN, "job");
	uint32_t step = ctrace_fixture_site(&made, CTRACE_KIND_TASK_STEP, "half");
	uint32_t work = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "work");
	struct ctrace_block *one = &made.blocks[1], *two = &made.blocks[2];
	struct ctrace_detail detail;

	(void)state;
	ctrace_fixture_thread(&made, 1, 10, "main");
	ctrace_fixture_thread(&made, 2, 10, "worker");
	put_task(one, task, at(5), 77, 0);
	ctrace_block_plain_u64(two, CTRACE_KIND_TASK_ENTER, at(10), 77);
	ctrace_block_begin(two, work, at(20));
	ctrace_block_site_event(two, step, at(25));
	ctrace_block_arg_u64(two, 77);
	ctrace_block_end(two, work, at(30));
	ctrace_block_plain_u64(two, CTRACE_KIND_TASK_LEAVE, at(35), 77);
	ctrace_block_begin(two, work, at(40));
	ctrace_block_end(two, work, at(50));
	ctrace_block_plain_u64(two, CTRACE_KIND_TASK_END, at(60), 77);
	ctrace_fixture_open(&made);
	make_model();
	const struct ctrace_lane *tasks = lane_of(CTRACE_LANE_TASK, 0, 0);
	assert_int_equal(tasks->count, 1);
	assert_int_equal(tasks->start[0], 5);
	assert_int_equal(ctrace_lane_duration(tasks, 0), 55);
	assert_string_equal(name_at(tasks, 0), "job");
	assert_int_equal(ctrace_detail_init(&detail, model,
					    (struct ctrace_place){tasks->info.id, 0}, &error),
			 CTRACE_OK);
	assert_int_equal(detail.step_count, 1);
	assert_int_equal(detail.steps[0].time, 25);
	ctrace_detail_finish(&detail);
	uint32_t spans = lane_of(CTRACE_LANE_SPAN, 2, 0)->info.id;
	ctrace_detail_init(&detail, model, (struct ctrace_place){spans, 0}, &error);
	assert_true(detail.has_task && detail.task_id == 77);
	assert_int_equal(detail.task.lane, tasks->info.id);
	ctrace_detail_finish(&detail);
	ctrace_detail_init(&detail, model, (struct ctrace_place){spans, 1}, &error);
	assert_false(detail.has_task);
	ctrace_detail_finish(&detail);
}

static void flow_joins_two_spans(void **state)
{
	uint32_t work = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "work");
	struct ctrace_detail detail;

	(void)state;
	for (uint32_t i = 1; i <= 2; i++) {
		struct ctrace_block *block = &made.blocks[i];

		ctrace_fixture_thread(&made, i, 10, "worker");
		ctrace_block_begin(block, work, at(10 * i));
		ctrace_block_plain_u64(block, i == 1 ? CTRACE_KIND_FLOW_OUT : CTRACE_KIND_FLOW_IN,
				       at(10 * i + 5), UINT64_MAX);
		ctrace_block_end(block, work, at(10 * i + 9));
	}
	ctrace_fixture_open(&made);
	make_model();
	uint32_t lanes[2] = {lane_of(CTRACE_LANE_SPAN, 1, 0)->info.id,
			     lane_of(CTRACE_LANE_SPAN, 2, 0)->info.id};
	for (uint32_t i = 0; i < 2; i++) {
		ctrace_detail_init(&detail, model, (struct ctrace_place){lanes[i], 0}, &error);
		assert_int_equal(detail.flow_count, 1);
		assert_true(detail.flows[0].id == UINT64_MAX);
		assert_int_equal(detail.flows[0].from.place.lane, lanes[0]);
		assert_int_equal(detail.flows[0].from.time, 15);
		assert_int_equal(detail.flows[0].to.place.lane, lanes[1]);
		assert_int_equal(detail.flows[0].to.time, 25);
		ctrace_detail_finish(&detail);
	}
}

static void unfinished_span_reaches_to_the_end(void **state)
{
	uint32_t work = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "work");
	uint32_t point = ctrace_fixture_site(&made, CTRACE_KIND_INSTANT, "point");

	(void)state;
	ctrace_fixture_thread(&made, 1, 10, "main");
	ctrace_fixture_thread(&made, 2, 10, "other");
	ctrace_block_begin(&made.blocks[1], work, at(10));
	ctrace_block_site_event(&made.blocks[2], point, at(1000));
	ctrace_fixture_open(&made);
	make_model();
	const struct ctrace_lane *lane = lane_of(CTRACE_LANE_SPAN, 1, 0);
	assert_int_equal(ctrace_lane_duration(lane, 0), 990);
	assert_int_equal(ctrace_lane_flags(lane, 0), CTRACE_REAL_UNFINISHED);
	assert_int_equal(ctrace_model_summary(model).duration_ns, 1000);
}

static void span_from_before_begins_with_the_stream(void **state)
{
	uint32_t work = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "work");

	(void)state;
	ctrace_fixture_thread(&made, 1, 10, "main");
	ctrace_block_begin(&made.blocks[1], work, at(10));
	ctrace_block_end(&made.blocks[1], work, at(20));
	ctrace_block_end(&made.blocks[1], CTRACE_NO_SITE, at(30));
	ctrace_fixture_open(&made);
	make_model();
	const struct ctrace_lane *outer = lane_of(CTRACE_LANE_SPAN, 1, 0),
				 *inner = lane_of(CTRACE_LANE_SPAN, 1, 1);
	assert_int_equal(outer->start[0], 10);
	assert_int_equal(ctrace_lane_duration(outer, 0), 20);
	assert_int_equal(ctrace_lane_flags(outer, 0), CTRACE_REAL_BEGAN_BEFORE);
	assert_int_equal(inner->start[0], 10);
	assert_int_equal(ctrace_lane_duration(inner, 0), 10);
}

static void loss_is_a_gap(void **state)
{
	struct ctrace_detail detail;

	(void)state;
	ctrace_fixture_thread(&made, 1, 10, "main");
	ctrace_block_lost(&made.blocks[1], at(50), CTRACE_LOSS_RING_FULL, 12, at(20));
	ctrace_fixture_open(&made);
	make_model();
	const struct ctrace_lane *lane = lane_of(CTRACE_LANE_GAP, 1, 0);
	assert_int_equal(lane->start[0], 20);
	assert_int_equal(ctrace_lane_duration(lane, 0), 30);
	assert_int_equal(
		ctrace_detail_init(&detail, model, (struct ctrace_place){lane->info.id, 0}, &error),
		CTRACE_OK);
	assert_int_equal(detail.lost_count, 12);
	assert_int_equal(detail.lost_reason, CTRACE_LOSS_RING_FULL);
	ctrace_detail_finish(&detail);
	assert_int_equal(ctrace_model_summary(model).lost, 12);
}

static void counters_of_threads_are_one_lane(void **state)
{
	uint32_t depth = ctrace_fixture_site(&made, CTRACE_KIND_COUNTER, "depth");

	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		ctrace_fixture_thread(&made, i, 10, "worker");
		for (unsigned k = 0; k < 4; k++) {
			ctrace_block_site_event(&made.blocks[i], depth, at(10 * k + i));
			ctrace_block_arg_f64(&made.blocks[i], 10 * k + i);
		}
	}
	ctrace_fixture_open(&made);
	make_model();
	const struct ctrace_lane *lane = lane_of(CTRACE_LANE_COUNTER, 0, 0);
	assert_int_equal(lane->count, 12);
	for (uint32_t i = 0; i < 12; i++) {
		assert_true(lane->value[i] == (double)lane->start[i]);
	}
	assert_true(lane->info.min == 1 && lane->info.max == 33);
}

static void put_samples(const double *values, unsigned count)
{
	uint32_t depth = ctrace_fixture_site(&made, CTRACE_KIND_COUNTER, "depth");

	ctrace_fixture_thread(&made, 1, 10, "main");
	for (unsigned i = 0; i < count; i++) {
		ctrace_block_site_event(&made.blocks[1], depth, at(10 * i));
		ctrace_block_arg_f64(&made.blocks[1], values[i]);
	}
	ctrace_fixture_open(&made);
	make_model();
}

static void counter_that_is_no_number_holds_the_value_before(void **state)
{
	const double values[] = {NAN, 5, INFINITY, NAN, 7, -INFINITY};
	struct ctrace_detail detail;

	(void)state;
	put_samples(values, 6);
	const struct ctrace_lane *lane = lane_of(CTRACE_LANE_COUNTER, 0, 0);
	assert_true(lane->value[0] == 0 && lane->value[2] == 5 && lane->value[3] == 5 &&
		    lane->value[5] == 7);
	assert_true(lane->info.min == 0 && lane->info.max == 7);
	ctrace_detail_init(&detail, model, (struct ctrace_place){lane->info.id, 2}, &error);
	assert_true(isinf(detail.args[0].f64));
	ctrace_detail_finish(&detail);
}

static void huge_counters_have_a_mean(void **state)
{
	static double values[1000];
	static struct ctrace_tile tile;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		values[i] = i == 100 ? 1e308 : i;
	}
	put_samples(values, 1000);
	for (uint8_t level = 0; level < 20; level++) {
		ctrace_tile_make(model, lane_of(CTRACE_LANE_COUNTER, 0, 0)->info.id, level, 0,
				 &tile);
		for (uint32_t i = 0; i < tile.bucket_count; i++) {
			assert_true(isfinite(tile.buckets[i].mean));
			assert_true(tile.buckets[i].mean >= 0 && tile.buckets[i].mean <= 1e308);
		}
	}
}

static void put_three_chunks(void)
{
	uint32_t work = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "work");

	ctrace_fixture_thread(&made, 1, 10, "main");
	for (unsigned i = 0; i < 3; i++) {
		ctrace_block_begin(&made.blocks[1], work, at(10 * i));
		ctrace_block_end(&made.blocks[1], work, at(10 * i + 5));
		ctrace_writer_seal(&made.writer, &made.blocks[1]);
	}
}

/* Spoils the payload of the n-th chunk of events. */
static void spoil(uint32_t n)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(made.trace);

	for (uint32_t i = 0; i < info->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(made.trace, i);

		if (entry->type == CTRACE_CHUNK_EVENTS && n-- == 0) {
			ctrace_fixture_damage(&made, entry->offset + CTRACE_CHUNK_HEADER_BYTES,
					      "\xff\xff", 2);
			return;
		}
	}
	fail_msg("there is no such chunk");
}

static void damaged_chunk_is_named_and_leaves_a_gap(void **state)
{
	uint32_t count;

	(void)state;
	put_three_chunks();
	ctrace_fixture_open(&made);
	spoil(1);
	make_model();
	assert_int_equal(lane_of(CTRACE_LANE_SPAN, 1, 0)->count, 2);
	const struct ctrace_lane *gap = lane_of(CTRACE_LANE_GAP, 1, 0);
	assert_int_equal(gap->count, 1);
	assert_int_equal(gap->start[0], 5);
	assert_int_equal(ctrace_lane_duration(gap, 0), 15);
	assert_string_equal(name_at(gap, 0), "lost: part of the file is missing");
	const struct ctrace_damage *damage = ctrace_model_damage(model, &count);
	assert_int_equal(count, 1);
	assert_int_equal(damage[0].error.status, CTRACE_ERR_DAMAGED);
}

static void damaged_last_chunk_is_a_gap_too(void **state)
{
	(void)state;
	put_three_chunks();
	ctrace_fixture_open(&made);
	spoil(2);
	make_model();
	const struct ctrace_lane *gap = lane_of(CTRACE_LANE_GAP, 1, 0);
	assert_int_equal(gap->count, 1);
	assert_int_equal(gap->start[0], 15);
	assert_int_equal(ctrace_lane_duration(gap, 0), 10);
}

static bool stop_at_once(void *context, const char *stage, uint64_t done, uint64_t total)
{
	(void)context;
	assert_string_equal(stage, "indexing");
	assert_true(done <= total);
	return false;
}

static void loading_can_be_stopped(void **state)
{
	const struct ctrace_model_settings settings = {.progress = stop_at_once};

	(void)state;
	put_three_chunks();
	ctrace_fixture_open(&made);
	assert_int_equal(ctrace_model_create(&model, made.trace, &settings, &error), CTRACE_END);
	assert_null(model);
}

static void memory_limit_is_named(void **state)
{
	struct ctrace_model_settings settings = {0};

	(void)state;
	memset(&error, 0, sizeof(error));
	put_three_chunks();
	ctrace_fixture_open(&made);
	settings.max_memory = 14 * ctrace_trace_info(made.trace)->events;
	assert_int_equal(ctrace_model_create(&model, made.trace, &settings, &error), CTRACE_OK);
	ctrace_model_destroy(model);
	settings.max_memory--;
	assert_int_equal(ctrace_model_create(&model, made.trace, &settings, &error),
			 CTRACE_ERR_LIMIT);
	assert_non_null(strstr(error.text, "needs about 1 KiB, the limit is 0 KiB"));
	assert_non_null(strstr(error.text, "--max-memory"));
}

static void trace_without_events_is_a_model(void **state)
{
	uint32_t count;

	(void)state;
	ctrace_fixture_open(&made);
	make_model();
	ctrace_model_lanes(model, &count);
	assert_int_equal(count, 0);
	assert_int_equal(ctrace_model_summary(model).duration_ns, 0);
}

static void threads_stand_under_their_process(void **state)
{
	uint32_t point = ctrace_fixture_site(&made, CTRACE_KIND_INSTANT, "point"), count;

	(void)state;
	for (uint32_t i = 1; i <= 4; i++) {
		ctrace_fixture_thread(&made, i, i % 2 == 0 ? 20 : 10, "t");
		ctrace_block_site_event(&made.blocks[i], point, at(i));
	}
	ctrace_fixture_open(&made);
	make_model();
	const struct ctrace_track *tracks = ctrace_model_tracks(model, &count);
	assert_int_equal(count, 6);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(tracks[i].id, i);
		if (tracks[i].kind == CTRACE_TRACK_THREAD) {
			assert_true(tracks[tracks[i].parent].kind == CTRACE_TRACK_PROCESS);
			assert_true(tracks[tracks[i].parent].pid == tracks[i].pid);
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(details_of_nothing_are_refused),
		TEST(span_knows_its_family),
		TEST(range_sums_self_time),
		TEST(task_crosses_threads),
		TEST(flow_joins_two_spans),
		TEST(unfinished_span_reaches_to_the_end),
		TEST(span_from_before_begins_with_the_stream),
		TEST(loss_is_a_gap),
		TEST(counters_of_threads_are_one_lane),
		TEST(damaged_chunk_is_named_and_leaves_a_gap),
		TEST(damaged_last_chunk_is_a_gap_too),
		TEST(counter_that_is_no_number_holds_the_value_before),
		TEST(huge_counters_have_a_mean),
		TEST(loading_can_be_stopped),
		TEST(memory_limit_is_named),
		TEST(trace_without_events_is_a_model),
		TEST(threads_stand_under_their_process),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
