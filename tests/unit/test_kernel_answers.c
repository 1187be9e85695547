/* SPDX-License-Identifier: MIT */
/* What the page is told of states, turns, calls and samples, and what it may ask of them. */

#include "tests/unit/collector_story.h"
#include "tests/unit/kernel_story.h"

#include "format/limits.h"
#include "viewer-server/model/kernel/call_decode.h"
#include "viewer-server/model/threads/call_words.h"
#include "viewer-server/serve/answer.h"
#include "viewer-server/serve/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAIN   CTRACE_STORY_MAIN
#define WORKER CTRACE_STORY_WORKER

static struct ctrace_made_trace made;
static struct ctrace_model *model;
static struct ctrace_chrome_sites sites;
static struct ctrace_error error;

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
	const char *wrong = ctrace_message_init(&question, text, strlen(text));
	json_t *json;
	char *answer;

	if (wrong != NULL) {
		json = json_pack("{s:s}", "wrong", wrong);
		ctrace_message_finish(&question);
		return json;
	}
	answer = ctrace_answer_make(&source, &question, &patience, &patience, &size);
	ctrace_message_finish(&question);
	json = json_loadb(answer, size, 0, NULL);
	free(answer);
	assert_non_null(json);
	return json;
}

static json_t *ask_event(const struct ctrace_lane *lane, uint32_t index)
{
	char text[96];

	assert_non_null(lane);
	snprintf(text, sizeof(text), "{\"type\":\"event\",\"req\":1,\"lane\":%u,\"index\":%u}",
		 lane->info.id, index);
	return ask(text);
}

static const char *text_at(const json_t *json, const char *first, const char *second)
{
	const json_t *inner = json_object_get(json, first);
	const char *text =
		json_string_value(second != NULL ? json_object_get(inner, second) : inner);

	return text != NULL ? text : "";
}

static json_int_t number_at(const json_t *json, const char *first, const char *second)
{
	return json_integer_value(json_object_get(json_object_get(json, first), second));
}

static int start(void **state)
{
	(void)state;
	ctrace_story_begin(&made);
	return 0;
}

static void tell(void)
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
	model = NULL;
	ctrace_fixture_close(&made);
	return 0;
}

static void tell_story(void)
{
	const struct ctrace_sample sample = {MAIN, 0, 1000, 0};

	ctrace_story_switch(&made, 0, 100, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_block_sample(&made.blocks[CTRACE_STORY_CPU0], CTRACE_FIXTURE_BASE + 150, &sample);
	ctrace_story_enter(&made, 0, 190, MAIN, CTRACE_STORY_OPENAT);
	ctrace_block_syscall_text(&made.blocks[CTRACE_STORY_CPU0], CTRACE_FIXTURE_BASE + 190, MAIN,
				  1, (struct ctrace_bytes){"/etc/passwd", 11});
	ctrace_story_switch(&made, 0, 200, MAIN, CTRACE_RUN_SLEEPING, 0);
	ctrace_story_switch(&made, 1, 210, 0, CTRACE_RUN_IDLE, WORKER);
	ctrace_story_wake(&made, 1, 250, WORKER, MAIN, 0);
	ctrace_story_switch(&made, 0, 260, 0, CTRACE_RUN_IDLE, MAIN);
	ctrace_story_exit(&made, 0, 270, MAIN, CTRACE_STORY_OPENAT, -2);
	ctrace_story_switch(&made, 0, 300, MAIN, CTRACE_RUN_PREEMPTED, 0);
	tell();
}

static void a_wait_tells_its_call_and_who_ended_it(void **state)
{
	(void)state;
	tell_story();
	json_t *json = ask_event(ctrace_story_find(model, CTRACE_LANE_STATE, MAIN, 0), 1);
	const json_t *told = json_object_get(json, "state");
	assert_string_equal(text_at(json, "state", "state"), "sleeping");
	assert_int_equal(number_at(json, "state", "cpu"), 0);
	assert_true(json_is_object(json_object_get(told, "call")));
	assert_int_equal(number_at(told, "waker", "tid"), WORKER);
	assert_int_equal(number_at(told, "waker", "time"), 250);
	assert_string_equal(text_at(told, "waker", "label"), "worker");
	json_decref(json);
	json = ask_event(ctrace_story_find(model, CTRACE_LANE_STATE, WORKER, 0), 0);
	assert_int_equal(json_array_size(json_object_get(json, "woke")), 1);
	json_decref(json);
}

static void a_call_tells_what_it_was_given_and_gave(void **state)
{
	static const char *const expected[][2] = {
		{"dir", "3"}, {"path", "\"/etc/passwd\""}, {"flags", "O_RDONLY|O_CREAT"}};

	(void)state;
	tell_story();
	json_t *json = ask_event(ctrace_story_find(model, CTRACE_LANE_SPAN, MAIN, 0), 0);
	assert_string_equal(text_at(json, "category", NULL), "syscall");
	assert_string_equal(text_at(json, "result", "text"), "ENOENT");
	assert_string_equal(text_at(json, "result", "value"), "-2");
	assert_true(json_is_true(json_object_get(json_object_get(json, "result"), "is_error")));
	for (size_t i = 0; i < 3; i++) {
		const json_t *arg = json_array_get(json_object_get(json, "args"), i);

		assert_string_equal(text_at(arg, "name", NULL), expected[i][0]);
		if (i < 2) {
			assert_string_equal(text_at(arg, "value", NULL), expected[i][1]);
		}
	}
	json_decref(json);
}

static void turns_and_samples_tell_of_whom_and_where(void **state)
{
	(void)state;
	tell_story();
	json_t *json = ask_event(ctrace_story_find(model, CTRACE_LANE_CPU, 1, 0), 0);
	assert_int_equal(number_at(json, "turn", "tid"), WORKER);
	assert_int_equal(number_at(json, "turn", "cpu"), 1);
	json_decref(json);
	json = ask_event(ctrace_story_find(model, CTRACE_LANE_SAMPLE, MAIN, 0), 0);
	assert_int_equal(number_at(json, "sample", "weight"), 1000);
	assert_true(json_is_array(json_object_get(json_object_get(json, "sample"), "frames")));
	json_decref(json);
}

static void a_split_and_a_flame_are_asked_by_event_or_by_stretch(void **state)
{
	char text[96];

	(void)state;
	tell_story();
	const struct ctrace_lane *calls = ctrace_story_find(model, CTRACE_LANE_SPAN, MAIN, 0);
	snprintf(text, sizeof(text), "{\"type\":\"split\",\"req\":2,\"lane\":%u,\"index\":0}",
		 calls->info.id);
	json_t *json = ask(text);
	assert_int_equal(json_integer_value(json_object_get(json, "duration")), 80);
	assert_int_equal(json_integer_value(json_object_get(json, "req")), 2);
	assert_string_equal(
		text_at(json_array_get(json_object_get(json, "parts"), 0), "part", NULL), "call");
	json_decref(json);
	snprintf(text, sizeof(text),
		 "{\"type\":\"flame\",\"req\":3,\"track\":%u,\"start\":0,\"end\":200}",
		 calls->info.track);
	json = ask(text);
	assert_int_equal(json_integer_value(json_object_get(json, "samples")), 1);
	assert_int_equal(json_integer_value(json_object_get(json, "unknown")), 1);
	json_decref(json);
	json = ask("{\"type\":\"flame\",\"req\":3,\"track\":-1,\"start\":0,\"end\":9e9}");
	assert_int_equal(json_integer_value(json_object_get(json, "weight")), 1000);
	json_decref(json);
}

/* main sleeps 200-250, and until 260 waits for its CPU. */
static void sleeps_are_asked_by_event_or_by_stretch_and_told_with_their_panel(void **state)
{
	const struct ctrace_thread_stack look = {0, CTRACE_RUN_SLEEPING, 9};
	char text[96];
	json_t *json, *seen;

	(void)state;
	ctrace_block_thread_stack(&made.blocks[1], CTRACE_FIXTURE_BASE + 190, &look);
	ctrace_block_thread_stack(&made.blocks[1], CTRACE_FIXTURE_BASE + 209, &look);
	tell_story();
	json = ask("{\"type\":\"sleeps\",\"req\":3,\"track\":-1,\"start\":0,\"end\":240}");
	assert_string_equal(text_at(json, "type", NULL), "sleeps");
	assert_int_equal(number_at(json, "all", "total"), 40);
	assert_int_equal(number_at(json, "not_looked_at", "total"), 0);
	assert_int_equal(json_integer_value(json_object_get(json, "weight")), 40);
	assert_int_equal(json_integer_value(json_object_get(json, "unknown")), 1);
	json_decref(json);
	const struct ctrace_lane *calls = ctrace_story_find(model, CTRACE_LANE_SPAN, MAIN, 0);
	snprintf(text, sizeof(text), "{\"type\":\"sleeps\",\"req\":2,\"lane\":%u,\"index\":0}",
		 calls->info.id);
	json = ask(text);
	assert_int_equal(number_at(json, "all", "total"), 50);
	json_decref(json);
	json = ask_event(ctrace_story_find(model, CTRACE_LANE_STATE, MAIN, 0), 1);
	seen = json_object_get(json_object_get(json, "state"), "seen");
	assert_int_equal(json_array_size(seen), 1);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(seen, 0), "time")), 209);
	json_decref(json);
	json = ask("{\"type\":\"sleeps\",\"req\":1,\"track\":0,\"start\":0,\"end\":1}");
	assert_string_equal(text_at(json, "text", NULL), "there is no such event or thread");
	json_decref(json);
}

static void a_pause_says_what_it_was_and_pauses_are_weighed(void **state)
{
	struct ctrace_block *own = &made.blocks[1];
	char text[160];
	json_t *json, *told;

	(void)state;
	ctrace_tell_gc_heap(own, CTRACE_FIXTURE_BASE + 5, 1000);
	ctrace_tell_gc_begin(own, CTRACE_FIXTURE_BASE + 110, 1);
	ctrace_tell_gc_begin(own, CTRACE_FIXTURE_BASE + 120, 4);
	ctrace_tell_gc_end(own, CTRACE_FIXTURE_BASE + 150, 0, 0);
	ctrace_tell_gc_end(own, CTRACE_FIXTURE_BASE + 160, 700, 300);
	tell_story();
	json = ask_event(ctrace_story_find(model, CTRACE_LANE_PAUSE, 0, 0), 0);
	told = json_object_get(json, "collector");
	assert_string_equal(text_at(json, "category", NULL), "gc");
	assert_string_equal(text_at(json, "kind", NULL), "pause");
	assert_int_equal(number_at(told, "who", "tid"), MAIN);
	assert_int_equal(number_at(told, "cycle", "live"), 700);
	assert_int_equal(number_at(told, "cycle", "freed"), 300);
	assert_true(json_number_value(json_object_get(told, "heap_before")) == 1000);
	assert_string_equal(
		text_at(json_array_get(json_object_get(json, "chrome"), 0), "name", NULL),
		"world stopped");
	json_decref(json);
	const struct ctrace_lane *spans = ctrace_story_find(model, CTRACE_LANE_SPAN, MAIN, 0);
	snprintf(text, sizeof(text),
		 "{\"type\":\"pauses\",\"req\":9,\"what\":\"collector\",\"track\":%u,"
		 "\"start\":0,\"end\":1e9,\"window\":60}",
		 spans->info.track);
	json = ask(text);
	assert_int_equal(json_integer_value(json_object_get(json, "req")), 9);
	assert_int_equal(json_integer_value(json_object_get(json, "taken")), 50);
	assert_int_equal(json_integer_value(json_array_get(
				 json_array_get(json_object_get(json, "worst"), 0), 1)),
			 50);
	assert_int_equal(json_array_size(json_object_get(json, "offers")), 5);
	json_decref(json);
	json = ask("{\"type\":\"pauses\",\"req\":1,\"what\":\"lock\",\"track\":99,\"start\":0,"
		   "\"end\":1}");
	assert_string_equal(text_at(json, "text", NULL), "there is no such event or thread");
	json_decref(json);
}

static void wrong_questions_are_answered_with_what_is_wrong(void **state)
{
	static const char *const wrong[][2] = {
		{"{\"type\":\"split\",\"req\":1}",
		 "lane and index, or track, start and end must be given."},
		{"{\"type\":\"split\",\"req\":1,\"track\":-1,\"start\":0,\"end\":1}",
		 "lane and index, or track, start and end must be given."},
		{"{\"type\":\"flame\",\"req\":1,\"track\":-1,\"start\":0}",
		 "start and end must be times."},
		{"{\"type\":\"sleeps\",\"req\":1,\"track\":-1,\"end\":0}",
		 "start and end must be times."},
		{"{\"type\":\"sleeps\",\"req\":1,\"track\":-2,\"start\":0,\"end\":1}",
		 "lane and index, or track, start and end must be given."},
		{"{\"type\":\"pauses\",\"req\":1,\"track\":1,\"start\":0,\"end\":1}",
		 "what must be collector, runnable, blocked, lock or allocator."},
		{"{\"type\":\"pauses\",\"req\":1,\"what\":\"luck\",\"track\":1,\"start\":0,\"end\":"
		 "1}",
		 "what must be collector, runnable, blocked, lock or allocator."},
		{"{\"type\":\"pauses\",\"req\":1,\"what\":\"lock\",\"track\":-1,\"start\":0,"
		 "\"end\":1}",
		 "track must be a whole number."},
		{"{\"type\":\"pauses\",\"req\":1,\"what\":\"lock\",\"track\":1,\"start\":0}",
		 "start and end must be times."},
		{"{\"type\":\"pauses\",\"req\":1,\"what\":\"lock\",\"track\":1,\"start\":0,\"end\":"
		 "1,"
		 "\"window\":0}",
		 "window must be a whole number of ns, at least 1."},
		{"{\"type\":\"pauses\",\"req\":1,\"what\":\"lock\",\"track\":1,\"start\":0,\"end\":"
		 "1,"
		 "\"window\":0.5}",
		 "window must be a whole number of ns, at least 1."},
	};

	(void)state;
	tell_story();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		json_t *json = ask(wrong[i][0]);

		assert_string_equal(text_at(json, "wrong", NULL), wrong[i][1]);
		json_decref(json);
	}
	json_t *json = ask("{\"type\":\"split\",\"req\":1,\"track\":0,\"start\":0,\"end\":1}");
	assert_string_equal(text_at(json, "text", NULL), "there is no such event or thread");
	json_decref(json);
	json = ask("{\"type\":\"split\",\"req\":1,\"lane\":99999,\"index\":1}");
	assert_string_equal(text_at(json, "text", NULL), "there is no such event or thread");
	json_decref(json);
}

static void hello_tells_of_sources_states_and_cpus(void **state)
{
	const struct ctrace_source_row row = {
		.name = ctrace_writer_string(&made.writer, "tracefs", 7),
		.state = CTRACE_SOURCE_MISSING,
		.why = ctrace_writer_string(&made.writer, "not root", 8),
	};
	size_t size;

	(void)state;
	assert_int_equal(ctrace_writer_source(&made.writer, &row), CTRACE_OK);
	tell_story();
	char *text = ctrace_hello_make(model, made.trace, "x", &size);
	json_t *json = json_loadb(text, size, 0, NULL);
	const json_t *source = json_array_get(json_object_get(json, "sources"), 0);
	assert_string_equal(text_at(source, "state", NULL), "missing");
	assert_string_equal(text_at(source, "why", NULL), "not root");
	assert_int_equal(json_array_size(json_object_get(json, "states")), CTRACE_STATES);
	const json_t *track = json_array_get(json_object_get(json, "tracks"), 0);
	assert_string_equal(text_at(track, "kind", NULL), "cpus");
	const json_t *lane = json_array_get(json_object_get(json, "lanes"), 1);
	assert_int_equal(json_integer_value(json_object_get(lane, "cpu")), 1);
	json_decref(json);
	free(text);
}

/* Two descriptors and two paths, each as long as a string may be: nothing is written past the end.
 */
static void the_longest_call_there_is_fits(void **state)
{
	static char name[CTRACE_STRING_BYTES_MAX];
	struct ctrace_decoded_call *call = malloc(sizeof(*call));
	const struct ctrace_call_row row = {300, CTRACE_CALL_SYSTEM,
					    ctrace_writer_string(&made.writer, "renameat", 8)};
	struct ctrace_file_row file = {.pid = 10, .fd = 3};

	(void)state;
	memset(name, 'x', sizeof(name));
	file.name = ctrace_writer_string(&made.writer, name, sizeof(name));
	assert_int_equal(ctrace_writer_file(&made.writer, &file), CTRACE_OK);
	assert_int_equal(ctrace_writer_call(&made.writer, &row), CTRACE_OK);
	tell_story();
	const struct ctrace_call_fact fact = {
		.call = 300,
		.ticks = CTRACE_FIXTURE_BASE + 5,
		.has_args = true,
		.args = {3, 1, 3, 1},
		.has_result = true,
		.result = -2,
		.text_count = 2,
		.texts = {{1, {name, sizeof(name)}}, {3, {name, sizeof(name)}}},
	};
	ctrace_call_decode(call, made.trace, &fact, 10);
	assert_int_equal(call->arg_count, 4);
	assert_true(call->used <= sizeof(call->memory));
	assert_int_equal(call->args[0].text.size, sizeof(name) + 3);
	assert_int_equal(call->args[3].text.size, sizeof(name) + 2);
	assert_memory_equal(call->result.bytes, "ENOENT", 6);
	free(call);
}

static void an_address_is_what_the_recorder_read_there(void **state)
{
	struct ctrace_decoded_call *call = malloc(sizeof(*call));
	const struct ctrace_call_row row = {301, CTRACE_CALL_SYSTEM,
					    ctrace_writer_string(&made.writer, "connect", 7)};
	struct ctrace_call_fact fact = {
		.call = 301,
		.ticks = CTRACE_FIXTURE_BASE + 5,
		.has_args = true,
		.args = {3, 0x7000, 16},
		.text_count = 1,
		.texts = {{1, {"127.0.0.1:80", 12}}},
	};

	(void)state;
	assert_int_equal(ctrace_writer_call(&made.writer, &row), CTRACE_OK);
	tell_story();
	ctrace_call_decode(call, made.trace, &fact, 10);
	assert_int_equal(call->args[1].text.size, 14);
	assert_memory_equal(call->args[1].text.bytes, "\"127.0.0.1:80\"", 14);
	fact.text_count = 0;
	ctrace_call_decode(call, made.trace, &fact, 10);
	assert_int_equal(call->args[1].text.size, 6);
	assert_memory_equal(call->args[1].text.bytes, "0x7000", 6);
	free(call);
}

static void numbers_have_their_words(void **state)
{
	static const struct {
		const char *set;
		uint64_t value;
		const char *words;
	} expected[] = {
		{"open", 02000000 | 0101, "O_WRONLY|O_CREAT|O_CLOEXEC"},
		{"open", 0, "O_RDONLY"},
		{"prot", 0, "PROT_NONE"},
		{"prot", 3, "PROT_READ|PROT_WRITE"},
		{"map", 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"},
		{"futex", 128, "FUTEX_WAIT|FUTEX_PRIVATE_FLAG"},
		{"signal", 9, "SIGKILL"},
		{"family", 2, "AF_INET"},
		{"family", 99, "0x63"},
		{"msg", 0, "0"},
		{"msg", 0x4040, "MSG_DONTWAIT|MSG_NOSIGNAL"},
		{"clone", 0x3d0f00 | 0x40000,
		 "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|"
		 "CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID"},
	};
	char words[512];

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(ctrace_call_words(expected[i].set, strlen(expected[i].set),
					      expected[i].value, words, sizeof(words)));
		assert_string_equal(words, expected[i].words);
	}
	assert_false(ctrace_call_words("nothing", 7, 0, words, sizeof(words)));
	assert_string_equal(ctrace_errno_word(11), "EAGAIN");
	assert_null(ctrace_errno_word(4000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_wait_tells_its_call_and_who_ended_it, start,
						stop),
		cmocka_unit_test_setup_teardown(a_call_tells_what_it_was_given_and_gave, start,
						stop),
		cmocka_unit_test_setup_teardown(turns_and_samples_tell_of_whom_and_where, start,
						stop),
		cmocka_unit_test_setup_teardown(
			a_split_and_a_flame_are_asked_by_event_or_by_stretch, start, stop),
		cmocka_unit_test_setup_teardown(
			sleeps_are_asked_by_event_or_by_stretch_and_told_with_their_panel, start,
			stop),
		cmocka_unit_test_setup_teardown(a_pause_says_what_it_was_and_pauses_are_weighed,
						start, stop),
		cmocka_unit_test_setup_teardown(wrong_questions_are_answered_with_what_is_wrong,
						start, stop),
		cmocka_unit_test_setup_teardown(hello_tells_of_sources_states_and_cpus, start,
						stop),
		cmocka_unit_test_setup_teardown(the_longest_call_there_is_fits, start, stop),
		cmocka_unit_test_setup_teardown(an_address_is_what_the_recorder_read_there, start,
						stop),
		cmocka_unit_test(numbers_have_their_words),
	};

	return cmocka_run_group_tests_name("kernel_answers", tests, NULL, NULL);
}
