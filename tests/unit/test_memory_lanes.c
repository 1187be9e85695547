/* SPDX-License-Identifier: MIT */
/* What the timeline shows of memory, told as small stories; and its counters in Chrome JSON. */

#include "tests/unit/chrome_made.h"
#include "tests/unit/memory_trace.h"
#include "viewer-server/export/chrome_click.h"
#include "viewer-server/model/memory/memory_curve.h"
#include "viewer-server/model/model_parts.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                       \
	"ctrace-text 1\n"                                                                          \
	"header session=00000000000000000000000000000000 base=1000 rate=1000000000 clock=5\n"      \
	"chunk STRINGS seq=0\n"                                                                    \
	"  string 1 \"main\"\n  string 2 \"worker\"\n  string 3 \"arena\"\n"                       \
	"  string 4 \"mmap\"\n  string 5 \"munmap\"\n  string 6 \"brk\"\n  string 7 \"mremap\"\n"  \
	"  string 8 \"execve\"\n  string 9 \"exit_group\"\n"                                       \
	"chunk THREADS seq=1\n"                                                                    \
	"  thread 1 pid=10 tid=11 name=1 start=0 written=0 lost=0 state=0 clamped=0\n"             \
	"  thread 2 pid=10 tid=12 name=2 start=0 written=0 lost=0 state=0 clamped=0\n"             \
	"  thread 3 pid=20 tid=20 name=1 start=0 written=0 lost=0 state=0 clamped=0\n"             \
	"chunk CALLS seq=2\n"                                                                      \
	"  call 9 layer=1 name=4\n  call 11 layer=1 name=5\n  call 12 layer=1 name=6\n"            \
	"  call 25 layer=1 name=7\n  call 59 layer=1 name=8\n  call 231 layer=1 name=9\n"          \
	"chunk BUFFERS seq=3\n  buffer 9 source=1 cpu=0\n"

struct story {
	struct ctrace_buffer bytes;
	struct ctrace_trace *trace;
	struct ctrace_model *model;
	int fd;
};

static void tell(struct story *story, const char *text)
{
	struct ctrace_error error = {0};

	*story = (struct story){.fd = -1};
	ctrace_memory_assemble(&story->bytes, text);
	story->trace = ctrace_memory_open(&story->bytes, &story->fd);
	assert_int_equal(ctrace_model_create(&story->model, story->trace, NULL, &error), CTRACE_OK);
}

static void end(struct story *story)
{
	ctrace_model_destroy(story->model);
	ctrace_memory_close(story->trace, story->fd);
	ctrace_buffer_finish(&story->bytes);
}

static const struct ctrace_lane *lane_of(const struct ctrace_model *model, uint64_t pid,
					 const char *track, const char *name)
{
	for (uint32_t i = 0; i < model->lane_count; i++) {
		const struct ctrace_lane *lane = &model->lanes[i];
		const struct ctrace_track *of = &model->tracks[lane->info.track];
		struct ctrace_bytes called = ctrace_model_name(model, lane->info.name);

		if (of->kind == CTRACE_TRACK_MEMORY && of->pid == pid &&
		    strlen(track) == of->label.size &&
		    memcmp(track, of->label.bytes, of->label.size) == 0 &&
		    strlen(name) == called.size && memcmp(name, called.bytes, called.size) == 0) {
			return lane;
		}
	}
	return NULL;
}

/* "10:100 20:150": when, and how much from then on. */
static void assert_lane(const struct story *story, uint64_t pid, const char *name,
			const char *expected)
{
	const struct ctrace_lane *lane = lane_of(story->model, pid, "Memory", name);
	char text[4096] = "";
	size_t used = 0;

	assert_non_null(lane);
	for (uint32_t i = 0; i < lane->count && used < sizeof(text); i++) {
		used += (size_t)snprintf(&text[used], sizeof(text) - used, "%s%" PRIu64 ":%.0f",
					 i == 0 ? "" : " ", lane->start[i], lane->value[i]);
	}
	assert_string_equal(text, expected);
}

/* Thread 12 frees what 11 got at the very time at which 11 gets the address again; a call that
 * fails leaves its block alive; process 20 has the same address; a pool is alive for itself. */
static void test_what_is_alive_is_told_at_every_change(void **state)
{
	struct story story;

	(void)state;
	tell(&story, HEAD "chunk EVENTS stream=1 seq=0 base=1000\n"
			  "  +10 alloc 4096 100 0 0 0\n"
			  "  +10 alloc 8192 50 0 0 0\n"
			  "  +80 alloc 4096 70 0 0 0\n"
			  "  +100 free 8192 0\n"
			  "  +0 realloc 8192 12288 60 0 0\n"
			  "  +100 free 12288 0\n"
			  "  +50 realloc 12288 12288 0 0 0\n"
			  "  +50 pool 7 65536 1000 @3\n"
			  "  +0 alloc 65536 30 0 0 7\n"
			  "  +100 free 77 0\n"
			  "chunk EVENTS stream=2 seq=0 base=1000\n"
			  "  +100 free 4096 0\n"
			  "chunk EVENTS stream=3 seq=0 base=1000\n"
			  "  +15 alloc 4096 5 0 0 0\n");
	assert_lane(&story, 10, "live heap",
		    "10:100 20:150 100:50 100:120 200:70 200:130 300:70 350:130 400:160");
	assert_lane(&story, 10, "pool arena", "400:30");
	assert_lane(&story, 20, "live heap", "15:5");
	const struct ctrace_lane *lane = lane_of(story.model, 10, "Memory", "live heap");

	assert_int_equal(lane->info.unit, CTRACE_UNIT_BYTES);
	assert_int_equal(lane->info.step, 0);
	assert_false(lane->info.is_estimate);
	assert_true(lane->info.min == 50 && lane->info.max == 160);
	end(&story);
}

static void test_a_sample_is_told_as_an_estimate(void **state)
{
	struct story story;

	(void)state;
	tell(&story, HEAD "chunk EVENTS stream=1 seq=0 base=1000\n"
			  "  +10 alloc 4096 100 0 524338 0\n"
			  "  +10 free 4096 0\n");
	assert_lane(&story, 10, "live heap", "10:524338 20:0");
	assert_true(lane_of(story.model, 10, "Memory", "live heap")->info.is_estimate);
	assert_true(lane_of(story.model, 10, "Memory", "allocation rate")->info.is_estimate);
	end(&story);
}

/* 100 ms: stretches are 2^20 ns. 3 MB in the first of them by main, 1 MB in the third by worker. */
static void test_rates_are_what_came_in_a_stretch_of_process_and_thread(void **state)
{
	const double second = 1e9 / (1 << 20);
	struct story story;
	const struct ctrace_lane *rate, *main_rate, *worker_rate;

	(void)state;
	tell(&story, HEAD "chunk EVENTS stream=1 seq=0 base=1000\n"
			  "  +1000 alloc 4096 1000000 0 0 0\n"
			  "  +1000 alloc 9000000 2000000 0 0 0\n"
			  "  +99998000 free 4096 0\n"
			  "chunk EVENTS stream=2 seq=0 base=1000\n"
			  "  +2200000 alloc 50000000 1000000 0 0 0\n");
	rate = lane_of(story.model, 10, "Memory", "allocation rate");
	main_rate = lane_of(story.model, 10, "Allocation rate by thread", "main");
	worker_rate = lane_of(story.model, 10, "Allocation rate by thread", "worker");
	assert_non_null(rate);
	assert_non_null(main_rate);
	assert_non_null(worker_rate);
	assert_int_equal(rate->count, 4);
	assert_int_equal(rate->info.unit, CTRACE_UNIT_BYTES_PER_SECOND);
	assert_int_equal(rate->info.step, 1 << 20);
	assert_true(rate->value[0] == 3e6 * second && rate->start[0] == 0);
	assert_true(rate->value[1] == 0 && rate->start[1] == 1 << 20);
	assert_true(rate->value[2] == 1e6 * second && rate->start[2] == 2 << 20);
	assert_true(rate->value[3] == 0 && rate->start[3] == 3 << 20);
	assert_true(main_rate->info.max == 3e6 * second && main_rate->info.tid == 11);
	assert_true(worker_rate->info.max == 1e6 * second && worker_rate->info.tid == 12);
	end(&story);
}

/* A call that two sources tell of counts once; what was mapped before is not given back. */
static void test_calls_that_map_memory_are_added_up(void **state)
{
	struct story story;

	(void)state;
	tell(&story, HEAD "chunk EVENTS stream=1 seq=0 base=1000\n"
			  "  +10 syscall_enter 0 9 0 16384 3 34 0 0\n"
			  "  +30 syscall_exit 0 9 65536\n"
			  "chunk EVENTS stream=9 seq=0 base=1000\n"
			  "  +15 syscall_enter 11 9 0 16384 3 34 0 0\n"
			  "  +10 syscall_exit 11 9 65536\n"
			  "  +75 syscall_enter 11 11 69632 4096 0 0 0 0\n"
			  "  +10 syscall_exit 11 11 0\n"
			  "  +90 syscall_enter 11 9 0 4096 1 2 3 0\n"
			  "  +10 syscall_exit 11 9 1048576\n"
			  "  +10 syscall_enter 11 11 8388608 4096 0 0 0 0\n"
			  "  +10 syscall_exit 11 11 0\n"
			  "  +10 syscall_enter 11 9 0 4096 3 34 0 0\n"
			  "  +10 syscall_exit 11 9 -12\n"
			  "  +50 syscall_enter 11 12 0 0 0 0 0 0\n"
			  "  +10 syscall_exit 11 12 33554432\n"
			  "  +10 syscall_enter 11 12 33562624 0 0 0 0 0\n"
			  "  +10 syscall_exit 11 12 33562624\n"
			  "  +10 syscall_enter 11 25 65536 4096 12288 1 0 0\n"
			  "  +10 syscall_exit 11 25 2097152\n");
	assert_lane(&story, 10, "mapped", "25:16384 110:12288 330:20480 350:28672");
	end(&story);
}

static void test_another_program_and_the_end_have_nothing_mapped(void **state)
{
	struct story story;

	(void)state;
	tell(&story, HEAD "chunk EVENTS stream=9 seq=0 base=1000\n"
			  "  +10 syscall_enter 11 9 0 16384 3 34 0 0\n"
			  "  +10 syscall_exit 11 9 65536\n"
			  "  +10 syscall_enter 11 59 1 2 3 0 0 0\n"
			  "  +10 syscall_exit 11 59 -2\n"
			  "  +10 syscall_enter 11 59 1 2 3 0 0 0\n"
			  "  +10 syscall_exit 11 59 0\n"
			  "  +10 syscall_enter 11 9 0 8192 3 34 0 0\n"
			  "  +10 syscall_exit 11 9 65536\n"
			  "  +10 syscall_enter 11 231 0 0 0 0 0 0\n");
	assert_lane(&story, 10, "mapped", "20:16384 60:0 80:8192 90:0");
	end(&story);
}

static void test_faults_are_added_up_as_pages_of_their_process(void **state)
{
	struct story story;

	(void)state;
	tell(&story, HEAD "chunk EVENTS stream=9 seq=0 base=1000\n"
			  "  +10 page_fault 11 4096 16 0\n"
			  "  +10 page_fault 12 8192 16 0\n"
			  "  +10 page_fault 20 8192 1 0\n"
			  "  +10 page_fault 99 8192 1 0\n");
	assert_lane(&story, 10, "touched", "10:65536 20:131072");
	assert_lane(&story, 20, "touched", "30:4096");
	end(&story);
}

static void test_what_is_resident_is_told_with_and_without_files(void **state)
{
	struct story story;

	(void)state;
	tell(&story, HEAD "chunk EVENTS stream=9 seq=0 base=1000\n"
			  "  +10 process_memory 10 65536 16384\n"
			  "  +10 process_memory 20 8192 8192\n"
			  "  +10 process_memory 10 69632 20480\n"
			  "  +10 process_memory 20 0 0\n"
			  "  +10 process_memory 999 4096 0\n"
			  "chunk EVENTS stream=1 seq=0 base=1000\n"
			  "  +10 alloc 4096 100 0 0 0\n");
	assert_lane(&story, 10, "resident", "10:65536 30:69632");
	assert_lane(&story, 10, "anonymous", "10:49152 30:49152");
	assert_lane(&story, 20, "resident", "20:8192 40:0");
	end(&story);
}

static void test_points_of_memory_are_no_hits_of_a_search(void **state)
{
	struct story story;
	struct ctrace_name_set set;
	struct ctrace_found found;

	(void)state;
	tell(&story, HEAD "chunk EVENTS stream=1 seq=0 base=1000\n"
			  "  +10 alloc 4096 100 0 0 0\n");
	assert_int_equal(ctrace_name_set_init(&set, story.model, "live heap", 9, NULL), CTRACE_OK);
	assert_int_equal(ctrace_model_count(story.model, &set), 0);
	assert_int_equal(ctrace_model_find(story.model, &set, 0,
					   (struct ctrace_place){CTRACE_NONE, 0}, 1, NULL, &found),
			 CTRACE_ERR_NOT_FOUND);
	ctrace_name_set_finish(&set);
	end(&story);
}

/* ---- curves ---- */

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *seed >> 33;
}

static double true_value(uint64_t index)
{
	uint64_t seed = index;

	return (double)(next_random(&seed) % 1000000);
}

struct extremes {
	double low, high, last;
};

static void widen(struct extremes *extremes, bool is_first, double value)
{
	extremes->low = is_first || value < extremes->low ? value : extremes->low;
	extremes->high = is_first || value > extremes->high ? value : extremes->high;
	extremes->last = value;
}

/* A million changes at random times. */
static void test_a_thinned_curve_keeps_the_extremes_and_the_last_of_each_step(void **state)
{
	struct ctrace_curve curve = {0};
	static uint64_t times[1000000];
	uint64_t seed = ctrace_test_seed(), time = 0;
	const struct ctrace_curve_point *points;
	size_t at = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000000; i++) {
		time += next_random(&seed) % 2000;
		times[i] = time;
		assert_true(ctrace_curve_add(&curve, time, true_value(i)));
	}
	ctrace_curve_close(&curve);
	assert_true(curve.points.count <= CTRACE_CURVE_POINTS && curve.step_shift > 0);
	points = curve.points.items;
	for (uint64_t i = 0; i < 1000000;) {
		uint64_t step = times[i] >> curve.step_shift;
		struct extremes all = {0}, kept = {0};

		for (bool is_first = true; i < 1000000 && times[i] >> curve.step_shift == step;
		     i++) {
			widen(&all, is_first, true_value(i));
			is_first = false;
		}
		for (bool is_first = true;
		     at < curve.points.count && points[at].time >> curve.step_shift == step; at++) {
			widen(&kept, is_first, points[at].value);
			is_first = false;
		}
		assert_true(all.low == kept.low && all.high == kept.high && all.last == kept.last);
	}
	assert_int_equal(at, curve.points.count);
	ctrace_curve_finish(&curve);
}

static void test_changes_at_one_time_without_end_stay_bounded(void **state)
{
	struct ctrace_curve curve = {0};

	(void)state;
	for (uint64_t i = 0; i < 300000; i++) {
		assert_true(ctrace_curve_add(&curve, 5, (double)i));
	}
	ctrace_curve_close(&curve);
	assert_true(curve.points.count <= CTRACE_CURVE_POINTS);
	assert_true(((struct ctrace_curve_point *)curve.points.items)[0].value == 0);
	ctrace_curve_finish(&curve);
}

/* ---- Chrome JSON ---- */

#define EXPORTED                                                                                   \
	HEAD "chunk EVENTS stream=1 seq=0 base=1000\n"                                             \
	     "  +1000 alloc 4096 100 0 0 0\n"                                                      \
	     "  +1000 alloc 8192 50 0 0 0\n"                                                       \
	     "  +1000 free 4096 0\n"                                                               \
	     "  +1000 alloc 65536 30 0 0 7\n"

static void assert_counter(const json_t *json, const char *name, size_t nth, uint64_t ns,
			   double value)
{
	const json_t *event = find_event(json, "C", name, nth);

	assert_non_null(event);
	assert_int_equal(ns_of(event, "ts"), ns);
	assert_true(json_number_value(arg(event, "bytes")) == value);
}

static void test_a_range_of_the_json_begins_with_the_value_that_holds(void **state)
{
	struct ctrace_chrome_settings settings = {.start = 2500, .end = 4000, .has_end = true};
	struct story story;
	json_t *json;

	(void)state;
	tell(&story, EXPORTED);
	json = converted(story.trace, NULL);
	assert_counter(json, "live heap", 0, 1000, 100);
	assert_counter(json, "live heap", 1, 2000, 150);
	assert_counter(json, "live heap", 2, 3000, 50);
	assert_counter(json, "live heap", 3, 4000, 80);
	assert_null(find_event(json, "C", "live heap", 4));
	assert_counter(json, "pool 7", 0, 4000, 30);
	assert_non_null(find_event(json, "C", "allocation rate", 0));
	json_decref(json);
	json = converted(story.trace, &settings);
	assert_counter(json, "live heap", 0, 2500, 150);
	assert_counter(json, "live heap", 1, 3000, 50);
	assert_null(find_event(json, "C", "live heap", 2));
	json_decref(json);
	settings.start = 3000;
	json = converted(story.trace, &settings);
	assert_counter(json, "live heap", 0, 3000, 50);
	assert_null(find_event(json, "C", "live heap", 1));
	json_decref(json);
	end(&story);
}

static void test_the_json_of_some_threads_has_the_memory_of_their_processes(void **state)
{
	const uint64_t other = 20, one = 11;
	struct ctrace_chrome_settings settings = {.threads = &other, .thread_count = 1};
	struct story story;
	json_t *json;

	(void)state;
	tell(&story, EXPORTED "chunk EVENTS stream=2 seq=0 base=1000\n"
			      "  +2500 free 8192 0\n");
	json = converted(story.trace, &settings);
	assert_null(find_event(json, "C", "live heap", 0));
	json_decref(json);
	settings.threads = &one;
	json = converted(story.trace, &settings);
	assert_counter(json, "live heap", 2, 2500, 100);
	json_decref(json);
	end(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_alive_is_told_at_every_change),
		cmocka_unit_test(test_a_sample_is_told_as_an_estimate),
		cmocka_unit_test(test_rates_are_what_came_in_a_stretch_of_process_and_thread),
		cmocka_unit_test(test_calls_that_map_memory_are_added_up),
		cmocka_unit_test(test_another_program_and_the_end_have_nothing_mapped),
		cmocka_unit_test(test_faults_are_added_up_as_pages_of_their_process),
		cmocka_unit_test(test_what_is_resident_is_told_with_and_without_files),
		cmocka_unit_test(test_points_of_memory_are_no_hits_of_a_search),
		cmocka_unit_test(test_a_thinned_curve_keeps_the_extremes_and_the_last_of_each_step),
		cmocka_unit_test(test_changes_at_one_time_without_end_stay_bounded),
		cmocka_unit_test(test_a_range_of_the_json_begins_with_the_value_that_holds),
		cmocka_unit_test(test_the_json_of_some_threads_has_the_memory_of_their_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
