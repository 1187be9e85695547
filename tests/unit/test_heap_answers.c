/* SPDX-License-Identifier: MIT */
/* What the page is told of memory: a small story, whole, between two moments, of one process. */

#include "tests/unit/memory_trace.h"

#include "viewer-server/analysis/heap_tree.h"
#include "viewer-server/limits.h"
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

#define HEAD                                                                                       \
	"ctrace-text 1\n"                                                                          \
	"header base=1000 rate=1000000000 clock=5\n"                                               \
	"chunk STRINGS\n"                                                                          \
	"  string 1 \"main\"\n  string 2 \"load\"\n  string 3 \"parse\"\n"                         \
	"  string 4 \"keep\"\n  string 5 \"worker\"\n  string 6 \"other\"\n"                       \
	"  string 7 \"a.c\"\n  string 8 \"/bin/story\"\n  string 9 \"arena\"\n"                    \
	"chunk PROCESSES\n"                                                                        \
	"  process 10 parent=1 name=1 start=0\n  process 20 parent=1 name=6 start=0\n"             \
	"chunk THREADS\n"                                                                          \
	"  thread 1 pid=10 tid=10 name=1 start=0 written=0 lost=0 state=2 clamped=0\n"             \
	"  thread 2 pid=10 tid=11 name=5 start=0 written=0 lost=0 state=2 clamped=0\n"             \
	"  thread 3 pid=20 tid=20 name=6 start=0 written=0 lost=0 state=2 clamped=0\n"             \
	"chunk MODULES\n"                                                                          \
	"  module 1 path=8\n"                                                                      \
	"chunk FRAMES\n"                                                                           \
	"  frame 1 module=1 address=1 function=1 file=7 line=10\n"                                 \
	"  frame 2 module=1 address=2 function=2 file=7 line=20\n"                                 \
	"  frame 3 module=1 address=3 function=3 file=7 line=30\n"                                 \
	"  frame 4 module=1 address=4 function=4 file=7 line=40\n"                                 \
	"chunk STACKS\n"                                                                           \
	"  stack 1 frame=1\n  stack 2 parent=1 frame=2\n  stack 3 parent=2 frame=3\n"              \
	"  stack 4 parent=1 frame=4\n"

/* main loads 100 bytes, which worker frees; parses 50, which it frees itself; keeps 1000. */
static const char story[] = HEAD "chunk EVENTS stream=1 base=1000\n"
				 "  +100 alloc 16 100 2 0 0\n"
				 "  +100 alloc 32 50 3 0 0\n"
				 "  +100 free 32 0\n"
				 "  +100 alloc 48 1000 4 0 0\n"
				 "  +600 pool 5 36864 4096 \"arena\"\n"
				 "  +10 alloc 36865 16 4 0 5\n"
				 "  +140 alloc 80 30 3 0 0\n"
				 "  +50 free 153 0\n"
				 "chunk EVENTS stream=2 base=1000\n"
				 "  +500 free 16 0\n"
				 "  +100 alloc 64 70 3 0 0\n"
				 "chunk EVENTS stream=3 base=1000\n"
				 "  +700 alloc 64 7 0 0 0\n";

/* Two chosen blocks, of 10 and 20 bytes, which stand for 1000 and 2000. */
static const char sampled[] = HEAD "chunk EVENTS stream=1 base=1000\n"
				   "  +100 alloc 16 10 2 1000 0\n"
				   "  +400 alloc 32 20 3 2000 0\n";

/* main touches where it loads, other where it keeps; main has 4096 in RAM, then 12288, then 8192;
 * other has ended. */
static const char in_ram[] = HEAD "chunk BUFFERS\n  buffer 9 source=1 cpu=0\n"
				  "chunk EVENTS stream=9 base=1000\n"
				  "  +100 process_memory 10 4096 0\n"
				  "  +0 process_memory 20 8192 0\n"
				  "  +100 page_fault 11 4096 64 2\n"
				  "  +100 process_memory 10 12288 4096\n"
				  "  +100 page_fault 20 4096 64 4\n"
				  "  +100 process_memory 10 8192 4096\n"
				  "  +0 process_memory 20 0 0\n";

static struct ctrace_buffer bytes;
static struct ctrace_trace *trace;
static struct ctrace_model *model;
static struct ctrace_chrome_sites sites;
static int fd;

static void open_text(const char *text)
{
	bytes = (struct ctrace_buffer){0};
	ctrace_memory_assemble(&bytes, text);
	trace = ctrace_memory_open(&bytes, &fd);
	assert_int_equal(ctrace_model_create(&model, trace, NULL, NULL), CTRACE_OK);
	assert_int_equal(ctrace_chrome_sites_init(&sites, trace), CTRACE_OK);
}

static void close_text(void)
{
	ctrace_chrome_sites_finish(&sites);
	ctrace_model_destroy(model);
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
}

static int tell_story(void **state)
{
	(void)state;
	open_text(story);
	return 0;
}

static int tell_sampled(void **state)
{
	(void)state;
	open_text(sampled);
	return 0;
}

static int tell_in_ram(void **state)
{
	(void)state;
	open_text(in_ram);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	close_text();
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
	const struct ctrace_answer_source source = {model, trace, &sites};
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
	assert_string_equal("heap", json_string_value(json_object_get(json, "type")));
	assert_true(json_is_true(json_object_get(json, "done")));
	return json;
}

static json_t *ask_whole(void)
{
	return ask("{\"type\":\"heap\",\"req\":8,\"start\":0,\"end\":9e9}");
}

static json_int_t number_at(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static json_int_t item(const json_t *list, size_t at)
{
	return json_integer_value(json_array_get(list, at));
}

/* Bytes and blocks of a measure in a row of sums that begins at `from`. */
static void assert_sum(const json_t *sums, size_t from, enum ctrace_heap_measure measure,
		       json_int_t size, json_int_t blocks)
{
	assert_int_equal(item(sums, from + 3 * measure), size);
	assert_int_equal(item(sums, from + 3 * measure + 1), blocks);
}

static const char *function_at(const json_t *answer, json_int_t function)
{
	const json_t *row = json_array_get(json_object_get(answer, "functions"), (size_t)function);

	return json_string_value(json_object_get(row, "function"));
}

static const json_t *node_called(const json_t *answer, const char *parent, const char *function)
{
	const json_t *nodes = json_object_get(answer, "nodes");

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *node = json_array_get(nodes, i);
		json_int_t above = item(node, 0);
		const char *name =
			above < 0 ? ""
				  : function_at(answer,
						item(json_array_get(nodes, (size_t)above), 1));

		if (strcmp(function_at(answer, item(node, 1)), function) == 0 &&
		    strcmp(name, parent) == 0) {
			return node;
		}
	}
	fail_msg("no node of %s in %s", function, parent);
	return NULL;
}

/* The place whose innermost function this is; of malloc's pool. */
static const json_t *place_called(const json_t *answer, const char *function)
{
	const json_t *places = json_object_get(answer, "places");

	for (size_t i = 0; i < json_array_size(places); i++) {
		const json_t *place = json_array_get(places, i);
		const json_t *stack = json_object_get(place, "stack");

		if (json_object_get(place, "pool") == NULL && json_array_size(stack) > 0 &&
		    strcmp(function_at(answer, item(json_array_get(stack, 0), 0)), function) == 0) {
			return place;
		}
	}
	fail_msg("no place in %s", function);
	return NULL;
}

static void all_that_is_alive_got_and_freed_is_summed(void **state)
{
	json_t *answer = ask_whole();
	const json_t *sums = json_object_get(json_object_get(answer, "total"), "sums");

	(void)state;
	assert_int_equal(json_array_size(sums), 3 * CTRACE_HEAP_MEASURES);
	assert_sum(sums, 0, CTRACE_HEAP_LIVE, 1123, 5);
	assert_sum(sums, 0, CTRACE_HEAP_BEFORE, 0, 0);
	assert_sum(sums, 0, CTRACE_HEAP_GOT, 1273, 7);
	assert_sum(sums, 0, CTRACE_HEAP_FREED, 150, 2);
	assert_sum(sums, 0, CTRACE_HEAP_OVERDUE, 1093, 4);
	assert_int_equal(number_at(answer, "moment"), 1200);
	assert_int_equal(number_at(answer, "unmatched"), 1);
	assert_int_equal(number_at(answer, "events"), 11);
	assert_false(json_is_true(json_object_get(answer, "is_sampled")));
	json_decref(answer);
}

static void what_a_function_got_itself_stands_in_the_tree(void **state)
{
	json_t *answer = ask_whole();

	(void)state;
	assert_int_equal(json_array_size(json_object_get(answer, "nodes")), 4);
	assert_int_equal(number_at(answer, "left_out"), 0);
	assert_sum(node_called(answer, "", "main"), 2, CTRACE_HEAP_GOT, 0, 0);
	assert_sum(node_called(answer, "main", "load"), 2, CTRACE_HEAP_GOT, 100, 1);
	assert_sum(node_called(answer, "load", "parse"), 2, CTRACE_HEAP_LIVE, 100, 2);
	/* With the pool's. */
	assert_sum(node_called(answer, "main", "keep"), 2, CTRACE_HEAP_LIVE, 1016, 2);
	json_decref(answer);
}

static void a_place_has_its_stack_with_lines_and_how_long_its_blocks_lived(void **state)
{
	json_t *answer = ask_whole();
	const json_t *place = place_called(answer, "parse");
	const json_t *stack = json_object_get(place, "stack");
	const json_t *lives = json_object_get(place, "lives");

	(void)state;
	assert_int_equal(json_array_size(stack), 3);
	assert_int_equal(item(json_array_get(stack, 0), 1), 30);
	assert_string_equal("load", function_at(answer, item(json_array_get(stack, 1), 0)));
	assert_int_equal(number_at(place, "longest_life"), 100);
	assert_int_equal(json_array_size(lives), 1);
	/* 100 has seven binary digits. */
	assert_int_equal(item(json_array_get(lives, 0), 0), 7);
	assert_int_equal(item(json_array_get(lives, 0), 1), 1);
	assert_int_equal(number_at(answer, "places_left_out"), 0);
	assert_int_equal(json_array_size(json_object_get(answer, "places")), 5);
	json_decref(answer);
}

static void overdue_is_what_is_older_than_its_place_lets_blocks_become(void **state)
{
	json_t *answer = ask_whole();

	(void)state;
	assert_sum(json_object_get(place_called(answer, "parse"), "sums"), 0, CTRACE_HEAP_OVERDUE,
		   70, 1);
	assert_sum(json_object_get(place_called(answer, "keep"), "sums"), 0, CTRACE_HEAP_OVERDUE,
		   1000, 1);
	json_decref(answer);
}

static void who_freed_what_another_got_is_told(void **state)
{
	json_t *answer = ask_whole();
	const json_t *hands = json_object_get(answer, "hands");
	const json_t *first = json_array_get(hands, 0);
	const json_t *threads = json_object_get(answer, "threads");

	(void)state;
	assert_int_equal(json_array_size(hands), 2);
	assert_int_equal(item(first, 2), 100);
	assert_int_equal(number_at(json_array_get(threads, (size_t)item(first, 0)), "tid"), 10);
	assert_int_equal(number_at(json_array_get(threads, (size_t)item(first, 1)), "tid"), 11);
	assert_int_equal(item(json_object_get(answer, "hands_left_out"), 0), 0);
	json_decref(answer);
}

static void a_pool_has_its_name_and_what_it_gave_out(void **state)
{
	json_t *answer = ask_whole();
	const json_t *pool = json_array_get(json_object_get(answer, "pools"), 0);

	(void)state;
	assert_string_equal("arena", json_string_value(json_object_get(pool, "name")));
	assert_string_equal("0x5", json_string_value(json_object_get(pool, "pool")));
	assert_int_equal(number_at(pool, "has"), 4096);
	assert_int_equal(number_at(pool, "gave"), 16);
	json_decref(answer);
}

static void between_two_moments_it_says_what_was_there_and_what_stayed(void **state)
{
	json_t *answer = ask("{\"type\":\"heap\",\"req\":8,\"start\":450,\"end\":800}");
	const json_t *sums = json_object_get(json_object_get(answer, "total"), "sums");

	(void)state;
	assert_sum(sums, 0, CTRACE_HEAP_LIVE, 1077, 3);
	assert_sum(sums, 0, CTRACE_HEAP_BEFORE, 1100, 2);
	assert_sum(sums, 0, CTRACE_HEAP_KEPT, 1000, 1);
	assert_sum(sums, 0, CTRACE_HEAP_GOT, 77, 2);
	assert_sum(sums, 0, CTRACE_HEAP_FREED, 100, 1);
	json_decref(answer);
}

static void of_one_process_the_others_are_left_out(void **state)
{
	json_t *answer = ask("{\"type\":\"heap\",\"req\":8,\"start\":0,\"end\":9e9,\"pid\":20}");
	const json_t *sums = json_object_get(json_object_get(answer, "total"), "sums");

	(void)state;
	assert_sum(sums, 0, CTRACE_HEAP_LIVE, 7, 1);
	assert_int_equal(json_array_size(json_object_get(answer, "nodes")), 0);
	json_decref(answer);
	answer = ask("{\"type\":\"heap\",\"req\":8,\"start\":0,\"end\":9e9,\"pid\":21}");
	assert_int_equal(number_at(answer, "events"), 0);
	json_decref(answer);
}

static void of_a_sample_growth_is_as_sure_as_what_came_and_went(void **state)
{
	json_t *answer = ask("{\"type\":\"heap\",\"req\":8,\"start\":300,\"end\":600}");
	const json_t *sums = json_object_get(json_object_get(answer, "total"), "sums");

	(void)state;
	assert_true(json_is_true(json_object_get(answer, "is_sampled")));
	assert_sum(sums, 0, CTRACE_HEAP_LIVE, 3000, 200);
	assert_int_equal(item(sums, 3 * CTRACE_HEAP_LIVE + 2), 1000 * 990 + 2000 * 1980);
	assert_int_equal(number_at(answer, "growth_variance"), 2000 * 1980);
	json_decref(answer);
}

static void hello_says_which_threads_tell_of_memory(void **state)
{
	size_t size;
	char *text = ctrace_hello_make(model, trace, "name", &size);
	json_t *hello = json_loadb(text, size, 0, NULL), *track;
	json_int_t events = 0;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(hello, "tracks"), i, track)
	{
		events += number_at(track, "memory");
	}
	assert_int_equal(events, 11);
	json_decref(hello);
	free(text);
}

/* ---- Bounds ---- */

static enum ctrace_status sum_up(const struct ctrace_heap_settings *settings)
{
	struct ctrace_heap heap;
	enum ctrace_status status = ctrace_heap_init(&heap, trace, settings);

	ctrace_heap_finish(&heap);
	return status;
}

/* CTRACE_HEAP_BLOCKS_MAX and CTRACE_HEAP_ROWS_MAX are what the server asks for. */
static void so_many_blocks_may_be_alive_and_not_one_more(void **state)
{
	struct ctrace_heap_settings settings = {.at = UINT64_MAX, .blocks_max = 5};

	(void)state;
	assert_int_equal(sum_up(&settings), CTRACE_OK);
	settings.blocks_max = 4;
	assert_int_equal(sum_up(&settings), CTRACE_ERR_LIMIT);
	settings.at = 1000;
	assert_int_equal(sum_up(&settings), CTRACE_OK);
}

static void so_many_places_there_may_be_and_not_one_more(void **state)
{
	struct ctrace_heap_settings settings = {.at = UINT64_MAX, .rows_max = 5};

	(void)state;
	assert_int_equal(sum_up(&settings), CTRACE_OK);
	settings.rows_max = 4;
	assert_int_equal(sum_up(&settings), CTRACE_ERR_LIMIT);
	assert_true(CTRACE_HEAP_ROWS_MAX > CTRACE_HEAP_PLACES_MAX);
	assert_true(CTRACE_HEAP_BLOCKS_MAX > CTRACE_HEAP_ROWS_MAX);
}

static bool never(void *context)
{
	unsigned *asked = context;

	(*asked)++;
	return false;
}

static void count_told(void *context, const struct ctrace_range_share *share)
{
	(void)context;
	assert_true(share->count > 0 && share->count <= share->of);
}

static void a_walk_that_is_cancelled_ends(void **state)
{
	struct ctrace_buffer text = {0};
	unsigned asked = 0;
	const struct ctrace_patience patience = {never, &asked, count_told};
	struct ctrace_heap_settings settings = {.at = UINT64_MAX, .patience = &patience};

	(void)state;
	ctrace_buffer_put(&text, HEAD, strlen(HEAD));
	ctrace_buffer_put(&text, "chunk EVENTS stream=1 base=1000\n", 32);
	for (unsigned i = 0; i < 5000; i++) {
		ctrace_buffer_put(&text, "  +1 alloc 16 1 2 0 0\n", 22);
	}
	ctrace_buffer_put(&text, "", 1);
	open_text((const char *)text.bytes);
	assert_int_equal(sum_up(&settings), CTRACE_END);
	assert_int_equal(asked, 1);
	close_text();
	ctrace_buffer_finish(&text);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, tell_story, stop)

static void sum_up_ram(struct ctrace_heap *heap, const struct ctrace_heap_settings *settings)
{
	assert_int_equal(ctrace_heap_init(heap, trace, settings), CTRACE_OK);
}

static void what_is_in_ram_is_summed_up_over_processes(void **state)
{
	struct ctrace_heap heap;

	(void)state;
	sum_up_ram(&heap, &(struct ctrace_heap_settings){.at = UINT64_MAX});
	assert_int_equal(heap.events, 0);
	assert_int_equal(heap.resident.count, 2);
	assert_int_equal(heap.resident.all.most, 20480);
	assert_int_equal(heap.resident.all.most_time, 300);
	assert_int_equal(heap.resident.all.now, 8192);
	assert_int_equal(heap.total.touched.bytes, 2 * 64 * 4096);
	ctrace_heap_finish(&heap);
}

static void of_a_range_of_one_process_it_is_what_that_had_then(void **state)
{
	struct ctrace_heap heap;

	(void)state;
	sum_up_ram(&heap, &(struct ctrace_heap_settings){.from = 350,
							 .has_from = true,
							 .at = UINT64_MAX,
							 .has_pid = true,
							 .pid = 10});
	assert_int_equal(heap.resident.all.begin, 12288);
	assert_int_equal(heap.resident.all.most, 12288);
	assert_int_equal(heap.resident.all.end, 8192);
	assert_int_equal(heap.total.touched.bytes, 0);
	ctrace_heap_finish(&heap);
}

static void a_process_that_has_ended_has_at_its_end_what_it_had_last(void **state)
{
	const struct ctrace_resident_settings settings = {.end = UINT64_MAX};
	struct ctrace_resident resident;

	(void)state;
	assert_int_equal(ctrace_resident_init(&resident, trace, &settings), CTRACE_OK);
	assert_int_equal(resident.count, 2);
	assert_int_equal(resident.rows[0].pid, 10);
	assert_int_equal(resident.rows[0].most, 12288);
	assert_int_equal(resident.rows[1].end, 8192);
	assert_true(resident.rows[1].has_ended);
	ctrace_resident_finish(&resident);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(all_that_is_alive_got_and_freed_is_summed),
		STORY(what_a_function_got_itself_stands_in_the_tree),
		STORY(a_place_has_its_stack_with_lines_and_how_long_its_blocks_lived),
		STORY(overdue_is_what_is_older_than_its_place_lets_blocks_become),
		STORY(who_freed_what_another_got_is_told),
		STORY(a_pool_has_its_name_and_what_it_gave_out),
		STORY(between_two_moments_it_says_what_was_there_and_what_stayed),
		STORY(of_one_process_the_others_are_left_out),
		STORY(hello_says_which_threads_tell_of_memory),
		STORY(so_many_blocks_may_be_alive_and_not_one_more),
		STORY(so_many_places_there_may_be_and_not_one_more),
		cmocka_unit_test_setup_teardown(of_a_sample_growth_is_as_sure_as_what_came_and_went,
						tell_sampled, stop),
		cmocka_unit_test(a_walk_that_is_cancelled_ends),
		cmocka_unit_test_setup_teardown(what_is_in_ram_is_summed_up_over_processes,
						tell_in_ram, stop),
		cmocka_unit_test_setup_teardown(of_a_range_of_one_process_it_is_what_that_had_then,
						tell_in_ram, stop),
		cmocka_unit_test_setup_teardown(
			a_process_that_has_ended_has_at_its_end_what_it_had_last, tell_in_ram,
			stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
