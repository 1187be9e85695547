/* SPDX-License-Identifier: MIT */
/* Random traces as Chrome JSON: valid, complete, exact to the nanosecond, the right range, bounded
 * memory. */

#include "tests/unit/chrome_made.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
/* clang-format on */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t seed;

/* ---- A second opinion about spans ------------------------------------------- */

struct span {
	uint64_t start, duration;
};

struct span_list {
	struct span *spans;
	size_t count, capacity;
};

static void add_span(struct span_list *list, uint64_t start, uint64_t duration)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity == 0 ? 1024 : list->capacity * 2;
		list->spans = realloc(list->spans, list->capacity * sizeof(*list->spans));
		assert_non_null(list->spans);
	}
	list->spans[list->count++] = (struct span){start, duration};
}

struct naive {
	uint32_t sites[1024];
	uint64_t begins[1024];
	uint32_t depth;
	uint64_t first;
	bool has_events;
};

struct opinion {
	struct span_list closed;
	uint64_t open, instants, logs, counters;
	uint64_t last_ns;
};

static void naive_end(struct opinion *opinion, struct naive *naive,
		      const struct ctrace_trace *trace, const struct ctrace_event *event)
{
	uint32_t keep = naive->depth;
	uint64_t now = ctrace_trace_ns(trace, event->ticks);

	if (event->site == CTRACE_NO_SITE) {
		keep = naive->depth > 0 ? naive->depth - 1 : UINT32_MAX;
	} else {
		while (keep > 0 && naive->sites[keep - 1] != event->site) {
			keep--;
		}
		keep = keep > 0 ? keep - 1 : UINT32_MAX;
	}
	if (keep == UINT32_MAX) {
		uint64_t first = ctrace_trace_ns(trace, naive->first);
		if (naive->depth == 0) {
			add_span(&opinion->closed, first, now - first);
		}
		return;
	}
	while (naive->depth > keep) {
		uint64_t start = ctrace_trace_ns(trace, naive->begins[--naive->depth]);
		add_span(&opinion->closed, start, now - start);
	}
}

static void naive_event(struct opinion *opinion, struct naive *naive,
			const struct ctrace_trace *trace, const struct ctrace_event *event)
{
	if (!naive->has_events) {
		naive->has_events = true;
		naive->first = event->ticks;
	}
	opinion->instants += event->kind == CTRACE_KIND_INSTANT;
	opinion->logs += event->kind == CTRACE_KIND_LOG;
	opinion->counters += event->kind == CTRACE_KIND_COUNTER;
	if (event->kind == CTRACE_KIND_SPAN_BEGIN) {
		naive->sites[naive->depth] = event->site;
		naive->begins[naive->depth++] = event->ticks;
	} else if (event->kind == CTRACE_KIND_SPAN_END) {
		naive_end(opinion, naive, trace, event);
	}
}

/* Right for traces without gaps, which the maker's are. */
static struct opinion opinion_of(const struct ctrace_trace *trace)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);
	struct naive *streams = calloc(2000, sizeof(*streams));
	struct opinion opinion = {0};
	struct ctrace_chunk chunk = {0};
	struct ctrace_cursor cursor;
	struct ctrace_event event;

	for (uint32_t i = 0; i < info->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		if (entry->type != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		assert_true(entry->stream < 2000);
		assert_int_equal(ctrace_chunk_load(&chunk, trace, i, NULL), CTRACE_OK);
		assert_int_equal(ctrace_cursor_init(&cursor, trace, &chunk, NULL), CTRACE_OK);
		while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
			naive_event(&opinion, &streams[entry->stream], trace, &event);
		}
	}
	for (uint32_t i = 0; i < 2000; i++) {
		opinion.open += streams[i].depth;
	}
	ctrace_chunk_unload(&chunk);
	free(streams);
	return opinion;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->start != y->start) {
		return x->start < y->start ? -1 : 1;
	}
	return x->duration < y->duration ? -1 : x->duration > y->duration;
}

/* "12.345" behind `name`, as 12345. */
static bool micros_in_text(const char *line, const char *name, uint64_t *ns)
{
	const char *at = strstr(line, name);
	uint64_t us, rest;

	if (at == NULL || sscanf(at + strlen(name), "%" SCNu64 ".%3" SCNu64, &us, &rest) != 2) {
		return false;
	}
	*ns = us * 1000 + rest;
	return true;
}

/* All X events, by their text: no double comes near them. */
static struct span_list spans_in_text(char *text)
{
	struct span_list list = {0};

	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		uint64_t start, duration;
		if (strstr(line, "\",\"ph\":\"X\",\"pid\":") != NULL &&
		    micros_in_text(line, ",\"ts\":", &start) &&
		    micros_in_text(line, ",\"dur\":", &duration)) {
			add_span(&list, start, duration);
		}
	}
	return list;
}

/* ---- Promises ----------------------------------------------------------------- */

static void every_trace_becomes_valid_json(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 20; i++) {
		struct made made = make((struct ctrace_maker_settings){.seed = seed + i});
		json_t *json = converted(made.trace, NULL);
		assert_true(json_is_array(json_object_get(json, "traceEvents")));
		assert_string_equal(member(json, "displayTimeUnit"), "ns");
		assert_true(json_is_object(json_object_get(json, "otherData")));
		json_decref(json);
		drop(&made);
	}
}

static void every_span_instant_counter_and_log_is_there(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 20; i++) {
		struct made made = make((struct ctrace_maker_settings){.seed = seed + 1000 + i});
		struct opinion opinion = opinion_of(made.trace);
		json_t *json = converted(made.trace, NULL);
		assert_int_equal(count_phase(json, "X"), opinion.closed.count);
		assert_int_equal(count_phase(json, "B"), opinion.open);
		assert_int_equal(count_phase(json, "C"), opinion.counters);
		assert_int_equal(count_phase(json, "i"),
				 opinion.instants + opinion.logs + last_counts.lost);
		assert_int_equal(last_counts.spans, opinion.closed.count);
		assert_int_equal(last_counts.open_spans, opinion.open);
		free(opinion.closed.spans);
		json_decref(json);
		drop(&made);
	}
}

static void times_are_exact_to_the_nanosecond(void **state)
{
	struct made made = make((struct ctrace_maker_settings){
		.seed = seed, .events = 200000, .is_plain_spans = true});
	struct opinion opinion = opinion_of(made.trace);
	size_t size;

	(void)state;
	char *text = convert(made.trace, NULL, &size);
	struct span_list got = spans_in_text(text);
	assert_int_equal(got.count, opinion.closed.count);
	qsort(got.spans, got.count, sizeof(*got.spans), compare_spans);
	qsort(opinion.closed.spans, got.count, sizeof(*got.spans), compare_spans);
	assert_memory_equal(got.spans, opinion.closed.spans, got.count * sizeof(*got.spans));
	free(got.spans);
	free(opinion.closed.spans);
	free(text);
	drop(&made);
}

static void pieces_of_any_size_add_up_to_the_same(void **state)
{
	static const size_t steps[] = {1, 7, 100, 4096, 65536};
	struct made made = make((struct ctrace_maker_settings){.seed = seed + 3});
	size_t size, step_size;
	char *whole = convert(made.trace, NULL, &size);

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char *pieces = convert_in_steps(made.trace, NULL, steps[i], &step_size);
		assert_int_equal(step_size, size);
		assert_memory_equal(pieces, whole, size);
		free(pieces);
	}
	free(whole);
	drop(&made);
}

static bool is_task_part(const json_t *event)
{
	const char *phase = member(event, "ph");

	return strcmp(phase, "b") == 0 || strcmp(phase, "e") == 0 || strcmp(phase, "n") == 0;
}

/* The rule of chrome.h on one event of the whole trace. */
static bool touches(const json_t *event, uint64_t start, uint64_t end)
{
	uint64_t at = ns_of(event, "ts");
	const char *phase = member(event, "ph");

	if (strcmp(phase, "M") == 0 && strcmp(member(event, "cat"), "__metadata") == 0) {
		return true;
	}
	if (json_is_true(arg(event, "began_before"))) {
		uint64_t known = at + ns_of(event, "dur");
		return known >= start && known < end;
	}
	if (at >= end) {
		return false;
	}
	bool is_over_start = (strcmp(phase, "X") == 0 && at + ns_of(event, "dur") > start) ||
			     strcmp(phase, "B") == 0;
	return at >= start || is_over_start;
}

static void assert_same_events(const json_t *whole, const json_t *part, uint64_t start,
			       uint64_t end)
{
	const json_t *got = json_object_get(part, "traceEvents");
	size_t i, next = 0;
	json_t *event;

	json_array_foreach(json_object_get(whole, "traceEvents"), i, event)
	{
		if (is_task_part(event) || !touches(event, start, end)) {
			continue;
		}
		while (next < json_array_size(got) && is_task_part(json_array_get(got, next))) {
			next++;
		}
		if (!json_equal(event, json_array_get(got, next))) {
			fail_msg("event %zu of the whole is not event %zu of [%" PRIu64 ", %" PRIu64
				 ")",
				 i, next, start, end);
		}
		next++;
	}
	while (next < json_array_size(got)) {
		assert_true(is_task_part(json_array_get(got, next++)));
	}
}

static void a_range_is_what_touches_it(void **state)
{
	uint64_t random = seed;

	(void)state;
	for (uint64_t i = 0; i < 4; i++) {
		struct made made = make((struct ctrace_maker_settings){.seed = seed + 2000 + i});
		uint64_t last = ctrace_trace_info(made.trace)->last_ticks;
		uint64_t duration = ctrace_trace_ns(made.trace, last) + 2;
		json_t *whole = converted(made.trace, NULL);
		for (int k = 0; k < 12; k++) {
			uint64_t a = ctrace_random_below(&random, duration);
			uint64_t b = ctrace_random_below(&random, duration);
			struct ctrace_chrome_settings settings = {
				.start = a < b ? a : b,
				.end = a < b ? b : a,
				.has_end = true,
			};
			json_t *part = converted(made.trace, &settings);
			assert_same_events(whole, part, settings.start, settings.end);
			json_decref(part);
		}
		json_decref(whole);
		drop(&made);
	}
}

static void only_the_threads_asked_for(void **state)
{
	struct made made = make((struct ctrace_maker_settings){.seed = seed + 5, .threads = 4});
	uint32_t count;
	const struct ctrace_thread_row *rows = ctrace_trace_threads(made.trace, &count);
	uint64_t wanted[] = {rows[1].tid, rows[3].tid};
	struct ctrace_chrome_settings settings = {.threads = wanted, .thread_count = 2};
	json_t *json = converted(made.trace, &settings);
	size_t i;
	json_t *event;

	(void)state;
	json_array_foreach(json_object_get(json, "traceEvents"), i, event)
	{
		uint64_t tid = (uint64_t)json_integer_value(json_object_get(event, "tid"));
		bool is_process = strncmp(member(event, "name"), "process_", 8) == 0;
		assert_true(tid == wanted[0] || tid == wanted[1] || is_process);
	}
	json_decref(json);
	drop(&made);
}

/* Most memory in use at any time while converting. */
static size_t most_memory(const struct ctrace_trace *trace)
{
	static char buffer[1u << 18];
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd, most = 0, got;
	struct ctrace_chrome *chrome;

	assert_int_equal(ctrace_chrome_create(&chrome, trace, NULL, NULL), CTRACE_OK);
	while (ctrace_chrome_read(chrome, buffer, sizeof(buffer), &got, NULL) == CTRACE_OK) {
		size_t now = mallinfo2().uordblks + mallinfo2().hblkhd;
		most = now > most ? now : most;
	}
	ctrace_chrome_destroy(chrome);
	return most > before ? most - before : 0;
}

static void memory_does_not_grow_with_the_trace(void **state)
{
	struct ctrace_maker_settings settings = {.seed = seed, .is_plain_spans = true};

	(void)state;
	settings.events = 100000;
	struct made small = make(settings);
	settings.events = 1000000;
	struct made large = make(settings);
	size_t chunks = ctrace_trace_info(large.trace)->chunk_count;
	assert_true(most_memory(large.trace) <= most_memory(small.trace) + 8 * chunks + (1u << 20));
	drop(&large);
	drop(&small);
}

int main(int argc, char **argv)
{
	const char *given = argc > 1 ? argv[1] : getenv("CTRACE_TEST_SEED");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_trace_becomes_valid_json),
		cmocka_unit_test(every_span_instant_counter_and_log_is_there),
		cmocka_unit_test(times_are_exact_to_the_nanosecond),
		cmocka_unit_test(pieces_of_any_size_add_up_to_the_same),
		cmocka_unit_test(a_range_is_what_touches_it),
		cmocka_unit_test(only_the_threads_asked_for),
		cmocka_unit_test(memory_does_not_grow_with_the_trace),
	};

	seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("seed: %" PRIu64 "\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
