/* SPDX-License-Identifier: MIT */
/* What a click answers is a line of the exported JSON, and the other way round. */

#include "tests/unit/chrome_made.h"
#include "tests/unit/kernel_story.h"
#include "viewer-server/export/chrome_click.h"
#include "viewer-server/model/model_parts.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A click reads its chunk again, so a trace of n events costs n times a chunk. */
#define TRACES 12

static uint64_t seed;

struct lines {
	char *text; /* owned */
	char **lines;
	size_t count;
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Cut at ",\n", which stands nowhere else: text in JSON has its line breaks escaped. */
static struct lines cut_lines(char *text)
{
	struct lines cut = {.text = text};
	char *next;

	for (char *at = text; at != NULL && *at != '\0'; at = next) {
		next = strstr(at, ",\n");
		if (next != NULL) {
			*next = '\0';
			next += 2;
		}
		cut.lines = realloc(cut.lines, (cut.count + 1) * sizeof(*cut.lines));
		assert_non_null(cut.lines);
		cut.lines[cut.count++] = at;
	}
	if (cut.count > 0) {
		qsort(cut.lines, cut.count, sizeof(*cut.lines), compare_lines);
	}
	return cut;
}

static void free_lines(struct lines *lines)
{
	free(lines->lines);
	free(lines->text);
}

/* Does a click lead to a line like this? Not to metadata, flows, steps, looks; not to an end
 * without its begin; of stopped threads, only where one was running. */
static bool is_clickable(const char *line)
{
	static const char *const not_clickable[] = {
		",\"ph\":\"M\"",
		",\"ph\":\"s\"",
		",\"ph\":\"t\"",
		",\"ph\":\"f\"",
		",\"ph\":\"n\"",
		",\"cat\":\"asleep\"",
		"{\"name\":\"task\",\"cat\":\"task\",\"ph\":\"e\"",
		"{\"name\":\"thread stopped\",\"cat\":\"gc\"",
		"{\"name\":\"thread let go\",\"cat\":\"gc\""};

	for (size_t i = 0; i < sizeof(not_clickable) / sizeof(not_clickable[0]); i++) {
		if (strstr(line, not_clickable[i]) != NULL) {
			return false;
		}
	}
	return true;
}

/* The events of the whole JSON that a click leads to, sorted. */
static struct lines exported(const struct ctrace_trace *trace)
{
	size_t size, kept = 0;
	char *text = convert(trace, NULL, &size);
	char *begin = strstr(text, "[\n") + 2, *end = strstr(text, "\n],\n\"otherData\"");

	assert_true(strlen(text) == size && end != NULL);
	*end = '\0';
	struct lines lines = cut_lines(strdup(begin));
	free(text);
	for (size_t i = 0; i < lines.count; i++) {
		if (is_clickable(lines.lines[i])) {
			lines.lines[kept++] = lines.lines[i];
		}
	}
	lines.count = kept;
	return lines;
}

/* What stands in these stands in its thread, too. */
static bool is_of_process(const struct ctrace_lane *lane)
{
	return lane->info.kind == CTRACE_LANE_PAUSE || lane->info.kind == CTRACE_LANE_CYCLE ||
	       lane->info.kind == CTRACE_LANE_HALT;
}

static void click_lane(struct ctrace_buffer *text, struct ctrace_chrome_sites *sites,
		       const struct ctrace_model *model, const struct ctrace_lane *lane)
{
	struct ctrace_error error = {0};
	struct ctrace_detail detail;

	for (uint32_t i = 0; i < lane->count; i++) {
		const struct ctrace_place place = {lane->info.id, i};

		assert_int_equal(ctrace_detail_init(&detail, model, place, &error), CTRACE_OK);
		assert_int_equal(ctrace_chrome_click(text, sites, &detail, lane->info.kind),
				 CTRACE_OK);
		ctrace_buffer_put(text, ",\n", 2);
		ctrace_detail_finish(&detail);
	}
}

/* What clicks on all events of all lanes answer, sorted. Tasks past the last lane are not drawn. */
static struct lines clicked(struct ctrace_trace *trace)
{
	struct ctrace_buffer text = {0};
	struct ctrace_chrome_sites sites;
	struct ctrace_model *model;

	assert_int_equal(ctrace_model_create(&model, trace, NULL, NULL), CTRACE_OK);
	assert_int_equal(ctrace_chrome_sites_init(&sites, trace), CTRACE_OK);
	for (uint32_t i = 0; i < model->lane_count; i++) {
		if (!is_of_process(&model->lanes[i])) {
			click_lane(&text, &sites, model, &model->lanes[i]);
		}
	}
	ctrace_chrome_sites_finish(&sites);
	ctrace_model_destroy(model);
	ctrace_buffer_put(&text, "", 1);
	assert_false(text.is_failed);
	return cut_lines((char *)text.bytes);
}

static void assert_same_lines(struct ctrace_trace *trace)
{
	struct lines whole = exported(trace), clicks = clicked(trace);
	size_t i = 0;

	while (i < whole.count && i < clicks.count &&
	       strcmp(whole.lines[i], clicks.lines[i]) == 0) {
		i++;
	}
	if (i < whole.count || i < clicks.count) {
		fail_msg("line %zu:\nexported %s\nclicked  %s", i,
			 i < whole.count ? whole.lines[i] : "(none)",
			 i < clicks.count ? clicks.lines[i] : "(none)");
	}
	free_lines(&whole);
	free_lines(&clicks);
}

static void every_event_of_a_random_trace_is_clicked_as_it_is_exported(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < TRACES; i++) {
		struct made made = make((struct ctrace_maker_settings){.seed = seed + i});

		assert_same_lines(made.trace);
		drop(&made);
	}
}

/* Flip a byte in the payload of about every fourth chunk of events. */
static void damage_chunks(const struct made *made, uint64_t *random)
{
	for (uint32_t i = 0; i < ctrace_trace_info(made->trace)->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(made->trace, i);
		off_t at = (off_t)entry->offset + 60;
		uint8_t byte;

		if (entry->type == CTRACE_CHUNK_EVENTS && entry->stored > 8 &&
		    ctrace_random_below(random, 4) == 0) {
			assert_int_equal(pread(made->fd, &byte, 1, at), 1);
			byte ^= 0x40;
			assert_int_equal(pwrite(made->fd, &byte, 1, at), 1);
		}
	}
}

static void damage_while_open_is_clicked_as_it_is_exported(void **state)
{
	uint64_t random = seed;

	(void)state;
	for (uint64_t i = 0; i < TRACES; i++) {
		struct made made = make((struct ctrace_maker_settings){.seed = seed + i});

		damage_chunks(&made, &random);
		assert_same_lines(made.trace);
		drop(&made);
	}
}

/* Damage that is found when the trace is opened leaves holes in the numbers of chunks. */
static void damage_before_opening_is_clicked_as_it_is_exported(void **state)
{
	uint64_t random = seed;

	(void)state;
	for (uint64_t i = 0; i < TRACES; i++) {
		struct made made = make((struct ctrace_maker_settings){.seed = seed + i});
		uint32_t count = ctrace_trace_info(made.trace)->chunk_count;
		uint32_t chunk = (uint32_t)ctrace_random_below(&random, count);
		uint64_t offset = ctrace_trace_chunk(made.trace, chunk)->offset;

		assert_int_equal(pwrite(made.fd, "\xff\xff\xff\xff", 4, (off_t)offset + 20), 4);
		ctrace_trace_close(made.trace);
		assert_int_equal(ctrace_trace_open(&made.trace, made.fd, NULL, NULL), CTRACE_OK);
		assert_same_lines(made.trace);
		drop(&made);
	}
}

/* An id used again: each end belongs to the task that had begun last, on whatever thread. */
static void an_id_used_again_is_matched_by_time(void **state)
{
	struct hand hand;

	(void)state;
	hand_begin(&hand);
	uint32_t first = hand_task_site(&hand, CTRACE_KIND_TASK_BEGIN, "first");
	uint32_t second = hand_task_site(&hand, CTRACE_KIND_TASK_BEGIN, "second");
	ctrace_block_site_event(&hand.blocks[0], first, 100);
	ctrace_block_arg_u64(&hand.blocks[0], 7);
	ctrace_block_arg_u64(&hand.blocks[0], 0);
	ctrace_block_site_event(&hand.blocks[0], second, 300);
	ctrace_block_arg_u64(&hand.blocks[0], 7);
	ctrace_block_arg_u64(&hand.blocks[0], 0);
	ctrace_block_plain_u64(&hand.blocks[1], CTRACE_KIND_TASK_END, 200, 7);
	ctrace_block_plain_u64(&hand.blocks[2], CTRACE_KIND_TASK_END, 400, 7);
	hand_end(&hand);
	json_t *json = converted(hand.made.trace, NULL);
	assert_int_equal(ns_of(find_event(json, "e", "first", 0), "ts"), 200);
	assert_int_equal(ns_of(find_event(json, "e", "second", 0), "ts"), 400);
	json_decref(json);
	assert_same_lines(hand.made.trace);
	drop(&hand.made);
}

/* Main's calls come from its own stream here: where a kernel's are woven in, ends may give way. */
static void what_a_kernel_told_is_clicked_as_it_is_exported(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 10 * TRACES; i++) {
		struct ctrace_made_trace made;

		ctrace_story_begin(&made);
		ctrace_story_random(&made, seed + i);
		ctrace_fixture_open(&made);
		assert_same_lines(made.trace);
		ctrace_fixture_close(&made);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_kernel_told_is_clicked_as_it_is_exported),
		cmocka_unit_test(every_event_of_a_random_trace_is_clicked_as_it_is_exported),
		cmocka_unit_test(damage_while_open_is_clicked_as_it_is_exported),
		cmocka_unit_test(damage_before_opening_is_clicked_as_it_is_exported),
		cmocka_unit_test(an_id_used_again_is_matched_by_time),
	};
	const char *given = argc > 1 ? argv[1] : getenv("CTRACE_TEST_SEED");

	seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)getpid() * 1000;
	printf("seed: %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
