/* SPDX-License-Identifier: MIT */
/* Answers at their limits and one past them. */

#include "tests/unit/memory_trace.h"
#include "viewer-server/limits.h"
#include "viewer-server/model/model_parts.h"
#include "viewer-server/serve/answer.h"
#include "viewer-server/serve/hello.h"
#include "viewer-server/serve/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ctrace_req req = {.is_there = true, .integer = 5};

static json_t *fitted(size_t size)
{
	char *text = malloc(size + 1);
	assert_non_null(text);
	memset(text, ' ', size);
	memcpy(text, "{}", 3);
	text[2] = ' ';
	text[size] = '\0';
	text = ctrace_answer_fit_take(&req, text, &size);
	json_t *json = json_loadb(text, size, 0, NULL);
	assert_non_null(json);
	free(text);
	return json;
}

static void an_answer_may_have_2_mib(void **state)
{
	(void)state;
	json_t *answer = fitted(CTRACE_ANSWER_BYTES_MAX);
	assert_null(json_object_get(answer, "type"));
	json_decref(answer);
	answer = fitted(CTRACE_ANSWER_BYTES_MAX + 1);
	assert_string_equal(
		json_string_value(json_object_get(answer, "text")),
		"an answer of 2097153 bytes, the limit is 2097152; ask for a part of it");
	assert_int_equal(json_integer_value(json_object_get(answer, "req")), 5);
	json_decref(answer);
}

static void a_question_may_take_2_s_its_position_a_tenth_and_memory_a_minute(void **state)
{
	(void)state;
	static const unsigned limits[] = {CTRACE_ANSWER_CPU_MS, CTRACE_POSITION_CPU_MS,
					  CTRACE_SO_FAR_CPU_MS, CTRACE_HEAP_CPU_MS};
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		uint64_t limit_ns = limits[i] * UINT64_C(1000000);
		assert_false(ctrace_job_is_spent(limit_ns - 1, limits[i]));
		assert_true(ctrace_job_is_spent(limit_ns, limits[i]));
	}
	assert_true(CTRACE_POSITION_CPU_MS < CTRACE_ANSWER_CPU_MS);
	assert_int_equal(ctrace_job_limit_ms(CTRACE_MESSAGE_RANGE), CTRACE_ANSWER_CPU_MS);
	assert_int_equal(ctrace_job_limit_ms(CTRACE_MESSAGE_HEAP), CTRACE_HEAP_CPU_MS);
}

static void what_is_not_done_says_how_far_it_is(void **state)
{
	(void)state;
	const struct ctrace_range_share share = {.count = 3, .of = 9, .busy = 7};
	struct ctrace_message question = {.type = CTRACE_MESSAGE_RANGE, .req = req};
	size_t size;
	char *text = ctrace_answer_so_far(&question, &share, &size);
	assert_string_equal(text,
			    "{\"type\":\"range\",\"req\":5,\"done\":false,\"count\":3,\"of\":9,"
			    "\"busy\":7,\"lost\":0,\"events\":[],\"places\":[],\"names\":[]}");
	free(text);
	question.type = CTRACE_MESSAGE_HEAP;
	text = ctrace_answer_so_far(&question, &share, &size);
	assert_string_equal(text,
			    "{\"type\":\"heap\",\"req\":5,\"done\":false,\"count\":3,\"of\":9}");
	free(text);
}

/* hello of a random trace to which `count` damaged places are ascribed. */
static size_t damage_listed(uint32_t count, json_int_t *told)
{
	struct ctrace_buffer bytes = {0};
	struct ctrace_model *model;
	int fd;
	size_t size;
	ctrace_memory_make(&bytes, 1, 100);
	struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
	assert_int_equal(ctrace_model_create(&model, trace, NULL, NULL), CTRACE_OK);
	free(model->damage);
	model->damage = calloc(count, sizeof(*model->damage));
	assert_non_null(model->damage);
	model->damage_count = count;
	char *text = ctrace_hello_make(model, trace, "name", &size);
	json_t *hello = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	assert_non_null(hello);
	const json_t *about = json_object_get(hello, "trace");
	size_t listed = json_array_size(json_object_get(about, "damage"));
	*told = json_integer_value(json_object_get(about, "damage_count"));
	json_decref(hello);
	free(text);
	ctrace_model_destroy(model);
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
	return listed;
}

static void hello_lists_1000_places_of_damage_and_counts_all(void **state)
{
	(void)state;
	json_int_t told;
	assert_int_equal(damage_listed(CTRACE_HELLO_DAMAGE_MAX, &told), CTRACE_HELLO_DAMAGE_MAX);
	assert_int_equal(told, CTRACE_HELLO_DAMAGE_MAX);
	assert_int_equal(damage_listed(CTRACE_HELLO_DAMAGE_MAX + 1, &told),
			 CTRACE_HELLO_DAMAGE_MAX);
	assert_int_equal(told, CTRACE_HELLO_DAMAGE_MAX + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_may_have_2_mib),
		cmocka_unit_test(a_question_may_take_2_s_its_position_a_tenth_and_memory_a_minute),
		cmocka_unit_test(what_is_not_done_says_how_far_it_is),
		cmocka_unit_test(hello_lists_1000_places_of_damage_and_counts_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
