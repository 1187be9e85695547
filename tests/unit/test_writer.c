/* SPDX-License-Identifier: MIT */
/* What the writer puts into a file. */

#include "tests/unit/unit.h"

#include "format/block.h"
#include "format/chunk.h"
#include "format/validate.h"
#include "tests/unit/memory_trace.h"

/* A writer on a buffer, with two sites: 1 and 2, both spans. */
struct fixture {
	struct ctrace_buffer bytes;
	struct ctrace_writer writer;
	struct ctrace_block block;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct ctrace_writer_settings settings = {
		.write = ctrace_memory_write,
		.sink = &fixture->bytes,
		.base_ticks = 1000,
		.ticks_per_second = 1000000000,
		.clock_kind = CTRACE_CLOCK_ARTIFICIAL,
	};

	ctrace_writer_init(&fixture->writer, &settings);
	ctrace_block_init(&fixture->block, 1, 1000);
	for (uint32_t id = 1; id <= 2; id++) {
		struct ctrace_site site = {.id = id, .kind = CTRACE_KIND_SPAN_BEGIN};
		ctrace_writer_site(&fixture->writer, &site);
	}
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	ctrace_block_finish(&fixture->block);
	ctrace_writer_finish(&fixture->writer);
	ctrace_buffer_finish(&fixture->bytes);
	free(fixture);
	return 0;
}

/* Seal, close and open; the caller closes. */
static struct ctrace_trace *read_back(struct fixture *fixture, int *fd)
{
	assert_int_equal(ctrace_writer_seal(&fixture->writer, &fixture->block), CTRACE_OK);
	assert_int_equal(ctrace_writer_close(&fixture->writer), CTRACE_OK);
	assert_int_equal(fixture->writer.offset, fixture->bytes.size);
	return ctrace_memory_open(&fixture->bytes, fd);
}

static const struct ctrace_chunk_entry *events_chunk(const struct ctrace_trace *trace,
						     uint32_t which, uint32_t *index)
{
	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		if (entry->type == CTRACE_CHUNK_EVENTS && which-- == 0) {
			*index = i;
			return entry;
		}
	}
	fail_msg("there is no such chunk of events");
	return NULL;
}

static void a_trace_without_events_is_whole(void **state)
{
	struct fixture *fixture = *state;
	int fd;
	struct ctrace_trace *trace = read_back(fixture, &fd);

	assert_int_equal(ctrace_trace_info(trace)->events, 0);
	assert_true(ctrace_trace_info(trace)->has_trailer);
	assert_int_equal(ctrace_trace_info(trace)->damage_count, 0);
	assert_non_null(ctrace_trace_site(trace, 2));
	ctrace_memory_close(trace, fd);
}

static void a_chunk_begins_with_its_first_event(void **state)
{
	struct fixture *fixture = *state;
	uint32_t index = 0;
	int fd;

	ctrace_block_begin(&fixture->block, 1, 5000);
	ctrace_block_end(&fixture->block, 1, 5040);
	ctrace_writer_seal(&fixture->writer, &fixture->block);
	ctrace_block_begin(&fixture->block, 1, 900000);
	struct ctrace_trace *trace = read_back(fixture, &fd);
	const struct ctrace_chunk_entry *first = events_chunk(trace, 0, &index);
	assert_int_equal(first->base, 5000);
	assert_int_equal(first->span, 40);
	const struct ctrace_chunk_entry *second = events_chunk(trace, 1, &index);
	assert_int_equal(second->base, 900000);
	assert_int_equal(second->span, 0);
	assert_int_equal(second->seq, 1);
	ctrace_memory_close(trace, fd);
}

static void open_spans_are_restated_in_the_next_chunk(void **state)
{
	struct fixture *fixture = *state;
	struct ctrace_chunk chunk = {0};
	struct ctrace_cursor cursor;
	uint32_t index = 0;
	int fd;

	ctrace_block_begin(&fixture->block, 1, 2000);
	ctrace_block_begin(&fixture->block, 2, 2100);
	ctrace_writer_seal(&fixture->writer, &fixture->block);
	ctrace_block_end(&fixture->block, 2, 3000);
	struct ctrace_trace *trace = read_back(fixture, &fd);
	events_chunk(trace, 1, &index);
	assert_int_equal(ctrace_chunk_load(&chunk, trace, index, NULL), CTRACE_OK);
	assert_int_equal(ctrace_cursor_init(&cursor, trace, &chunk, NULL), CTRACE_OK);
	assert_int_equal(cursor.open_count, 2);
	assert_int_equal(cursor.open[0].site, 1);
	assert_int_equal(cursor.open[0].begin, 2000);
	assert_int_equal(cursor.open[1].site, 2);
	assert_int_equal(cursor.open[1].begin, 2100);
	ctrace_chunk_unload(&chunk);
	ctrace_memory_close(trace, fd);
}

static void an_end_that_does_not_match_names_its_site(void **state)
{
	struct fixture *fixture = *state;
	struct ctrace_chunk chunk = {0};
	struct ctrace_cursor cursor;
	struct ctrace_event event;
	uint32_t index = 0;
	int fd;

	ctrace_block_begin(&fixture->block, 1, 2000);
	ctrace_block_begin(&fixture->block, 2, 2000);
	ctrace_block_end(&fixture->block, 1, 2001);
	assert_int_equal(fixture->block.depth, 0);
	ctrace_block_end(&fixture->block, 2, 2002);
	ctrace_block_end(&fixture->block, CTRACE_NO_SITE, 2003);
	struct ctrace_trace *trace = read_back(fixture, &fd);
	events_chunk(trace, 0, &index);
	ctrace_chunk_load(&chunk, trace, index, NULL);
	ctrace_cursor_init(&cursor, trace, &chunk, NULL);
	const uint32_t sites[] = {1, 2, 1, 2, CTRACE_NO_SITE};
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(ctrace_cursor_next(&cursor, &event, NULL), CTRACE_OK);
		assert_int_equal(event.site, sites[i]);
	}
	assert_int_equal(ctrace_cursor_next(&cursor, &event, NULL), CTRACE_END);
	ctrace_chunk_unload(&chunk);
	ctrace_memory_close(trace, fd);
}

static void spans_past_the_limit_are_refused_with_their_ends(void **state)
{
	struct fixture *fixture = *state;
	unsigned written = 0, refused = 0;
	int fd;

	for (unsigned i = 0; i < CTRACE_OPEN_SPANS_MAX + 10; i++) {
		if (!ctrace_block_has_room(&fixture->block, 0)) {
			ctrace_writer_seal(&fixture->writer, &fixture->block);
		}
		*(ctrace_block_begin(&fixture->block, 1, 2000 + i) ? &written : &refused) += 1;
	}
	assert_int_equal(written, CTRACE_OPEN_SPANS_MAX);
	for (unsigned i = 0; i < CTRACE_OPEN_SPANS_MAX + 10; i++) {
		*(ctrace_block_end(&fixture->block, 1, 9000 + i) ? &written : &refused) += 1;
	}
	assert_int_equal(written, 2 * CTRACE_OPEN_SPANS_MAX);
	assert_int_equal(refused, 20);
	assert_int_equal(fixture->block.depth, 0);
	struct ctrace_trace *trace = read_back(fixture, &fd);
	assert_int_equal(ctrace_trace_info(trace)->events, written);
	ctrace_memory_close(trace, fd);
}

static void equal_strings_have_one_number(void **state)
{
	struct fixture *fixture = *state;
	int fd;
	uint32_t a = ctrace_writer_string(&fixture->writer, "main", 4);
	uint32_t b = ctrace_writer_string(&fixture->writer, "nul\0a", 5);
	uint32_t c = ctrace_writer_string(&fixture->writer, "nul\0b", 5);

	assert_int_equal(ctrace_writer_string(&fixture->writer, "", 0), 0);
	assert_int_equal(ctrace_writer_string(&fixture->writer, "main", 4), a);
	assert_int_not_equal(b, c);
	struct ctrace_trace *trace = read_back(fixture, &fd);
	assert_int_equal(ctrace_trace_string(trace, b).size, 5);
	assert_memory_equal(ctrace_trace_string(trace, c).bytes, "nul\0b", 5);
	assert_int_equal(ctrace_trace_string(trace, 0).size, 0);
	ctrace_memory_close(trace, fd);
}

static void a_hundred_thousand_strings_and_sites_come_back(void **state)
{
	struct fixture *fixture = *state;
	char name[32];
	int fd;

	for (uint32_t i = 0; i < 100000; i++) {
		int size = snprintf(name, sizeof(name), "function %u", i);
		struct ctrace_site site = {.id = 10 + i, .kind = CTRACE_KIND_SPAN_BEGIN, .line = i};
		site.name = ctrace_writer_string(&fixture->writer, name, (size_t)size);
		assert_int_equal(ctrace_writer_site(&fixture->writer, &site), CTRACE_OK);
	}
	struct ctrace_trace *trace = read_back(fixture, &fd);
	assert_int_equal(ctrace_trace_info(trace)->damage_count, 0);
	for (uint32_t i = 0; i < 100000; i += 777) {
		const struct ctrace_site *site = ctrace_trace_site(trace, 10 + i);
		snprintf(name, sizeof(name), "function %u", i);
		assert_string_equal(ctrace_trace_string(trace, site->name).bytes, name);
		assert_int_equal(site->line, i);
	}
	ctrace_memory_close(trace, fd);
}

static void lost_events_are_summed_up(void **state)
{
	struct fixture *fixture = *state;
	int fd;

	ctrace_block_begin(&fixture->block, 1, 2000);
	ctrace_block_lost(&fixture->block, 2100, CTRACE_LOSS_RING_FULL, 17, 2000);
	ctrace_block_lost(&fixture->block, 2200, CTRACE_LOSS_SINK_SLOW, UINT32_MAX, 2150);
	assert_int_equal(ctrace_block_written(&fixture->block), 1);
	struct ctrace_trace *trace = read_back(fixture, &fd);
	assert_int_equal(ctrace_block_written(&fixture->block), 1);
	assert_int_equal(ctrace_trace_info(trace)->lost, UINT64_C(17) + UINT32_MAX);
	ctrace_memory_close(trace, fd);
}

static enum ctrace_status fail_at_byte(void *sink, const void *bytes, size_t size)
{
	size_t *left = sink;

	(void)bytes;
	if (size > *left) {
		return CTRACE_ERR_IO;
	}
	*left -= size;
	return CTRACE_OK;
}

static void a_sealed_block_has_room_though_the_sink_failed(void **state)
{
	struct ctrace_writer writer;
	struct ctrace_block block;
	size_t left = 500;
	const struct ctrace_writer_settings settings = {
		.write = fail_at_byte, .sink = &left, .ticks_per_second = 1};

	(void)state;
	ctrace_writer_init(&writer, &settings);
	ctrace_block_init(&block, 1, 0);
	for (uint64_t ticks = 0; ticks < 100000; ticks++) {
		if (!ctrace_block_has_room(&block, 0)) {
			ctrace_writer_seal(&writer, &block);
		}
		assert_true(ctrace_block_has_room(&block, 0));
		ctrace_block_site_event(&block, 1, ticks);
	}
	assert_int_not_equal(writer.status, CTRACE_OK);
	ctrace_block_finish(&block);
	ctrace_writer_finish(&writer);
}

static void a_failed_sink_is_asked_no_more(void **state)
{
	(void)state;
	for (size_t limit = 0; limit < 900; limit += 50) {
		size_t left = limit;
		struct ctrace_writer writer;
		struct ctrace_block block;
		struct ctrace_writer_settings settings = {
			.write = fail_at_byte, .sink = &left, .ticks_per_second = 1};
		enum ctrace_status first = ctrace_writer_init(&writer, &settings);
		ctrace_block_init(&block, 1, 0);
		for (unsigned i = 0; i < 20; i++) {
			ctrace_writer_string(&writer, (char[]){'a' + (char)i}, 1);
			ctrace_block_plain_u64(&block, CTRACE_KIND_FLOW_OUT, i, i);
			ctrace_writer_seal(&writer, &block);
		}
		assert_int_equal(ctrace_writer_close(&writer), CTRACE_ERR_IO);
		assert_true(first == CTRACE_OK || limit < 64);
		ctrace_block_finish(&block);
		ctrace_writer_finish(&writer);
	}
}

static void undo_takes_null_and_zeroed_objects(void **state)
{
	(void)state;
	struct ctrace_writer writer = {0};
	struct ctrace_block block = {0};
	struct ctrace_packer packer = {0};

	ctrace_writer_finish(NULL);
	ctrace_writer_finish(&writer);
	ctrace_block_finish(NULL);
	ctrace_block_finish(&block);
	ctrace_packer_finish(NULL);
	ctrace_packer_finish(&packer);
	ctrace_trace_close(NULL);
}

static void no_problem(void *context, const struct ctrace_error *error)
{
	(void)context;
	fail_msg("%s", error->text);
}

static void what_the_writer_writes_passes_the_strict_check(void **state)
{
	(void)state;
	uint64_t seed = ctrace_test_seed();

	for (unsigned i = 0; i < 200; i++) {
		struct ctrace_buffer bytes = {0};
		struct ctrace_validate_report report;
		int fd;
		ctrace_memory_make(&bytes, seed + i, 0);
		struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
		assert_int_equal(ctrace_validate(trace, no_problem, NULL, &report), CTRACE_OK);
		assert_int_equal(report.events, ctrace_trace_info(trace)->events);
		ctrace_memory_close(trace, fd);
		ctrace_buffer_finish(&bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_trace_without_events_is_whole, begin, end),
		cmocka_unit_test_setup_teardown(a_chunk_begins_with_its_first_event, begin, end),
		cmocka_unit_test_setup_teardown(open_spans_are_restated_in_the_next_chunk, begin,
						end),
		cmocka_unit_test_setup_teardown(an_end_that_does_not_match_names_its_site, begin,
						end),
		cmocka_unit_test_setup_teardown(spans_past_the_limit_are_refused_with_their_ends,
						begin, end),
		cmocka_unit_test_setup_teardown(equal_strings_have_one_number, begin, end),
		cmocka_unit_test_setup_teardown(a_hundred_thousand_strings_and_sites_come_back,
						begin, end),
		cmocka_unit_test_setup_teardown(lost_events_are_summed_up, begin, end),
		cmocka_unit_test(a_sealed_block_has_room_though_the_sink_failed),
		cmocka_unit_test(a_failed_sink_is_asked_no_more),
		cmocka_unit_test(undo_takes_null_and_zeroed_objects),
		cmocka_unit_test(what_the_writer_writes_passes_the_strict_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
