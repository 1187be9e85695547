/* SPDX-License-Identifier: MIT */
/* The limits of the tables that tell of a kernel: accepted at the limit, refused by name one past
 * it. */

#include "tests/unit/unit.h"

#include "format/kernel_rows.h"
#include "format/rows.h"
#include "format/tables.h"
#include "tests/unit/memory_trace.h"

/* Tables under test, and a chunk for them under construction. */
struct tables {
	struct ctrace_tables tables;
	struct ctrace_buffer rows;
	uint32_t count;
};

static void begin(struct tables *tables)
{
	*tables = (struct tables){0};
	ctrace_tables_init(&tables->tables);
}

/* NULL: the rows so far were taken. */
static const char *add(struct tables *tables, enum ctrace_chunk_type type)
{
	uint32_t bad_row;
	enum ctrace_status status;
	const char *wrong = ctrace_tables_add(&tables->tables, type, tables->rows.bytes,
					      tables->rows.size, tables->count, &bad_row, &status);

	tables->rows.size = 0;
	tables->count = 0;
	return wrong;
}

static void finish(struct tables *tables)
{
	ctrace_buffer_finish(&tables->rows);
	ctrace_tables_finish(&tables->tables);
}

static void refused(const char *wrong, const char *part)
{
	assert_non_null(wrong);
	assert_non_null(strstr(wrong, part));
}

static void put_call(struct tables *tables, uint32_t call, unsigned layer, uint32_t name)
{
	struct ctrace_call_row row = {
		.call = call, .layer = (enum ctrace_call_layer)layer, .name = name};

	ctrace_row_put_call(&tables->rows, &row);
	tables->count++;
}

static void put_stack(struct tables *tables, uint32_t stack, uint32_t parent, uint32_t frame)
{
	struct ctrace_stack_row row = {.stack = stack, .parent = parent, .frame = frame};

	ctrace_row_put_stack(&tables->rows, &row);
	tables->count++;
}

static void put_frame(struct tables *tables, uint32_t frame, uint32_t module)
{
	struct ctrace_frame_row row = {.frame = frame, .module = module};

	ctrace_row_put_frame(&tables->rows, &row);
	tables->count++;
}

static void put_source(struct tables *tables, uint32_t name)
{
	struct ctrace_source_row row = {.name = name, .state = CTRACE_SOURCE_MISSING};

	ctrace_row_put_source(&tables->rows, &row);
	tables->count++;
}

static void put_buffer(struct tables *tables, uint32_t stream)
{
	struct ctrace_buffer_row row = {.stream = stream, .cpu = CTRACE_NO_CPU};

	ctrace_row_put_buffer(&tables->rows, &row);
	tables->count++;
}

static void put_thread(struct tables *tables, uint32_t stream)
{
	struct ctrace_thread_row row = {.stream = stream};

	ctrace_row_put_thread(&tables->rows, &row);
	tables->count++;
}

static void put_file(struct tables *tables, uint32_t fd)
{
	struct ctrace_file_row row = {.pid = 1, .fd = fd};

	ctrace_row_put_file(&tables->rows, &row);
	tables->count++;
}

static void call_numbers_end_at_the_limit(void **state)
{
	(void)state;
	struct tables tables;

	begin(&tables);
	put_call(&tables, CTRACE_CALL_MAX, CTRACE_CALL_LIBRARY, 1);
	assert_null(add(&tables, CTRACE_CHUNK_CALLS));
	assert_int_equal(tables.tables.call_end, CTRACE_CALL_MAX + 1);
	put_call(&tables, CTRACE_CALL_MAX + 1, CTRACE_CALL_SYSTEM, 1);
	refused(add(&tables, CTRACE_CHUNK_CALLS), "over 65535");
	put_call(&tables, 1, 0, 1);
	refused(add(&tables, CTRACE_CHUNK_CALLS), "layer is not 1 or 2");
	put_call(&tables, 1, CTRACE_CALL_LIBRARY + 1, 1);
	refused(add(&tables, CTRACE_CHUNK_CALLS), "layer is not 1 or 2");
	finish(&tables);
}

static void stack_numbers_end_at_the_limit(void **state)
{
	(void)state;
	struct tables tables;

	begin(&tables);
	put_stack(&tables, CTRACE_STACK_MAX, CTRACE_STACK_MAX - 1, CTRACE_FRAME_MAX);
	assert_null(add(&tables, CTRACE_CHUNK_STACKS));
	assert_int_equal(tables.tables.stack_end, CTRACE_STACK_MAX + 1);
	put_stack(&tables, CTRACE_STACK_MAX + 1, 0, 1);
	refused(add(&tables, CTRACE_CHUNK_STACKS), "1 to 4000000");
	put_stack(&tables, 0, 0, 1);
	refused(add(&tables, CTRACE_CHUNK_STACKS), "1 to 4000000");
	put_stack(&tables, 3, 0, CTRACE_FRAME_MAX + 1);
	refused(add(&tables, CTRACE_CHUNK_STACKS), "1 to 1000000");
	put_stack(&tables, 3, 0, 0);
	refused(add(&tables, CTRACE_CHUNK_STACKS), "1 to 1000000");
	finish(&tables);
}

static void a_stack_has_at_most_its_frames(void **state)
{
	(void)state;
	struct tables tables;

	begin(&tables);
	for (uint32_t stack = 1; stack <= CTRACE_STACK_FRAMES_MAX; stack++) {
		put_stack(&tables, stack, stack - 1, 1);
	}
	assert_null(add(&tables, CTRACE_CHUNK_STACKS));
	assert_int_equal(ctrace_tables_stack(&tables.tables, CTRACE_STACK_FRAMES_MAX)->depth,
			 CTRACE_STACK_FRAMES_MAX);
	put_stack(&tables, 1000, 1, 2);
	put_stack(&tables, CTRACE_STACK_FRAMES_MAX + 1, CTRACE_STACK_FRAMES_MAX, 1);
	refused(add(&tables, CTRACE_CHUNK_STACKS), "limit of 512 frames");
	/* And nothing of that chunk was taken. */
	assert_null(ctrace_tables_stack(&tables.tables, 1000));
	assert_int_equal(tables.tables.stack_end, CTRACE_STACK_FRAMES_MAX + 1);
	finish(&tables);
}

static void a_stack_leads_to_smaller_ones_only(void **state)
{
	(void)state;
	struct tables tables;

	begin(&tables);
	put_stack(&tables, 5, 4, 1);
	assert_null(add(&tables, CTRACE_CHUNK_STACKS));
	put_stack(&tables, 6, 6, 1);
	refused(add(&tables, CTRACE_CHUNK_STACKS), "not smaller");
	put_stack(&tables, 4, 5, 1);
	refused(add(&tables, CTRACE_CHUNK_STACKS), "not smaller");
	finish(&tables);
}

static void calls_and_stacks_are_not_redefined(void **state)
{
	(void)state;
	struct tables tables;

	begin(&tables);
	put_call(&tables, 0, CTRACE_CALL_SYSTEM, 1);
	put_call(&tables, 0, CTRACE_CALL_SYSTEM, 1);
	put_call(&tables, 20, CTRACE_CALL_SYSTEM, 1);
	assert_null(add(&tables, CTRACE_CHUNK_CALLS));
	put_call(&tables, 9, CTRACE_CALL_SYSTEM, 1);
	put_call(&tables, 0, CTRACE_CALL_LIBRARY, 1);
	refused(add(&tables, CTRACE_CHUNK_CALLS), "redefined");
	assert_null(ctrace_tables_call(&tables.tables, 9));
	put_stack(&tables, 1, 0, 7);
	put_stack(&tables, 1, 0, 7);
	put_stack(&tables, 20, 0, 7);
	assert_null(add(&tables, CTRACE_CHUNK_STACKS));
	put_stack(&tables, 2, 0, 7);
	put_stack(&tables, 1, 0, 8);
	refused(add(&tables, CTRACE_CHUNK_STACKS), "redefined");
	assert_null(ctrace_tables_stack(&tables.tables, 2));
	assert_int_equal(ctrace_tables_stack(&tables.tables, 1)->frame, 7);
	finish(&tables);
}

static void frame_and_module_numbers_end_at_the_limit(void **state)
{
	(void)state;
	struct tables tables;

	begin(&tables);
	put_frame(&tables, CTRACE_FRAME_MAX, CTRACE_MODULE_MAX);
	assert_null(add(&tables, CTRACE_CHUNK_FRAMES));
	put_frame(&tables, CTRACE_FRAME_MAX + 1, 0);
	refused(add(&tables, CTRACE_CHUNK_FRAMES), "1 to 1000000");
	put_frame(&tables, 0, 0);
	refused(add(&tables, CTRACE_CHUNK_FRAMES), "1 to 1000000");
	put_frame(&tables, 1, CTRACE_MODULE_MAX + 1);
	refused(add(&tables, CTRACE_CHUNK_FRAMES), "over 65535");
	finish(&tables);
}

static void put_module(struct tables *tables, uint32_t module, unsigned build_id_size)
{
	static const uint8_t build_id[CTRACE_BUILD_ID_BYTES_MAX + 1];
	struct ctrace_buffer fields = {0};

	ctrace_buffer_varint(&fields, module);
	ctrace_buffer_varint(&fields, 0);
	ctrace_buffer_bytes(&fields, build_id, build_id_size);
	ctrace_buffer_bytes(&tables->rows, fields.bytes, fields.size);
	ctrace_buffer_finish(&fields);
	tables->count++;
}

static void a_module_keeps_its_limits(void **state)
{
	(void)state;
	struct tables tables;

	begin(&tables);
	put_module(&tables, CTRACE_MODULE_MAX, CTRACE_BUILD_ID_BYTES_MAX);
	assert_null(add(&tables, CTRACE_CHUNK_MODULES));
	put_module(&tables, CTRACE_MODULE_MAX + 1, 0);
	refused(add(&tables, CTRACE_CHUNK_MODULES), "1 to 65535");
	put_module(&tables, 0, 0);
	refused(add(&tables, CTRACE_CHUNK_MODULES), "1 to 65535");
	put_module(&tables, 1, CTRACE_BUILD_ID_BYTES_MAX + 1);
	refused(add(&tables, CTRACE_CHUNK_MODULES), "over 64 bytes");
	finish(&tables);
}

/* Rows 1 to limit are taken, a known one again too; one more is refused. */
static void check_row_limit(enum ctrace_chunk_type type, uint32_t limit,
			    void (*put)(struct tables *tables, uint32_t number))
{
	struct tables tables;

	begin(&tables);
	for (uint32_t i = 1; i <= limit; i++) {
		put(&tables, i);
	}
	assert_null(add(&tables, type));
	put(&tables, limit);
	assert_null(add(&tables, type));
	put(&tables, limit + 1);
	refused(add(&tables, type), "limit of rows");
	finish(&tables);
}

static void buffers_and_sources_have_at_most_their_rows(void **state)
{
	(void)state;
	check_row_limit(CTRACE_CHUNK_BUFFERS, CTRACE_BUFFERS_MAX, put_buffer);
	check_row_limit(CTRACE_CHUNK_SOURCES, CTRACE_SOURCES_MAX, put_source);
}

static void files_have_at_most_their_rows(void **state)
{
	(void)state;
	struct tables tables;

	begin(&tables);
	for (uint32_t i = 1; i <= CTRACE_FILES_MAX; i++) {
		put_file(&tables, i % 1000);
		if (i % 10000 == 0) {
			assert_null(add(&tables, CTRACE_CHUNK_FILES));
		}
	}
	put_file(&tables, 1);
	refused(add(&tables, CTRACE_CHUNK_FILES), "limit of 1000000 files");
	finish(&tables);
}

static void a_stream_is_a_threads_or_a_buffers(void **state)
{
	(void)state;
	struct tables tables;

	begin(&tables);
	put_thread(&tables, 1);
	assert_null(add(&tables, CTRACE_CHUNK_THREADS));
	put_buffer(&tables, 2);
	put_buffer(&tables, 1);
	refused(add(&tables, CTRACE_CHUNK_BUFFERS), "the stream is a thread's");
	assert_int_equal(tables.tables.buffer_count, 0);
	put_buffer(&tables, 2);
	assert_null(add(&tables, CTRACE_CHUNK_BUFFERS));
	put_thread(&tables, 2);
	refused(add(&tables, CTRACE_CHUNK_THREADS), "the stream is a buffer's");
	assert_int_equal(tables.tables.thread_count, 1);
	finish(&tables);
}

static void the_writer_refuses_numbers_past_their_limits(void **state)
{
	(void)state;
	struct ctrace_buffer bytes = {0};
	struct ctrace_writer writer;
	struct ctrace_writer_settings settings = {.write = ctrace_memory_write,
						  .sink = &bytes,
						  .ticks_per_second = 1,
						  .clock_kind = CTRACE_CLOCK_ARTIFICIAL};
	struct ctrace_buffer_row buffer = {.stream = 0};
	struct ctrace_call_row call = {.call = CTRACE_CALL_MAX + 1, .layer = CTRACE_CALL_SYSTEM};
	struct ctrace_stack_row deep = {.stack = CTRACE_STACK_MAX + 1, .frame = 1};
	struct ctrace_stack_row round = {.stack = 3, .parent = 3, .frame = 1};
	struct ctrace_frame_row frame = {.frame = CTRACE_FRAME_MAX + 1};
	struct ctrace_module_row module = {.module = 1,
					   .build_id_size = CTRACE_BUILD_ID_BYTES_MAX + 1};

	ctrace_writer_init(&writer, &settings);
	assert_int_equal(ctrace_writer_buffer(&writer, &buffer), CTRACE_ERR_LIMIT);
	assert_int_equal(ctrace_writer_call(&writer, &call), CTRACE_ERR_LIMIT);
	assert_int_equal(ctrace_writer_stack(&writer, &deep), CTRACE_ERR_LIMIT);
	assert_int_equal(ctrace_writer_stack(&writer, &round), CTRACE_ERR_LIMIT);
	assert_int_equal(ctrace_writer_frame(&writer, &frame), CTRACE_ERR_LIMIT);
	assert_int_equal(ctrace_writer_module(&writer, &module), CTRACE_ERR_LIMIT);
	assert_int_equal(writer.status, CTRACE_OK);
	ctrace_writer_finish(&writer);
	ctrace_buffer_finish(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_numbers_end_at_the_limit),
		cmocka_unit_test(stack_numbers_end_at_the_limit),
		cmocka_unit_test(a_stack_has_at_most_its_frames),
		cmocka_unit_test(a_stack_leads_to_smaller_ones_only),
		cmocka_unit_test(calls_and_stacks_are_not_redefined),
		cmocka_unit_test(frame_and_module_numbers_end_at_the_limit),
		cmocka_unit_test(a_module_keeps_its_limits),
		cmocka_unit_test(buffers_and_sources_have_at_most_their_rows),
		cmocka_unit_test(files_have_at_most_their_rows),
		cmocka_unit_test(a_stream_is_a_threads_or_a_buffers),
		cmocka_unit_test(the_writer_refuses_numbers_past_their_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
