/* SPDX-License-Identifier: MIT */
/* What the page is told of a wait for a lock: who had it, what that thread was doing, who let go.
 */

#include "tests/unit/trace_fixture.h"

#include "format/kernel_events.h"
#include "format/lock_events.h"
#include "viewer-server/serve/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PID    10u
#define HOLDER 2u /* streams; a tid is PID and the stream */
#define WAITER 1u
#define OTHER  3u
#define CALL   8192u

static struct ctrace_made_trace made;
static struct ctrace_model *model;
static struct ctrace_chrome_sites sites;
static struct ctrace_error error;

static void make_wait(uint64_t begin, uint64_t end, struct ctrace_lock_wait wait, int64_t result)
{
	wait.call = CALL;
	ctrace_block_lock_wait(&made.blocks[WAITER], begin, &wait);
	ctrace_block_lock_acquired(&made.blocks[WAITER], end, &wait, result);
}

static void make_wait_with(uint64_t begin, uint64_t end, struct ctrace_lock_wait wait,
			   uint32_t stack)
{
	wait.call = CALL;
	ctrace_block_lock_wait(&made.blocks[WAITER], begin, &wait);
	ctrace_block_lock_stack(&made.blocks[WAITER], begin + 1, stack);
	ctrace_block_lock_acquired(&made.blocks[WAITER], end, &wait, 0);
}

static void make_stack(uint32_t number, const char *function)
{
	const struct ctrace_stack_row stack = {.stack = number, .frame = number};
	struct ctrace_frame_row frame = {.frame = number, .line = 7};

	frame.function = ctrace_writer_string(&made.writer, function, strlen(function));
	assert_int_equal(ctrace_writer_frame(&made.writer, &frame), CTRACE_OK);
	assert_int_equal(ctrace_writer_stack(&made.writer, &stack), CTRACE_OK);
}

static void look(uint64_t ticks, enum ctrace_run_state state, uint64_t stack)
{
	const struct ctrace_thread_stack seen = {0, state, stack};

	ctrace_block_thread_stack(&made.blocks[HOLDER], ticks, &seen);
}

/* The holder works from 1050 to 1900, and lets go at 1500; another thread lets other locks go. */
static void make_story(void)
{
	uint32_t site = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "hold");
	struct ctrace_call_row row = {.call = CALL, .layer = CTRACE_CALL_LIBRARY};
	const struct ctrace_sample too_early = {.weight_ns = 1, .stack = 1};
	const struct ctrace_sample within = {.weight_ns = 1, .stack = 3};

	row.name = ctrace_writer_string(&made.writer, "pthread_mutex_lock", 18);
	ctrace_writer_call(&made.writer, &row);
	make_stack(1, "wait_here");
	make_stack(2, "give_there");
	make_stack(3, "work");
	ctrace_fixture_thread(&made, WAITER, PID, "waiter");
	ctrace_fixture_thread(&made, HOLDER, PID, "holder");
	ctrace_fixture_thread(&made, OTHER, PID, "other");
	make_wait_with(1100, 1600,
		       (struct ctrace_lock_wait){
			       .lock = 64, .kind = CTRACE_LOCK_MUTEX, .holder = PID + HOLDER},
		       1);
	make_wait(1700, 1750, (struct ctrace_lock_wait){.lock = 64, .kind = CTRACE_LOCK_SEMAPHORE},
		  -110);
	ctrace_block_begin(&made.blocks[HOLDER], site, 1050);
	ctrace_block_sample(&made.blocks[HOLDER], 1090, &too_early);
	look(1095, CTRACE_RUN_SLEEPING, 1);
	ctrace_block_sample(&made.blocks[HOLDER], 1300, &within);
	look(1310, CTRACE_RUN_SLEEPING, 0);
	look(1320, CTRACE_RUN_SLEEPING, 2);
	look(1330, CTRACE_RUN_YIELDED, 3);
	look(1400, CTRACE_RUN_SLEEPING, 2);
	ctrace_block_lock_released(&made.blocks[HOLDER], 1500, 64, CTRACE_LOCK_MUTEX);
	/* The stack may stand in the next chunk. */
	assert_int_equal(ctrace_writer_seal(&made.writer, &made.blocks[HOLDER]), CTRACE_OK);
	ctrace_block_lock_stack(&made.blocks[HOLDER], 1501, 2);
	look(1502, CTRACE_RUN_SLEEPING, 1);
	ctrace_block_end(&made.blocks[HOLDER], site, 1900);
	ctrace_block_lock_released(&made.blocks[OTHER], 1550, 65, CTRACE_LOCK_MUTEX);
	ctrace_block_lock_released(&made.blocks[OTHER], 1560, 64, CTRACE_LOCK_SEMAPHORE);
	ctrace_block_lock_released(&made.blocks[OTHER], 1610, 64, CTRACE_LOCK_MUTEX);
}

static int start(void **state)
{
	(void)state;
	ctrace_fixture_write(&made);
	make_story();
	ctrace_fixture_open(&made);
	assert_int_equal(ctrace_model_create(&model, made.trace, NULL, &error), CTRACE_OK);
	assert_int_equal(ctrace_chrome_sites_init(&sites, made.trace), CTRACE_OK);
	return 0;
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

static json_t *ask(const char *text)
{
	const struct ctrace_patience patience = {goes_on, NULL, NULL};
	const struct ctrace_answer_source source = {model, made.trace, &sites};
	struct ctrace_message question;
	size_t size;
	json_t *json;
	char *answer;

	assert_null(ctrace_message_init(&question, text, strlen(text)));
	answer = ctrace_answer_make(&source, &question, &patience, &patience, &size);
	ctrace_message_finish(&question);
	json = json_loadb(answer, size, 0, NULL);
	free(answer);
	assert_non_null(json);
	return json;
}

/* The waiter's lane of spans, and the event in it. */
static json_t *ask_wait(uint32_t index)
{
	char text[96];
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(model, &count);
	const struct ctrace_track *tracks = ctrace_model_tracks(model, &count);

	ctrace_model_lanes(model, &count);
	for (uint32_t i = 0; i < count; i++) {
		if (lanes[i].kind == CTRACE_LANE_SPAN &&
		    tracks[lanes[i].track].tid == PID + WAITER) {
			snprintf(text, sizeof(text),
				 "{\"type\":\"event\",\"req\":1,\"lane\":%u,\"index\":%u}",
				 lanes[i].id, index);
			return ask(text);
		}
	}
	fail_msg("the waiter has no lane of spans");
	return NULL;
}

static json_int_t number_at(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static void a_wait_says_who_had_the_lock_and_who_let_it_go(void **state)
{
	json_t *answer = ask_wait(0), *lock = json_object_get(answer, "lock");
	json_t *holder = json_object_get(lock, "holder"), *waker = json_object_get(lock, "waker");

	(void)state;
	assert_int_equal(number_at(holder, "tid"), PID + HOLDER);
	assert_int_equal(number_at(holder, "time"), 100);
	assert_int_equal(number_at(waker, "tid"), PID + HOLDER);
	assert_int_equal(number_at(waker, "time"), 500);
	json_decref(answer);
}

static void a_wait_says_which_span_the_holder_was_in(void **state)
{
	json_t *answer = ask_wait(0);
	json_t *holder = json_object_get(json_object_get(answer, "lock"), "holder");

	(void)state;
	assert_string_equal(
		"hold", ctrace_model_name(model, (uint32_t)number_at(holder, "doing_name")).bytes);
	assert_int_equal(2, json_array_size(json_object_get(holder, "doing")));
	json_decref(answer);
}

static void a_wait_in_vain_was_ended_by_nobody(void **state)
{
	json_t *answer = ask_wait(1), *lock = json_object_get(answer, "lock");
	json_t *result = json_object_get(answer, "result");

	(void)state;
	assert_non_null(lock);
	assert_int_equal(0, json_object_size(lock));
	assert_string_equal("ETIMEDOUT", json_string_value(json_object_get(result, "text")));
	json_decref(answer);
}

static const char *function_in(const json_t *object)
{
	const json_t *frame = json_array_get(json_object_get(object, "frames"), 0);

	return json_string_value(json_object_get(frame, "function"));
}

static void a_wait_says_where_both_threads_were(void **state)
{
	json_t *answer = ask_wait(0), *lock = json_object_get(answer, "lock");

	(void)state;
	assert_string_equal("wait_here", function_in(lock));
	assert_string_equal("give_there", function_in(json_object_get(lock, "waker")));
	json_decref(answer);
	answer = ask_wait(1);
	assert_null(json_object_get(json_object_get(answer, "lock"), "frames"));
	json_decref(answer);
}

static void a_wait_says_where_the_holder_was_sampled_meanwhile(void **state)
{
	json_t *answer = ask_wait(0);
	json_t *holder = json_object_get(json_object_get(answer, "lock"), "holder");
	json_t *sampled = json_object_get(holder, "sampled");

	(void)state;
	assert_string_equal("work", function_in(sampled));
	assert_int_equal(300, number_at(sampled, "time"));
	json_decref(answer);
}

/* Not before the wait, not once the lock was let go, and nothing that has no stack. */
static void a_wait_says_each_place_where_the_holder_was_seen_meanwhile(void **state)
{
	json_t *answer = ask_wait(0);
	json_t *holder = json_object_get(json_object_get(answer, "lock"), "holder");
	json_t *seen = json_object_get(holder, "seen"), *first = json_array_get(seen, 0);

	(void)state;
	assert_int_equal(2, json_array_size(seen));
	assert_string_equal("give_there", function_in(first));
	assert_string_equal("sleeping", json_string_value(json_object_get(first, "state")));
	assert_int_equal(320, number_at(first, "time"));
	assert_int_equal(400, number_at(first, "last"));
	assert_int_equal(2, number_at(first, "count"));
	assert_string_equal("work", function_in(json_array_get(seen, 1)));
	assert_string_equal("running",
			    json_string_value(json_object_get(json_array_get(seen, 1), "state")));
	assert_int_equal(0, number_at(holder, "seen_left_out"));
	json_decref(answer);
}

static void a_lock_says_where_its_holder_was_meanwhile(void **state)
{
	json_t *answer = ask("{\"type\":\"locks\",\"req\":1,\"start\":0,\"end\":1e9}");
	json_t *lock = json_array_get(json_object_get(answer, "locks"), 0);
	json_t *held = json_object_get(json_array_get(json_object_get(lock, "waits"), 0), "held");
	json_t *held_in = json_object_get(lock, "held_in");

	(void)state;
	assert_string_equal("give_there", json_string_value(json_object_get(held_in, "function")));
	assert_string_equal("give_there", json_string_value(json_object_get(held, "function")));
	assert_int_equal(320, number_at(held, "time"));
	assert_string_equal("sleeping", json_string_value(json_object_get(held, "state")));
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_wait_says_who_had_the_lock_and_who_let_it_go,
						start, stop),
		cmocka_unit_test_setup_teardown(a_wait_says_which_span_the_holder_was_in, start,
						stop),
		cmocka_unit_test_setup_teardown(a_wait_says_where_both_threads_were, start, stop),
		cmocka_unit_test_setup_teardown(a_wait_says_where_the_holder_was_sampled_meanwhile,
						start, stop),
		cmocka_unit_test_setup_teardown(
			a_wait_says_each_place_where_the_holder_was_seen_meanwhile, start, stop),
		cmocka_unit_test_setup_teardown(a_lock_says_where_its_holder_was_meanwhile, start,
						stop),
		cmocka_unit_test_setup_teardown(a_wait_in_vain_was_ended_by_nobody, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
