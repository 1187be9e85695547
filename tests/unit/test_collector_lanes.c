/* SPDX-License-Identifier: MIT */
/* What a collector tells becomes spans of its thread, and pauses and collections of its process. */

#include "tests/unit/collector_story.h"
#include "tests/unit/kernel_stage.h"
#include "viewer-server/model/tile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAIN   CTRACE_STORY_MAIN
#define WORKER CTRACE_STORY_WORKER

/* Streams 1 and 2 are main's and the worker's. */
static void begin(uint32_t stream, uint64_t ns, uint64_t kind)
{
	ctrace_tell_gc_begin(&ctrace_stage.made.blocks[stream], CTRACE_FIXTURE_BASE + ns, kind);
}

static void end(uint32_t stream, uint64_t ns, uint64_t live, uint64_t freed)
{
	ctrace_tell_gc_end(&ctrace_stage.made.blocks[stream], CTRACE_FIXTURE_BASE + ns, live,
			   freed);
}

static void halt(uint64_t ns, uint64_t tid, bool is_stopped)
{
	ctrace_tell_gc_thread(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + ns, tid,
			      is_stopped);
}

static const char *spans(uint64_t tid, uint32_t depth)
{
	return ctrace_story_lane(
		ctrace_stage.model,
		ctrace_story_find(ctrace_stage.model, CTRACE_LANE_SPAN, tid, depth));
}

/* Of the process: its collector's track has no tid. */
static const struct ctrace_lane *of_process(enum ctrace_lane_kind kind, uint32_t depth)
{
	return ctrace_story_find(ctrace_stage.model, kind, 0, depth);
}

static void work_nests_among_the_threads_own_spans(void **state)
{
	uint32_t site = ctrace_fixture_site(&ctrace_stage.made, CTRACE_KIND_SPAN_BEGIN, "request");

	(void)state;
	ctrace_block_begin(&ctrace_stage.made.blocks[1], site, CTRACE_FIXTURE_BASE + 10);
	begin(1, 20, CTRACE_COLLECTOR_FULL);
	begin(1, 30, CTRACE_COLLECTOR_WORLD_STOPPED);
	begin(1, 40, CTRACE_COLLECTOR_MARK);
	end(1, 50, 0, 0);
	end(1, 60, 0, 0);
	begin(1, 70, 99);
	end(1, 75, 0, 0);
	end(1, 80, 700, 300);
	ctrace_block_end(&ctrace_stage.made.blocks[1], site, CTRACE_FIXTURE_BASE + 90);
	ctrace_stage_tell();
	assert_string_equal(spans(MAIN, 0), "request 10-90");
	assert_string_equal(spans(MAIN, 1), "collection 20-80");
	assert_string_equal(spans(MAIN, 2), "world stopped 30-60 | collector's work 70-75");
	assert_string_equal(spans(MAIN, 3), "mark 40-50");
	assert_string_equal(ctrace_story_lane(ctrace_stage.model, of_process(CTRACE_LANE_PAUSE, 0)),
			    "world stopped 30-60");
	assert_string_equal(ctrace_story_lane(ctrace_stage.model, of_process(CTRACE_LANE_CYCLE, 0)),
			    "collection 20-80");
	assert_true(ctrace_real_is_collector(ctrace_lane_flags(
		ctrace_story_find(ctrace_stage.model, CTRACE_LANE_SPAN, MAIN, 1), 0)));
}

static void an_end_closes_the_innermost_work_whatever_spans_are_open_in_it(void **state)
{
	uint32_t site =
		ctrace_fixture_site(&ctrace_stage.made, CTRACE_KIND_SPAN_BEGIN, "left by a jump");

	(void)state;
	begin(1, 10, CTRACE_COLLECTOR_STEP);
	ctrace_block_begin(&ctrace_stage.made.blocks[1], site, CTRACE_FIXTURE_BASE + 20);
	end(1, 30, 0, 0);
	begin(1, 40, CTRACE_COLLECTOR_STEP);
	ctrace_stage_tell();
	assert_string_equal(spans(MAIN, 0), "collection step 10-30 | collection step 40-40…");
	assert_string_equal(spans(MAIN, 1), "left by a jump 20-30");
}

static void what_has_no_begin_began_before_the_recording(void **state)
{
	(void)state;
	end(1, 30, 5, 0);
	begin(1, 40, CTRACE_COLLECTOR_YOUNG);
	end(1, 50, 6, 0);
	ctrace_stage_tell();
	assert_string_equal(spans(MAIN, 0), "collector's work …30-30 | minor collection 40-50");
	assert_string_equal(ctrace_story_lane(ctrace_stage.model, of_process(CTRACE_LANE_CYCLE, 0)),
			    "minor collection 40-50");
}

static void stops_of_several_threads_that_overlap_are_one_pause(void **state)
{
	(void)state;
	begin(1, 10, CTRACE_COLLECTOR_WORLD_STOPPED);
	begin(2, 20, CTRACE_COLLECTOR_WORLD_STOPPED);
	end(1, 30, 0, 0);
	end(2, 40, 0, 0);
	begin(1, 40, CTRACE_COLLECTOR_WORLD_STOPPED);
	end(1, 45, 0, 0);
	ctrace_stage_tell();
	assert_string_equal(ctrace_story_lane(ctrace_stage.model, of_process(CTRACE_LANE_PAUSE, 0)),
			    "world stopped 10-40 | world stopped 40-45");
}

static void collections_that_overlap_stand_in_lanes_of_their_own(void **state)
{
	(void)state;
	begin(1, 10, CTRACE_COLLECTOR_FULL);
	begin(1, 20, CTRACE_COLLECTOR_STEP);
	end(1, 30, 0, 0);
	end(1, 50, 0, 0);
	begin(2, 40, CTRACE_COLLECTOR_YOUNG);
	end(2, 60, 0, 0);
	ctrace_stage_tell();
	assert_string_equal(ctrace_story_lane(ctrace_stage.model, of_process(CTRACE_LANE_CYCLE, 0)),
			    "collection 10-50");
	assert_string_equal(ctrace_story_lane(ctrace_stage.model, of_process(CTRACE_LANE_CYCLE, 1)),
			    "collection step 20-30 | minor collection 40-60");
}

static void a_thread_that_is_stopped_is_so_until_it_is_let_go(void **state)
{
	(void)state;
	halt(10, WORKER, true);
	halt(15, WORKER, true);
	halt(20, WORKER, false);
	halt(25, WORKER, false);
	halt(30, WORKER, true);
	halt(35, 4711, true);
	begin(2, 40, CTRACE_COLLECTOR_MARK);
	end(2, 50, 0, 0);
	ctrace_stage_tell();
	assert_string_equal(ctrace_story_lane(ctrace_stage.model,
					      ctrace_story_find(ctrace_stage.model,
								CTRACE_LANE_HALT, WORKER, 0)),
			    "stopped by the collector 10-20 | stopped by the collector 30-50…");
	assert_null(ctrace_story_find(ctrace_stage.model, CTRACE_LANE_HALT, MAIN, 0));
}

static void the_heap_is_a_counter_and_so_is_what_is_alive(void **state)
{
	const struct ctrace_lane *heap, *live;

	(void)state;
	ctrace_tell_gc_heap(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + 5, 1000);
	begin(1, 10, CTRACE_COLLECTOR_FULL);
	end(1, 20, 600, 0);
	ctrace_tell_gc_heap(&ctrace_stage.made.blocks[2], CTRACE_FIXTURE_BASE + 25, 1200);
	ctrace_stage_tell();
	heap = of_process(CTRACE_LANE_COUNTER, 0);
	live = of_process(CTRACE_LANE_COUNTER, 1);
	assert_non_null(heap);
	assert_non_null(live);
	assert_int_equal(heap->count, 2);
	assert_true(heap->value[0] == 1000 && heap->value[1] == 1200);
	assert_int_equal(live->count, 1);
	assert_int_equal(live->start[0], 20);
	assert_true(live->value[0] == 600);
}

static void a_pause_says_who_collected_what_the_heap_was_and_whom_it_interrupted(void **state)
{
	uint32_t site = ctrace_fixture_site(&ctrace_stage.made, CTRACE_KIND_SPAN_BEGIN, "request");
	struct ctrace_detail detail;

	(void)state;
	ctrace_tell_gc_heap(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + 5, 1000);
	ctrace_block_begin(&ctrace_stage.made.blocks[2], site, CTRACE_FIXTURE_BASE + 8);
	begin(1, 10, CTRACE_COLLECTOR_FULL);
	begin(1, 12, CTRACE_COLLECTOR_WORLD_STOPPED);
	ctrace_tell_gc_heap(&ctrace_stage.made.blocks[1], CTRACE_FIXTURE_BASE + 15, 900);
	end(1, 18, 0, 0);
	end(1, 20, 600, 300);
	ctrace_block_end(&ctrace_stage.made.blocks[2], site, CTRACE_FIXTURE_BASE + 30);
	ctrace_stage_tell();
	const struct ctrace_lane *pauses = of_process(CTRACE_LANE_PAUSE, 0);
	assert_int_equal(ctrace_detail_init(&detail, ctrace_stage.model,
					    (struct ctrace_place){pauses->info.id, 0},
					    &ctrace_stage.error),
			 CTRACE_OK);
	const struct ctrace_collector_detail *told = &detail.collector;
	assert_true(told->is_there);
	assert_int_equal(told->who.tid, MAIN);
	assert_true(told->heap_before == 1000 && told->heap_after == 900);
	assert_int_equal(told->cycle_end.live, 600);
	assert_int_equal(told->cycle_end.freed, 300);
	assert_int_equal(told->interrupted_count, 1);
	assert_int_equal(told->interrupted[0].who.tid, WORKER);
	assert_int_equal(told->span.lane,
			 ctrace_story_find(ctrace_stage.model, CTRACE_LANE_SPAN, MAIN, 1)->info.id);
	ctrace_detail_finish(&detail);
	const struct ctrace_lane *cycles = of_process(CTRACE_LANE_CYCLE, 0);
	assert_int_equal(ctrace_detail_init(&detail, ctrace_stage.model,
					    (struct ctrace_place){cycles->info.id, 0},
					    &ctrace_stage.error),
			 CTRACE_OK);
	assert_int_equal(detail.collector.pauses, 1);
	assert_int_equal(detail.collector.paused, 6);
	ctrace_detail_finish(&detail);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, ctrace_stage_begin, ctrace_stage_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(work_nests_among_the_threads_own_spans),
		PROMISE(an_end_closes_the_innermost_work_whatever_spans_are_open_in_it),
		PROMISE(what_has_no_begin_began_before_the_recording),
		PROMISE(stops_of_several_threads_that_overlap_are_one_pause),
		PROMISE(collections_that_overlap_stand_in_lanes_of_their_own),
		PROMISE(a_thread_that_is_stopped_is_so_until_it_is_let_go),
		PROMISE(the_heap_is_a_counter_and_so_is_what_is_alive),
		PROMISE(a_pause_says_who_collected_what_the_heap_was_and_whom_it_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
