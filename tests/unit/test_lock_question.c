/* SPDX-License-Identifier: MIT */
/* What the page is told of all locks of a range: figures, places, circles, and each limit. */

#include "tests/unit/trace_fixture.h"

#include "format/lock_events.h"
#include "viewer-server/limits.h"
#include "viewer-server/serve/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PID  10u
#define CALL 8192u
/* Rows of STACKS: work calls lock_it, std::mutex::lock inlined into that; and give_it. */
#define IN_LOCK_IT 2u
#define IN_MUTEX   3u
#define IN_GIVE_IT 4u

static struct ctrace_made_trace made;
static struct ctrace_model *model;
static struct ctrace_chrome_sites sites;
static struct ctrace_error error;

static void make_stack(uint32_t number, uint32_t parent, const char *function)
{
	struct ctrace_frame_row frame = {.frame = number, .line = 10 * number};
	const struct ctrace_stack_row stack = {number, parent, number};

	frame.function = ctrace_writer_string(&made.writer, function, strlen(function));
	frame.file = ctrace_writer_string(&made.writer, "a.cpp", 5);
	assert_int_equal(ctrace_writer_frame(&made.writer, &frame), CTRACE_OK);
	assert_int_equal(ctrace_writer_stack(&made.writer, &stack), CTRACE_OK);
}

static int write_some(void **state)
{
	struct ctrace_call_row row = {.call = CALL, .layer = CTRACE_CALL_LIBRARY};

	(void)state;
	ctrace_fixture_write(&made);
	row.name = ctrace_writer_string(&made.writer, "pthread_mutex_lock", 18);
	ctrace_writer_call(&made.writer, &row);
	make_stack(1, 0, "work");
	make_stack(IN_LOCK_IT, 1, "lock_it");
	make_stack(IN_MUTEX, IN_LOCK_IT, "std::mutex::lock()");
	make_stack(IN_GIVE_IT, 1, "give_it");
	for (uint32_t stream = 1; stream < CTRACE_FIXTURE_STREAMS; stream++) {
		ctrace_fixture_thread(&made, stream, PID, "worker");
	}
	return 0;
}

static struct ctrace_block *block_of(uint32_t stream)
{
	struct ctrace_block *block = &made.blocks[stream];

	if (!ctrace_block_has_room(block, 4 * CTRACE_KERNEL_EVENT_BYTES)) {
		assert_int_equal(ctrace_writer_seal(&made.writer, block), CTRACE_OK);
	}
	return block;
}

static void begin_wait(uint32_t stream, uint64_t time, unsigned kind, uint64_t lock,
		       uint64_t holder)
{
	ctrace_block_lock_wait(block_of(stream), time,
			       &(struct ctrace_lock_wait){lock, kind, CALL, holder});
}

static void end_wait(uint32_t stream, uint64_t time, unsigned kind, uint64_t lock)
{
	ctrace_block_lock_acquired(block_of(stream), time,
				   &(struct ctrace_lock_wait){lock, kind, CALL, 0}, 0);
}

static void make_wait(uint32_t stream, uint64_t begin, uint64_t end, uint64_t lock)
{
	begin_wait(stream, begin, CTRACE_LOCK_MUTEX, lock, 0);
	end_wait(stream, end, CTRACE_LOCK_MUTEX, lock);
}

static void open_made(void)
{
	ctrace_fixture_open(&made);
	assert_int_equal(ctrace_model_create(&model, made.trace, NULL, &error), CTRACE_OK);
	assert_int_equal(ctrace_chrome_sites_init(&sites, made.trace), CTRACE_OK);
}

static int stop(void **state)
{
	(void)state;
	ctrace_chrome_sites_finish(&sites);
	ctrace_model_destroy(model);
	ctrace_fixture_close(&made);
	return 0;
}

static bool goes_on(void *context)
{
	(void)context;
	return true;
}

static bool stops(void *context)
{
	(void)context;
	return false;
}

static char *ask_with(const char *members, bool (*patience)(void *), size_t *size)
{
	const struct ctrace_patience how = {patience, NULL, NULL};
	const struct ctrace_answer_source source = {model, made.trace, &sites};
	struct ctrace_message question;
	char text[160], *answer;

	snprintf(text, sizeof(text), "{\"type\":\"locks\",\"req\":1,%s}", members);
	assert_null(ctrace_message_init(&question, text, strlen(text)));
	answer = ctrace_answer_make(&source, &question, &how, &how, size);
	ctrace_message_finish(&question);
	return answer;
}

static json_t *ask(const char *members)
{
	size_t size;
	char *answer = ask_with(members, goes_on, &size);
	json_t *json = json_loadb(answer, size, 0, NULL);

	free(answer);
	assert_non_null(json);
	return json;
}

#define WHOLE "\"start\":0,\"end\":1e12"

static json_int_t number_at(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static const char *text_at(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static const json_t *row_of(const json_t *answer, size_t at)
{
	return json_array_get(json_object_get(answer, "locks"), at);
}

/*
 * Lock 64: worker 1 waits 100 ns in lock_it for worker 2, who lets it go in give_it, and 300 ns
 * without a stack; worker 3 waits 50. Lock 128: once, for 10. A condition, for 1,000.
 */
static void make_story(void)
{
	begin_wait(1, 1100, CTRACE_LOCK_MUTEX, 64, PID + 2);
	ctrace_block_lock_stack(block_of(1), 1101, IN_MUTEX);
	end_wait(1, 1200, CTRACE_LOCK_MUTEX, 64);
	ctrace_block_lock_released(block_of(2), 1190, 64, CTRACE_LOCK_MUTEX);
	ctrace_block_lock_stack(block_of(2), 1191, IN_GIVE_IT);
	make_wait(1, 1300, 1600, 64);
	make_wait(3, 1300, 1350, 64);
	make_wait(3, 1400, 1410, 128);
	begin_wait(3, 2000, CTRACE_LOCK_CONDITION, 512, 0);
	end_wait(3, 3000, CTRACE_LOCK_CONDITION, 512);
	open_made();
}

static void figures_are_those_of_the_waits(void **state)
{
	json_t *answer;
	const json_t *row;

	(void)state;
	make_story();
	answer = ask(WHOLE);
	row = row_of(answer, 0);
	assert_int_equal(number_at(answer, "lock_count"), 2);
	assert_int_equal(number_at(answer, "count"), 4);
	assert_int_equal(number_at(answer, "total"), 460);
	assert_int_equal(number_at(answer, "with_stack"), 1);
	assert_string_equal(text_at(row, "lock"), "0x40");
	assert_string_equal(text_at(row, "kind"), "mutex");
	assert_int_equal(number_at(row, "count"), 3);
	assert_int_equal(number_at(row, "total"), 450);
	assert_int_equal(number_at(row, "max"), 300);
	assert_int_equal(number_at(row, "threads"), 2);
	assert_int_equal(number_at(json_object_get(row, "holder"), "tid"), PID + 2);
	assert_int_equal(number_at(row, "holder_count"), 1);
	json_decref(answer);
}

static void the_place_is_the_program_s_own_function(void **state)
{
	json_t *answer;
	const json_t *row;

	(void)state;
	make_story();
	answer = ask(WHOLE);
	row = row_of(answer, 0);
	assert_string_equal(text_at(json_object_get(row, "waited_in"), "function"), "lock_it");
	assert_int_equal(number_at(json_object_get(row, "waited_in"), "line"), 20);
	assert_string_equal(text_at(json_object_get(row, "let_go_in"), "function"), "give_it");
	assert_null(json_object_get(row_of(answer, 1), "waited_in"));
	json_decref(answer);
}

static void the_longest_waits_come_first_with_their_places(void **state)
{
	json_t *answer;
	const json_t *waits, *second;

	(void)state;
	make_story();
	answer = ask(WHOLE);
	waits = json_object_get(row_of(answer, 0), "waits");
	second = json_array_get(waits, 1);
	assert_int_equal(json_array_size(waits), 3);
	assert_int_equal(number_at(json_array_get(waits, 0), "duration"), 300);
	assert_int_equal(number_at(second, "duration"), 100);
	assert_int_equal(number_at(second, "start"), 100);
	assert_int_equal(number_at(json_object_get(second, "thread"), "tid"), PID + 1);
	assert_int_equal(number_at(json_object_get(second, "holder"), "tid"), PID + 2);
	assert_int_equal(json_array_size(json_object_get(second, "place")), 2);
	json_decref(answer);
}

static void time_without_a_stack_goes_to_the_places_of_its_lock(void **state)
{
	json_t *answer;
	const json_t *flame;

	(void)state;
	make_story();
	answer = ask(WHOLE);
	flame = json_object_get(answer, "flame");
	assert_int_equal(number_at(flame, "weight"), 460);
	assert_int_equal(number_at(flame, "unknown"), 1);
	assert_int_equal(json_array_size(json_object_get(flame, "nodes")), 3);
	assert_int_equal(json_integer_value(json_array_get(
				 json_array_get(json_object_get(flame, "nodes"), 2), 2)),
			 450);
	json_decref(answer);
}

static void only_what_is_asked_for_counts(void **state)
{
	uint32_t count;
	const struct ctrace_track *tracks;
	char members[96];
	json_t *answer;

	(void)state;
	make_story();
	answer = ask(WHOLE ",\"kinds\":\"all\"");
	assert_int_equal(number_at(answer, "lock_count"), 3);
	json_decref(answer);
	answer = ask("\"start\":390,\"end\":405");
	assert_int_equal(number_at(answer, "count"), 2);
	json_decref(answer);
	tracks = ctrace_model_tracks(model, &count);
	for (uint32_t i = 0; i < count; i++) {
		if (tracks[i].tid == PID + 3) {
			snprintf(members, sizeof(members), WHOLE ",\"tracks\":[%u]", i);
			answer = ask(members);
			assert_int_equal(number_at(answer, "total"), 60);
			json_decref(answer);
		}
	}
}

static void a_track_that_is_no_thread_is_refused(void **state)
{
	json_t *answer;

	(void)state;
	make_story();
	answer = ask(WHOLE ",\"tracks\":[4000]");
	assert_string_equal(text_at(answer, "type"), "error");
	json_decref(answer);
}

static void it_stops_when_it_is_no_longer_wanted(void **state)
{
	size_t size;

	(void)state;
	make_story();
	assert_null(ask_with(WHOLE, stops, &size));
}

static void of_many_locks_and_waits_the_heaviest_are_told(void **state)
{
	json_t *answer;

	(void)state;
	for (uint64_t i = 0; i <= CTRACE_LOCKS_ROWS_MAX; i++) {
		make_wait(1, 1100 + 1000 * i, 1200 + 1000 * i + i, 64 * (i + 1));
	}
	for (uint64_t i = 0; i <= CTRACE_LOCKS_LONGEST_MAX; i++) {
		make_wait(2, 1100 + 1000 * i, 2000 + 1000 * i - 1, 64);
	}
	open_made();
	answer = ask(WHOLE);
	assert_int_equal(number_at(answer, "lock_count"), CTRACE_LOCKS_ROWS_MAX + 1);
	assert_int_equal(json_array_size(json_object_get(answer, "locks")), CTRACE_LOCKS_ROWS_MAX);
	assert_int_equal(json_array_size(json_object_get(row_of(answer, 0), "waits")),
			 CTRACE_LOCKS_LONGEST_MAX);
	json_decref(answer);
}

/* More threads than the fixture has: each waits for what the next one has, in circles of `length`.
 */
static void make_circles(uint32_t circles, uint32_t length)
{
	struct ctrace_block block;

	for (uint32_t i = 0; i < circles * length; i++) {
		uint32_t stream = 100 + i, last = i % length == length - 1;
		uint64_t holder = last ? stream + 1 - length : stream + 1;
		const struct ctrace_thread_row row = {
			.stream = stream, .pid = PID, .tid = stream, .state = CTRACE_THREAD_ALIVE};

		assert_int_equal(ctrace_writer_thread(&made.writer, &row), CTRACE_OK);
		assert_int_equal(ctrace_block_init(&block, stream, CTRACE_FIXTURE_BASE), CTRACE_OK);
		ctrace_block_lock_wait(
			&block, 1100,
			&(struct ctrace_lock_wait){64 + stream, CTRACE_LOCK_MUTEX, CALL, holder});
		assert_int_equal(ctrace_writer_seal(&made.writer, &block), CTRACE_OK);
		ctrace_block_finish(&block);
	}
	open_made();
}

static void circles_are_told_up_to_their_limit(void **state)
{
	json_t *answer;

	(void)state;
	make_circles(CTRACE_LOCKS_CYCLES_MAX + 1, 2);
	answer = ask(WHOLE);
	assert_int_equal(number_at(answer, "deadlock_count"), CTRACE_LOCKS_CYCLES_MAX + 1);
	assert_int_equal(json_array_size(json_object_get(answer, "deadlocks")),
			 CTRACE_LOCKS_CYCLES_MAX);
	json_decref(answer);
}

static void a_long_circle_is_cut(void **state)
{
	json_t *answer;
	const json_t *cycle;

	(void)state;
	make_circles(1, CTRACE_LOCKS_CYCLE_MAX + 1);
	answer = ask(WHOLE);
	cycle = json_array_get(json_object_get(answer, "deadlocks"), 0);
	assert_int_equal(number_at(cycle, "threads"), CTRACE_LOCKS_CYCLE_MAX + 1);
	assert_int_equal(json_array_size(json_object_get(cycle, "waits")), CTRACE_LOCKS_CYCLE_MAX);
	json_decref(answer);
}

/* The last one lies apart: without it they are as many as may be. */
static void more_waits_than_the_limit_are_refused_with_a_way_out(void **state)
{
	json_t *answer;

	(void)state;
	for (uint64_t i = 0; i < CTRACE_LOCKS_WAITS_MAX; i++) {
		make_wait(1, 1100 + 2 * i, 1101 + 2 * i, 64);
	}
	make_wait(1, 90000000, 90000001, 64);
	open_made();
	answer = ask("\"start\":0,\"end\":80000000");
	assert_int_equal(number_at(answer, "count"), CTRACE_LOCKS_WAITS_MAX);
	json_decref(answer);
	answer = ask(WHOLE);
	assert_string_equal(text_at(answer, "type"), "error");
	assert_non_null(strstr(text_at(answer, "text"), "zoom in"));
	json_decref(answer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, write_some, stop)
	const struct CMUnitTest tests[] = {
		TEST(figures_are_those_of_the_waits),
		TEST(the_place_is_the_program_s_own_function),
		TEST(the_longest_waits_come_first_with_their_places),
		TEST(time_without_a_stack_goes_to_the_places_of_its_lock),
		TEST(only_what_is_asked_for_counts),
		TEST(a_track_that_is_no_thread_is_refused),
		TEST(it_stops_when_it_is_no_longer_wanted),
		TEST(of_many_locks_and_waits_the_heaviest_are_told),
		TEST(circles_are_told_up_to_their_limit),
		TEST(a_long_circle_is_cut),
		TEST(more_waits_than_the_limit_are_refused_with_a_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
