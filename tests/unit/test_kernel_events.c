/* SPDX-License-Identifier: MIT */
/* What a kernel tells comes back from the reader as it was written: rows and events. */

#include "tests/unit/unit.h"

#include "format/kernel_events.h"
#include "tests/unit/memory_trace.h"

#define BASE 1000u

/* A trace with one buffer's stream. */
struct made {
	struct ctrace_buffer bytes;
	struct ctrace_writer writer;
	struct ctrace_block block;
	struct ctrace_trace *trace;
	int fd;
};

static void begin(struct made *made)
{
	*made = (struct made){0};
	struct ctrace_writer_settings settings = {.write = ctrace_memory_write,
						  .sink = &made->bytes,
						  .base_ticks = BASE,
						  .ticks_per_second = 1000000000,
						  .clock_kind = CTRACE_CLOCK_ARTIFICIAL};

	assert_int_equal(ctrace_writer_init(&made->writer, &settings), CTRACE_OK);
	assert_int_equal(ctrace_block_init(&made->block, 3, BASE), CTRACE_OK);
}

static void open_made(struct made *made)
{
	assert_int_equal(ctrace_writer_seal(&made->writer, &made->block), CTRACE_OK);
	assert_int_equal(ctrace_writer_close(&made->writer), CTRACE_OK);
	made->trace = ctrace_memory_open(&made->bytes, &made->fd);
	assert_int_equal(ctrace_trace_info(made->trace)->damage_count, 0);
}

static void finish(struct made *made)
{
	ctrace_memory_close(made->trace, made->fd);
	ctrace_block_finish(&made->block);
	ctrace_writer_finish(&made->writer);
	ctrace_buffer_finish(&made->bytes);
}

static uint32_t name(struct made *made, const char *text)
{
	return ctrace_writer_string(&made->writer, text, strlen(text));
}

static void string_is(const struct made *made, uint32_t id, const char *text)
{
	struct ctrace_bytes string = ctrace_trace_string(made->trace, id);

	assert_int_equal(string.size, strlen(text));
	assert_memory_equal(string.bytes, text, string.size);
}

static void buffers_come_back_by_stream(void **state)
{
	(void)state;
	struct made made;
	uint32_t count;

	begin(&made);
	struct ctrace_buffer_row row = {.stream = 9, .source = name(&made, "tracefs"), .cpu = 0};
	ctrace_writer_buffer(&made.writer, &row);
	row = (struct ctrace_buffer_row){
		.stream = 3, .source = row.source, .cpu = CTRACE_NO_CPU, .written = 1};
	ctrace_writer_buffer(&made.writer, &row);
	row.lost = 4;
	row.clamped = 2;
	ctrace_writer_buffer(&made.writer, &row);
	open_made(&made);

	const struct ctrace_buffer_row *rows = ctrace_trace_buffers(made.trace, &count);
	assert_int_equal(count, 2);
	assert_int_equal(rows[0].stream, 3);
	assert_int_equal(rows[0].cpu, CTRACE_NO_CPU);
	assert_int_equal(rows[0].written, 1);
	assert_int_equal(rows[0].lost, 4);
	assert_int_equal(rows[0].clamped, 2);
	assert_ptr_equal(ctrace_trace_buffer(made.trace, 9), &rows[1]);
	assert_int_equal(rows[1].cpu, 0);
	string_is(&made, rows[1].source, "tracefs");
	assert_null(ctrace_trace_buffer(made.trace, 4));
	assert_null(ctrace_trace_thread(made.trace, 3));
	finish(&made);
}

static void calls_come_back_by_number(void **state)
{
	(void)state;
	struct made made;

	begin(&made);
	struct ctrace_call_row row = {.layer = CTRACE_CALL_SYSTEM, .name = name(&made, "read")};
	ctrace_writer_call(&made.writer, &row);
	row = (struct ctrace_call_row){
		.call = 1024, .layer = CTRACE_CALL_LIBRARY, .name = name(&made, "fread")};
	ctrace_writer_call(&made.writer, &row);
	row.name = name(&made, "a call already defined is left alone");
	ctrace_writer_call(&made.writer, &row);
	open_made(&made);

	assert_int_equal(ctrace_trace_call_end(made.trace), 1025);
	assert_int_equal(ctrace_trace_call(made.trace, 0)->layer, CTRACE_CALL_SYSTEM);
	string_is(&made, ctrace_trace_call(made.trace, 0)->name, "read");
	assert_int_equal(ctrace_trace_call(made.trace, 1024)->layer, CTRACE_CALL_LIBRARY);
	string_is(&made, ctrace_trace_call(made.trace, 1024)->name, "fread");
	assert_null(ctrace_trace_call(made.trace, 1));
	assert_null(ctrace_trace_call(made.trace, 1025));
	assert_null(ctrace_trace_call(made.trace, UINT64_MAX));
	finish(&made);
}

static void a_stack_is_walked_from_its_innermost_frame(void **state)
{
	(void)state;
	struct made made;

	begin(&made);
	struct ctrace_stack_row outer = {.stack = 2, .frame = 10};
	struct ctrace_stack_row inner = {.stack = 7, .parent = 2, .frame = 11};
	ctrace_writer_stack(&made.writer, &outer);
	ctrace_writer_stack(&made.writer, &inner);
	open_made(&made);

	const struct ctrace_stack_row *stack = ctrace_trace_stack(made.trace, 7);
	assert_int_equal(stack->frame, 11);
	assert_int_equal(stack->depth, 2);
	stack = ctrace_trace_stack(made.trace, stack->parent);
	assert_int_equal(stack->frame, 10);
	assert_int_equal(stack->depth, 1);
	assert_null(ctrace_trace_stack(made.trace, stack->parent));
	assert_int_equal(ctrace_trace_stack_end(made.trace), 8);
	finish(&made);
}

static void a_frame_may_be_looked_up_later(void **state)
{
	(void)state;
	struct made made;

	begin(&made);
	struct ctrace_frame_row frame = {.frame = 1, .module = 5, .address = UINT64_MAX};
	ctrace_writer_frame(&made.writer, &frame);
	frame.function = name(&made, "main");
	frame.line = UINT32_MAX;
	frame.is_inlined = true;
	ctrace_writer_frame(&made.writer, &frame);
	struct ctrace_module_row module = {
		.module = 5, .path = name(&made, "/bin/x"), .build_id_size = 3, .build_id = "abc"};
	ctrace_writer_module(&made.writer, &module);
	open_made(&made);

	const struct ctrace_frame_row *row = ctrace_trace_frame(made.trace, 1);
	string_is(&made, row->function, "main");
	assert_true(row->address == UINT64_MAX);
	assert_true(row->line == UINT32_MAX);
	assert_true(row->is_inlined);
	assert_int_equal(ctrace_trace_frame_end(made.trace), 2);
	assert_null(ctrace_trace_frame(made.trace, 0));
	const struct ctrace_module_row *of = ctrace_trace_module(made.trace, row->module);
	string_is(&made, of->path, "/bin/x");
	assert_int_equal(of->build_id_size, 3);
	assert_memory_equal(of->build_id, "abc", 3);
	assert_int_equal(ctrace_trace_module_end(made.trace), 6);
	finish(&made);
}

static void a_source_says_what_became_of_it(void **state)
{
	(void)state;
	struct made made;
	uint32_t count;

	begin(&made);
	struct ctrace_source_row row = {.name = name(&made, "perf-sched"),
					.state = CTRACE_SOURCE_MISSING,
					.why = name(&made, "perf_event_paranoid is 2")};
	ctrace_writer_source(&made.writer, &row);
	row = (struct ctrace_source_row){.name = name(&made, "tracefs"),
					 .state = CTRACE_SOURCE_NOT_ASKED};
	ctrace_writer_source(&made.writer, &row);
	row.state = CTRACE_SOURCE_RECORDED;
	row.events = 100;
	row.lost = 3;
	row.checks = 50;
	row.misses = 1;
	row.slack = 420;
	ctrace_writer_source(&made.writer, &row);
	open_made(&made);

	const struct ctrace_source_row *rows = ctrace_trace_sources(made.trace, &count);
	assert_int_equal(count, 2);
	string_is(&made, rows[0].why, "perf_event_paranoid is 2");
	assert_int_equal(rows[1].state, CTRACE_SOURCE_RECORDED);
	assert_int_equal(rows[1].events, 100);
	assert_int_equal(rows[1].lost, 3);
	assert_int_equal(rows[1].checks, 50);
	assert_int_equal(rows[1].misses, 1);
	assert_int_equal(rows[1].slack, 420);
	finish(&made);
}

static void put_file(struct made *made, uint64_t pid, uint32_t fd, uint64_t from, const char *text)
{
	struct ctrace_file_row row = {.pid = pid, .fd = fd, .from = from, .name = name(made, text)};

	assert_int_equal(ctrace_writer_file(&made->writer, &row), CTRACE_OK);
}

static void file_is(const struct made *made, uint64_t fd, uint64_t after_base, const char *text)
{
	const struct ctrace_file_row *row =
		ctrace_trace_file(made->trace, 7, fd, BASE + after_base);

	if (text == NULL) {
		assert_null(row);
		return;
	}
	assert_non_null(row);
	string_is(made, row->name, text);
}

static void a_descriptor_is_what_it_was_at_the_time(void **state)
{
	(void)state;
	struct made made;
	uint32_t count;

	begin(&made);
	put_file(&made, 7, 3, 50, "/etc/passwd");
	put_file(&made, 8, 3, 0, "another process");
	put_file(&made, 7, 3, 90, "");
	put_file(&made, 7, 3, 10, "stated twice, the first");
	put_file(&made, 7, 3, 10, "/etc/hosts");
	put_file(&made, 7, 4, 0, "pipe");
	open_made(&made);

	assert_non_null(ctrace_trace_files(made.trace, &count));
	assert_int_equal(count, 5);
	file_is(&made, 3, 9, NULL);
	file_is(&made, 3, 10, "/etc/hosts");
	file_is(&made, 3, 49, "/etc/hosts");
	file_is(&made, 3, 50, "/etc/passwd");
	file_is(&made, 3, 1000, "");
	file_is(&made, 4, 1000, "pipe");
	file_is(&made, 2, 1000, NULL);
	file_is(&made, 5, 1000, NULL);
	file_is(&made, UINT64_MAX, 1000, NULL);
	assert_non_null(ctrace_trace_file(made.trace, 7, 4, 0));
	finish(&made);
}

/* Every field of every kind at its largest. */
static void put_all_kinds(struct ctrace_block *block)
{
	static const char text[CTRACE_STRING_BYTES_MAX + 9];
	struct ctrace_bytes long_text = {text, sizeof(text)};
	uint64_t max = UINT64_MAX;
	struct ctrace_sched_switch change = {max, max, CTRACE_RUN_BLOCKED, max, max};
	struct ctrace_sched_waking waking = {max, max, max, max};
	struct ctrace_syscall_enter enter = {max, max, {max, max, max, max, max, max}};
	struct ctrace_sample sample = {max, max, max, max};
	struct ctrace_thread_stack seen = {max, CTRACE_RUN_BLOCKED, max};

	ctrace_block_sched_switch(block, 1001, &change);
	ctrace_block_sched_waking(block, 1002, &waking);
	ctrace_block_sched_migrate(block, 1003, max, max, max);
	ctrace_block_sched_in(block, 1004, max, max);
	ctrace_block_sched_out(block, 1005, max, max, CTRACE_RUN_IDLE);
	ctrace_block_run_delay(block, 1006, max, max);
	ctrace_block_fork(block, 1007, max, max, max);
	ctrace_block_exec(block, 1008, max, long_text);
	ctrace_block_syscall_enter(block, 1009, &enter);
	ctrace_block_syscall_exit(block, 1010, max, max, INT64_MIN);
	ctrace_block_syscall_text(block, 1011, max, 255, long_text);
	ctrace_block_thread_exit(block, 1012, max);
	ctrace_block_sample(block, 1013, &sample);
	ctrace_block_thread_stack(block, 1014, &seen);
}

static void check_value(const struct ctrace_event *event, const struct ctrace_field *field,
			const struct ctrace_value *value)
{
	switch (field->type) {
	case CTRACE_FIELD_STR:
		assert_int_equal(value->str.size, CTRACE_STRING_BYTES_MAX);
		break;
	case CTRACE_FIELD_ZIGZAG:
		assert_true(value->i64 == INT64_MIN);
		break;
	case CTRACE_FIELD_U8:
		assert_int_equal(value->u64,
				 event->kind == CTRACE_KIND_SCHED_OUT ? CTRACE_RUN_IDLE : 255);
		break;
	default:
		assert_true(value->u64 == UINT64_MAX);
	}
}

static void events_of_all_kinds_come_back(void **state)
{
	(void)state;
	static const enum ctrace_kind kinds[] = {
		CTRACE_KIND_SCHED_SWITCH, CTRACE_KIND_SCHED_WAKING, CTRACE_KIND_SCHED_MIGRATE,
		CTRACE_KIND_SCHED_IN,	  CTRACE_KIND_SCHED_OUT,    CTRACE_KIND_RUN_DELAY,
		CTRACE_KIND_FORK,	  CTRACE_KIND_EXEC,	    CTRACE_KIND_SYSCALL_ENTER,
		CTRACE_KIND_SYSCALL_EXIT, CTRACE_KIND_SYSCALL_TEXT, CTRACE_KIND_THREAD_EXIT,
		CTRACE_KIND_SAMPLE,	  CTRACE_KIND_THREAD_STACK,
	};
	static struct ctrace_cursor cursor;
	struct ctrace_chunk chunk = {0};
	struct ctrace_event event;
	struct made made;

	begin(&made);
	put_all_kinds(&made.block);
	open_made(&made);
	assert_int_equal(ctrace_chunk_load(&chunk, made.trace, 0, NULL), CTRACE_OK);
	assert_int_equal(ctrace_chunk_check(made.trace, &chunk, NULL), CTRACE_OK);
	ctrace_cursor_init(&cursor, made.trace, &chunk, NULL);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct ctrace_value values[16];
		struct ctrace_field fields[CTRACE_FIELDS_MAX];
		assert_int_equal(ctrace_cursor_next(&cursor, &event, NULL), CTRACE_OK);
		assert_int_equal(event.kind, kinds[i]);
		assert_int_equal(event.ticks, BASE + 1 + i);
		unsigned count = ctrace_event_values(made.trace, &event, values);
		assert_int_equal(count, ctrace_kind_fields(kinds[i], fields));
		for (unsigned k = 0; k < count; k++) {
			check_value(&event, &fields[k], &values[k]);
		}
	}
	assert_int_equal(ctrace_cursor_next(&cursor, &event, NULL), CTRACE_END);
	ctrace_chunk_unload(&chunk);
	finish(&made);
}

/* The space test is all that stands between a busy kernel and the end of a column. */
static void no_event_takes_more_room_than_it_says(void **state)
{
	(void)state;
	struct made made;
	uint64_t max = UINT64_MAX;
	struct ctrace_syscall_enter enter = {max, max, {max, max, max, max, max, max}};
	uint64_t events = 0;

	begin(&made);
	while (ctrace_block_has_room(&made.block, CTRACE_KERNEL_EVENT_BYTES)) {
		const uint8_t *before = made.block.args_at;
		ctrace_block_syscall_enter(&made.block, BASE + ++events, &enter);
		assert_true(made.block.args_at - before <= (ptrdiff_t)CTRACE_KERNEL_EVENT_BYTES);
		assert_true(made.block.args_at <= made.block.args_end);
	}
	assert_true(events > 1000);
	open_made(&made);
	assert_int_equal(ctrace_trace_info(made.trace)->events, events);
	finish(&made);
}

static void states_of_a_thread_have_names(void **state)
{
	(void)state;
	assert_string_equal(ctrace_run_state_name(CTRACE_RUN_PREEMPTED), "preempted");
	assert_string_equal(ctrace_run_state_name(CTRACE_RUN_IDLE), "idle");
	assert_string_equal(ctrace_run_state_name(CTRACE_RUN_IDLE + 1), "unknown");
	assert_string_equal(ctrace_run_state_name(CTRACE_RUN_BLOCKED), "blocked");
	assert_string_equal(ctrace_loss_name(CTRACE_LOSS_KERNEL_FULL),
			    "a kernel's buffer was full");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_come_back_by_stream),
		cmocka_unit_test(calls_come_back_by_number),
		cmocka_unit_test(a_stack_is_walked_from_its_innermost_frame),
		cmocka_unit_test(a_frame_may_be_looked_up_later),
		cmocka_unit_test(a_source_says_what_became_of_it),
		cmocka_unit_test(a_descriptor_is_what_it_was_at_the_time),
		cmocka_unit_test(events_of_all_kinds_come_back),
		cmocka_unit_test(no_event_takes_more_room_than_it_says),
		cmocka_unit_test(states_of_a_thread_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
