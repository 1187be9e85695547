/* SPDX-License-Identifier: MIT */
/* Each limit of format/limits.h: accepted at the limit, refused by name one past it. */

#include "tests/unit/unit.h"

#include "format/block.h"
#include "format/chunk.h"
#include "format/header.h"
#include "format/rows.h"
#include "format/tables.h"
#include "format/timebase.h"
#include "format/validate.h"
#include "tests/unit/memory_trace.h"

/* A table chunk's payload under construction. */
struct table {
	struct ctrace_buffer rows;
	uint32_t count;
};

/* NULL: the reader's tables took the rows. */
static const char *add(struct ctrace_tables *tables, enum ctrace_chunk_type type,
		       struct table *table)
{
	uint32_t bad_row;
	enum ctrace_status status;
	const char *wrong = ctrace_tables_add(tables, type, table->rows.bytes, table->rows.size,
					      table->count, &bad_row, &status);

	ctrace_buffer_finish(&table->rows);
	table->count = 0;
	return wrong;
}

static void refused(const char *wrong, const char *part)
{
	assert_non_null(wrong);
	assert_non_null(strstr(wrong, part));
}

static void put_string(struct table *table, uint64_t id, size_t size)
{
	static const uint8_t text[CTRACE_STRING_BYTES_MAX + 1];
	struct ctrace_string_row row = {.id = id, .bytes = text, .size = size};

	ctrace_row_put_string(&table->rows, &row);
	table->count++;
}

static void a_string_has_at_most_its_bytes(void **state)
{
	(void)state;
	struct ctrace_tables tables;
	struct table table = {0};

	ctrace_tables_init(&tables);
	put_string(&table, 1, CTRACE_STRING_BYTES_MAX);
	assert_null(add(&tables, CTRACE_CHUNK_STRINGS, &table));
	put_string(&table, 2, CTRACE_STRING_BYTES_MAX + 1);
	refused(add(&tables, CTRACE_CHUNK_STRINGS, &table), "over 4096 bytes");
	ctrace_tables_finish(&tables);
}

static void string_numbers_end_at_the_limit(void **state)
{
	(void)state;
	struct ctrace_tables tables;
	struct table table = {0};

	ctrace_tables_init(&tables);
	put_string(&table, CTRACE_STRINGS_MAX, 3);
	assert_null(add(&tables, CTRACE_CHUNK_STRINGS, &table));
	put_string(&table, CTRACE_STRINGS_MAX + 1, 3);
	refused(add(&tables, CTRACE_CHUNK_STRINGS, &table), "1 to 1000000");
	put_string(&table, 0, 3);
	refused(add(&tables, CTRACE_CHUNK_STRINGS, &table), "1 to 1000000");
	ctrace_tables_finish(&tables);
}

static void all_strings_together_have_at_most_their_bytes(void **state)
{
	(void)state;
	struct ctrace_tables tables;
	struct table table = {0};
	uint32_t whole = CTRACE_STRINGS_TOTAL_BYTES_MAX / CTRACE_STRING_BYTES_MAX;

	ctrace_tables_init(&tables);
	for (uint32_t id = 1; id <= whole; id++) {
		put_string(&table, id, CTRACE_STRING_BYTES_MAX);
		if (id % 200 == 0 || id == whole) {
			assert_null(add(&tables, CTRACE_CHUNK_STRINGS, &table));
		}
	}
	assert_int_equal(tables.string_bytes, CTRACE_STRINGS_TOTAL_BYTES_MAX);
	put_string(&table, whole + 1, 1);
	refused(add(&tables, CTRACE_CHUNK_STRINGS, &table), "268435456");
	assert_int_equal(tables.string_end, whole + 1);
	ctrace_tables_finish(&tables);
}

static void put_site(struct table *table, uint32_t id, unsigned args)
{
	struct ctrace_buffer fields = {0};

	ctrace_buffer_varint(&fields, id);
	ctrace_buffer_varint(&fields, CTRACE_KIND_INSTANT);
	for (unsigned i = 0; i < 5; i++) {
		ctrace_buffer_varint(&fields, 0);
	}
	ctrace_buffer_varint(&fields, args);
	for (unsigned i = 0; i < args; i++) {
		ctrace_buffer_u8(&fields, CTRACE_ARG_U64);
		ctrace_buffer_varint(&fields, 0);
	}
	ctrace_buffer_bytes(&table->rows, fields.bytes, fields.size);
	ctrace_buffer_finish(&fields);
	table->count++;
}

static void site_numbers_end_at_the_limit(void **state)
{
	(void)state;
	struct ctrace_tables tables;
	struct table table = {0};

	ctrace_tables_init(&tables);
	put_site(&table, CTRACE_SITE_MAX, 0);
	assert_null(add(&tables, CTRACE_CHUNK_SITES, &table));
	put_site(&table, CTRACE_SITE_MAX + 1, 0);
	refused(add(&tables, CTRACE_CHUNK_SITES, &table), "over 16777215");
	ctrace_tables_finish(&tables);
}

static void a_site_has_at_most_its_arguments(void **state)
{
	(void)state;
	struct ctrace_tables tables;
	struct table table = {0};

	ctrace_tables_init(&tables);
	put_site(&table, 1, CTRACE_SITE_ARGS_MAX);
	assert_null(add(&tables, CTRACE_CHUNK_SITES, &table));
	put_site(&table, 2, CTRACE_SITE_ARGS_MAX + 1);
	refused(add(&tables, CTRACE_CHUNK_SITES, &table), "over 16 arguments");
	ctrace_tables_finish(&tables);
}

static void a_file_has_at_most_its_sites(void **state)
{
	(void)state;
	struct ctrace_tables tables;
	struct table table = {0};

	ctrace_tables_init(&tables);
	for (uint32_t id = 0; id < CTRACE_SITES_MAX; id++) {
		put_site(&table, id, 0);
		if (id % 5000 == 4999) {
			assert_null(add(&tables, CTRACE_CHUNK_SITES, &table));
		}
	}
	assert_int_equal(tables.site_count, CTRACE_SITES_MAX);
	put_site(&table, 7, 0);
	assert_null(add(&tables, CTRACE_CHUNK_SITES, &table));
	put_site(&table, CTRACE_SITES_MAX, 0);
	refused(add(&tables, CTRACE_CHUNK_SITES, &table), "1000000 sites");
	ctrace_tables_finish(&tables);
}

static void put_thread(struct table *table, uint32_t stream)
{
	struct ctrace_thread_row row = {.stream = stream};

	ctrace_row_put_thread(&table->rows, &row);
	table->count++;
}

static void put_process(struct table *table, uint32_t pid)
{
	struct ctrace_process_row row = {.pid = pid};

	ctrace_row_put_process(&table->rows, &row);
	table->count++;
}

static void put_clock(struct table *table, uint32_t ticks)
{
	struct ctrace_clock_row row = {.ticks = ticks, .raw_ns = ticks};

	ctrace_row_put_clock(&table->rows, &row);
	table->count++;
}

static void put_meta(struct table *table, uint32_t number)
{
	char key[16];
	struct ctrace_meta_row row = {.key = (const uint8_t *)key, .value = (const uint8_t *)"v"};

	row.key_size = (uint64_t)snprintf(key, sizeof(key), "key %u", number);
	row.value_size = 1;
	ctrace_row_put_meta(&table->rows, &row);
	table->count++;
}

/* Rows 1 to limit are taken, in chunks that repeat some; one more is refused. */
static void check_row_limit(enum ctrace_chunk_type type, uint32_t limit, bool may_repeat,
			    void (*put)(struct table *table, uint32_t number), const char *part)
{
	struct ctrace_tables tables;
	struct table table = {0};

	ctrace_tables_init(&tables);
	for (uint32_t i = 1; i <= limit; i++) {
		put(&table, i);
		if (may_repeat && i % 1000 == 0) {
			put(&table, i / 2);
		}
		if (i % 3000 == 0 || i == limit) {
			assert_null(add(&tables, type, &table));
		}
	}
	if (may_repeat) {
		put(&table, limit);
		assert_null(add(&tables, type, &table));
		put(&table, 1);
	}
	put(&table, limit + 1);
	refused(add(&tables, type, &table), part);
	ctrace_tables_finish(&tables);
}

static void tables_have_at_most_their_rows(void **state)
{
	(void)state;
	check_row_limit(CTRACE_CHUNK_THREADS, CTRACE_THREADS_MAX, true, put_thread,
			"limit of rows");
	check_row_limit(CTRACE_CHUNK_PROCESSES, CTRACE_PROCESSES_MAX, true, put_process,
			"limit of rows");
	check_row_limit(CTRACE_CHUNK_META, CTRACE_META_MAX, true, put_meta, "limit of rows");
	check_row_limit(CTRACE_CHUNK_CLOCK, CTRACE_CLOCKS_MAX, false, put_clock,
			"1000000 clock rows");
}

static const char *add_meta(uint64_t key_size, uint64_t value_size)
{
	static const uint8_t text[CTRACE_META_VALUE_BYTES_MAX + 1];
	struct ctrace_tables tables;
	struct table table = {.count = 1};
	struct ctrace_meta_row row = {
		.key = text, .key_size = key_size, .value = text, .value_size = value_size};

	ctrace_tables_init(&tables);
	ctrace_row_put_meta(&table.rows, &row);
	const char *wrong = add(&tables, CTRACE_CHUNK_META, &table);
	ctrace_tables_finish(&tables);
	return wrong;
}

static void keys_and_values_have_at_most_their_bytes(void **state)
{
	(void)state;
	assert_null(add_meta(CTRACE_META_KEY_BYTES_MAX, CTRACE_META_VALUE_BYTES_MAX));
	refused(add_meta(CTRACE_META_KEY_BYTES_MAX + 1, 0), "key is over 4096");
	refused(add_meta(0, CTRACE_META_VALUE_BYTES_MAX + 1), "value is over 65536");
}

static enum ctrace_status judge_compressed(uint32_t raw)
{
	struct ctrace_chunk_header header = ctrace_chunk_header_default();
	uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES];

	header.type = CTRACE_CHUNK_EVENTS;
	header.stream = 1;
	header.flags = CTRACE_CHUNK_LZ4;
	header.raw = raw;
	header.stored = 8;
	ctrace_chunk_header_encode(bytes, &header);
	return ctrace_chunk_header_decode(&header, bytes, 0, 0, 0, NULL);
}

static enum ctrace_status judge_chunk(uint32_t raw, uint64_t base, uint64_t span)
{
	struct ctrace_chunk_header header = ctrace_chunk_header_default();
	uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES];

	header.type = CTRACE_CHUNK_EVENTS;
	header.stream = 1;
	header.raw = header.stored = raw;
	header.base = base;
	header.span = span;
	ctrace_chunk_header_encode(bytes, &header);
	return ctrace_chunk_header_decode(&header, bytes, 0, 0, 0, NULL);
}

static void a_chunks_payload_ends_at_the_limit(void **state)
{
	(void)state;
	assert_int_equal(judge_chunk(CTRACE_CHUNK_PAYLOAD_MAX, 0, 0), CTRACE_OK);
	assert_int_equal(judge_chunk(CTRACE_CHUNK_PAYLOAD_MAX + 1, 0, 0), CTRACE_ERR_LIMIT);
	assert_int_equal(judge_compressed(CTRACE_CHUNK_PAYLOAD_MAX), CTRACE_OK);
	assert_int_equal(judge_compressed(CTRACE_CHUNK_PAYLOAD_MAX + 1), CTRACE_ERR_LIMIT);
}

static void ticks_end_at_the_limit(void **state)
{
	(void)state;
	assert_int_equal(judge_chunk(8, 0, CTRACE_SPAN_TICKS_MAX), CTRACE_OK);
	assert_int_equal(judge_chunk(8, 0, CTRACE_SPAN_TICKS_MAX + 1), CTRACE_ERR_LIMIT);
	assert_int_equal(judge_chunk(8, 1, CTRACE_SPAN_TICKS_MAX), CTRACE_ERR_LIMIT);
	assert_int_equal(judge_chunk(8, CTRACE_TICKS_MAX, 0), CTRACE_OK);
	assert_int_equal(judge_chunk(8, CTRACE_TICKS_MAX, 1), CTRACE_ERR_LIMIT);
	assert_int_equal(judge_chunk(8, UINT64_MAX, 0), CTRACE_ERR_LIMIT);
	assert_int_equal(judge_chunk(8, UINT64_MAX, UINT64_MAX), CTRACE_ERR_LIMIT);
}

static enum ctrace_status judge_file(uint64_t base, uint64_t rate, unsigned clock)
{
	struct ctrace_file_header header = ctrace_file_header_default();
	uint8_t bytes[CTRACE_FILE_HEADER_BYTES];

	header.base_ticks = base;
	header.ticks_per_second = rate;
	header.clock_kind = (uint8_t)clock;
	ctrace_file_header_encode(bytes, &header);
	return ctrace_file_header_decode(&header, bytes, sizeof(bytes), NULL);
}

static void the_file_header_keeps_its_ranges(void **state)
{
	(void)state;
	assert_int_equal(judge_file(CTRACE_TICKS_MAX, 1, 1), CTRACE_OK);
	assert_int_equal(judge_file(CTRACE_TICKS_MAX + 1, 1, 1), CTRACE_ERR_DAMAGED);
	assert_int_equal(judge_file(0, UINT64_C(1000000000000), 5), CTRACE_OK);
	assert_int_equal(judge_file(0, UINT64_C(1000000000001), 5), CTRACE_ERR_DAMAGED);
	assert_int_equal(judge_file(0, 0, 5), CTRACE_ERR_DAMAGED);
	assert_int_equal(judge_file(0, 1, 0), CTRACE_ERR_DAMAGED);
	assert_int_equal(judge_file(0, 1, 6), CTRACE_ERR_DAMAGED);
}

static void clock_rows_keep_their_range(void **state)
{
	(void)state;
	struct ctrace_buffer row = {0};
	struct ctrace_clock_row clock = {.ticks = CTRACE_TICKS_MAX, .raw_ns = CTRACE_TICKS_MAX};

	ctrace_row_put_clock(&row, &clock);
	assert_null(ctrace_row_get_clock(ctrace_wire_over(row.bytes + 1, 48), &clock));
	row.size = 0;
	clock.raw_ns++;
	ctrace_row_put_clock(&row, &clock);
	refused(ctrace_row_get_clock(ctrace_wire_over(row.bytes + 1, 48), &clock), "2^62-1");
	ctrace_buffer_finish(&row);
}

/* The largest numbers the format allows must not overflow on their way to nanoseconds. */
static void the_clock_bears_the_largest_numbers(void **state)
{
	(void)state;
	struct ctrace_clock_row rows[] = {{.ticks = 0, .raw_ns = 0},
					  {.ticks = 1, .raw_ns = CTRACE_TICKS_MAX}};
	struct ctrace_clock_row flat[] = {{.ticks = 0, .raw_ns = 5},
					  {.ticks = CTRACE_TICKS_MAX, .raw_ns = 5}};
	uint32_t count = 2;
	struct ctrace_timebase timebase;

	ctrace_timebase_init(&timebase, rows, &count, 0, 1);
	assert_int_equal(ctrace_timebase_ns(&timebase, 1), CTRACE_TICKS_MAX);
	assert_int_equal(ctrace_timebase_ns(&timebase, CTRACE_TICKS_MAX), INT64_MAX);
	ctrace_timebase_finish(&timebase);
	count = 2;
	ctrace_timebase_init(&timebase, flat, &count, CTRACE_TICKS_MAX, 1);
	assert_int_equal(ctrace_timebase_ns(&timebase, CTRACE_TICKS_MAX), 0);
	ctrace_timebase_finish(&timebase);
}

static void ignore(void *context, const struct ctrace_error *error)
{
	(void)context;
	(void)error;
}

/* One chunk with this many restated spans and this many begins; what the reader and the strict
 * check say. */
static uint64_t count_problems(unsigned open, unsigned begins)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct ctrace_buffer bytes = {0};
	struct ctrace_validate_report report;
	int fd;

	fputs("header\nchunk SITES\n site 0 span_begin\nchunk EVENTS stream=1 base=9\n", out);
	for (unsigned i = 0; i < open; i++) {
		fputs(" open 0 age=0\n", out);
	}
	for (unsigned i = 0; i < begins; i++) {
		fputs(" +0 span_begin 0\n", out);
	}
	fclose(out);
	ctrace_memory_assemble(&bytes, text);
	free(text);
	struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
	struct ctrace_chunk chunk = {0};
	ctrace_chunk_load(&chunk, trace, 1, NULL);
	bool is_readable = ctrace_chunk_check(trace, &chunk, NULL) == CTRACE_OK;
	assert_true(is_readable == (open <= CTRACE_OPEN_SPANS_MAX));
	ctrace_chunk_unload(&chunk);
	/* A first chunk that restates spans is itself a problem: nothing was open. */
	ctrace_validate(trace, ignore, NULL, &report);
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
	return report.problems;
}

static void a_thread_has_at_most_its_open_spans(void **state)
{
	(void)state;
	assert_int_equal(count_problems(0, CTRACE_OPEN_SPANS_MAX), 0);
	assert_int_equal(count_problems(0, CTRACE_OPEN_SPANS_MAX + 1), 1);
	assert_int_equal(count_problems(CTRACE_OPEN_SPANS_MAX, 0), 1);
	assert_int_equal(count_problems(CTRACE_OPEN_SPANS_MAX + 1, 0), 1);
}

static void a_varint_has_at_most_its_bytes(void **state)
{
	(void)state;
	uint8_t bytes[CTRACE_VARINT_BYTES_MAX + 1];

	memset(bytes, 0x80, sizeof(bytes));
	bytes[CTRACE_VARINT_BYTES_MAX - 1] = 1;
	struct ctrace_wire wire = ctrace_wire_over(bytes, sizeof(bytes));
	assert_true(ctrace_wire_varint(&wire) == UINT64_C(1) << 63);
	bytes[CTRACE_VARINT_BYTES_MAX - 1] = 0x81;
	bytes[CTRACE_VARINT_BYTES_MAX] = 0;
	wire = ctrace_wire_over(bytes, sizeof(bytes));
	ctrace_wire_varint(&wire);
	assert_int_equal(wire.fault, CTRACE_WIRE_TOO_BIG);
}

static void the_writer_cuts_and_refuses_at_the_limits(void **state)
{
	(void)state;
	static const char text[CTRACE_STRING_BYTES_MAX + 100];
	struct ctrace_buffer bytes = {0};
	struct ctrace_writer writer;
	struct ctrace_writer_settings settings = {.write = ctrace_memory_write,
						  .sink = &bytes,
						  .ticks_per_second = 1,
						  .clock_kind = CTRACE_CLOCK_ARTIFICIAL};
	struct ctrace_site site = {.id = CTRACE_SITE_MAX + 1, .kind = CTRACE_KIND_INSTANT};
	int fd;

	ctrace_writer_init(&writer, &settings);
	uint32_t id = ctrace_writer_string(&writer, text, sizeof(text));
	assert_int_equal(ctrace_writer_string(&writer, text, CTRACE_STRING_BYTES_MAX), id);
	assert_int_equal(ctrace_writer_site(&writer, &site), CTRACE_ERR_LIMIT);
	site.id = CTRACE_SITE_MAX;
	assert_int_equal(ctrace_writer_site(&writer, &site), CTRACE_OK);
	assert_int_equal(ctrace_writer_meta(&writer, "k", text, CTRACE_STRING_BYTES_MAX),
			 CTRACE_OK);
	assert_int_equal(ctrace_writer_meta(&writer, "k", text, CTRACE_META_VALUE_BYTES_MAX + 1),
			 CTRACE_ERR_LIMIT);
	assert_int_equal(ctrace_writer_close(&writer), CTRACE_OK);
	struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
	assert_int_equal(ctrace_trace_info(trace)->damage_count, 0);
	assert_int_equal(ctrace_trace_string(trace, id).size, CTRACE_STRING_BYTES_MAX);
	ctrace_memory_close(trace, fd);
	ctrace_writer_finish(&writer);
	ctrace_buffer_finish(&bytes);
}

static void the_list_of_damage_is_bounded(void **state)
{
	(void)state;
	struct ctrace_chunk_header header = ctrace_chunk_header_default();
	uint8_t chunk[CTRACE_CHUNK_HEADER_BYTES];
	struct ctrace_buffer bytes = {0};
	int fd;

	ctrace_memory_assemble(&bytes, "header\n");
	header.type = CTRACE_CHUNK_META;
	ctrace_chunk_header_encode(chunk, &header);
	for (unsigned i = 0; i < CTRACE_DAMAGE_MAX + 5; i++) {
		ctrace_buffer_u8(&bytes, 'x');
		ctrace_buffer_put(&bytes, chunk, sizeof(chunk));
	}
	struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
	assert_int_equal(ctrace_trace_info(trace)->damage_count, CTRACE_DAMAGE_MAX);
	assert_int_equal(ctrace_trace_info(trace)->damage_more, 5);
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
}

static void sizes_of_fixed_things_are_those_of_the_spec(void **state)
{
	(void)state;
	assert_int_equal(CTRACE_FILE_HEADER_BYTES, 64);
	assert_int_equal(CTRACE_CHUNK_HEADER_BYTES, 56);
	assert_int_equal(CTRACE_TRAILER_BYTES, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_has_at_most_its_bytes),
		cmocka_unit_test(string_numbers_end_at_the_limit),
		cmocka_unit_test(all_strings_together_have_at_most_their_bytes),
		cmocka_unit_test(site_numbers_end_at_the_limit),
		cmocka_unit_test(a_site_has_at_most_its_arguments),
		cmocka_unit_test(a_file_has_at_most_its_sites),
		cmocka_unit_test(tables_have_at_most_their_rows),
		cmocka_unit_test(keys_and_values_have_at_most_their_bytes),
		cmocka_unit_test(a_chunks_payload_ends_at_the_limit),
		cmocka_unit_test(ticks_end_at_the_limit),
		cmocka_unit_test(the_file_header_keeps_its_ranges),
		cmocka_unit_test(clock_rows_keep_their_range),
		cmocka_unit_test(the_clock_bears_the_largest_numbers),
		cmocka_unit_test(a_thread_has_at_most_its_open_spans),
		cmocka_unit_test(a_varint_has_at_most_its_bytes),
		cmocka_unit_test(the_writer_cuts_and_refuses_at_the_limits),
		cmocka_unit_test(the_list_of_damage_is_bounded),
		cmocka_unit_test(sizes_of_fixed_things_are_those_of_the_spec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
