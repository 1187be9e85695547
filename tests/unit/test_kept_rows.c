/* SPDX-License-Identifier: MIT */

/* A writer that keeps chunks remembers what they refer to, within its bytes, and forgets what
 * nothing needs any more. */

#include "tests/unit/unit.h"

#include "format/kept_rows.h"
#include "format/validate.h"
#include "tests/unit/memory_trace.h"

#define BASE   UINT64_C(1000000)
#define SECOND UINT64_C(1000)
#define LIMIT  (64u << 10)

struct fixture {
	struct ctrace_writer keeping, other;
	struct ctrace_buffer bytes;
	struct ctrace_trace *trace;
	int fd;
};

static enum ctrace_status keep(void *unused, const struct ctrace_sealed *chunk)
{
	(void)unused;
	(void)chunk;
	return CTRACE_OK;
}

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct ctrace_writer_settings settings = {
		.keep = keep,
		.rows_bytes_max = LIMIT,
		.base_ticks = BASE,
		.ticks_per_second = SECOND,
		.clock_kind = CTRACE_CLOCK_ARTIFICIAL,
	};

	assert_int_equal(ctrace_writer_init(&fixture->keeping, &settings), CTRACE_OK);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->trace != NULL) {
		ctrace_memory_close(fixture->trace, fixture->fd);
	}
	ctrace_writer_finish(&fixture->other);
	ctrace_writer_finish(&fixture->keeping);
	ctrace_buffer_finish(&fixture->bytes);
	free(fixture);
	return 0;
}

static void count_nothing(void *unused, struct ctrace_source_row *row)
{
	(void)unused;
	row->events = 7;
}

static void fail_on_problem(void *unused, const struct ctrace_error *error)
{
	(void)unused;
	fail_msg("%s", error->text);
}

/* Another trace, which begins at `base`. */
static const struct ctrace_trace *give(struct fixture *fixture, uint64_t base)
{
	const struct ctrace_kept_counts counts = {.source = count_nothing};
	const struct ctrace_writer_settings settings = {
		.write = ctrace_memory_write,
		.sink = &fixture->bytes,
		.base_ticks = base,
		.ticks_per_second = SECOND,
		.clock_kind = CTRACE_CLOCK_ARTIFICIAL,
	};
	struct ctrace_validate_report report;

	assert_int_equal(ctrace_writer_init(&fixture->other, &settings), CTRACE_OK);
	ctrace_kept_rows_tidy(&fixture->keeping);
	ctrace_kept_rows_strings(&fixture->keeping, &fixture->other);
	ctrace_kept_rows_put(&fixture->keeping, &fixture->other, &counts);
	assert_int_equal(ctrace_writer_close(&fixture->other), CTRACE_OK);
	fixture->trace = ctrace_memory_open(&fixture->bytes, &fixture->fd);
	assert_int_equal(ctrace_validate(fixture->trace, fail_on_problem, NULL, &report),
			 CTRACE_OK);
	return fixture->trace;
}

static uint32_t text(struct fixture *fixture, const char *bytes)
{
	return ctrace_writer_string(&fixture->keeping, bytes, strlen(bytes));
}

static void put_thread(struct fixture *fixture, uint32_t number, enum ctrace_thread_state is)
{
	char name[32];
	struct ctrace_thread_row row = {
		.stream = number, .pid = number, .tid = number, .start = 500, .state = is};
	struct ctrace_process_row process = {.pid = number, .start = 500};

	snprintf(name, sizeof(name), "thread %u", number);
	row.name = ctrace_writer_passing_string(&fixture->keeping, name, strlen(name));
	process.name = row.name;
	ctrace_writer_thread(&fixture->keeping, &row);
	ctrace_writer_process(&fixture->keeping, &process);
}

static void put_file(struct fixture *fixture, uint32_t pid, uint64_t from, const char *name)
{
	const struct ctrace_file_row row = {
		.pid = pid,
		.fd = 3,
		.from = from,
		.name = ctrace_writer_passing_string(&fixture->keeping, name, strlen(name)),
	};

	ctrace_writer_file(&fixture->keeping, &row);
}

/* ---- promises ---- */

static void rows_stand_in_another_trace_under_the_same_numbers(void **state)
{
	struct fixture *fixture = *state;
	uint32_t file = text(fixture, "file"), function = text(fixture, "function");
	const struct ctrace_frame_row bare = {.frame = 1, .address = 16};
	const struct ctrace_frame_row named = {.frame = 1, .address = 16, .function = function};
	const struct ctrace_stack_row stack = {.stack = 1, .frame = 1};
	const struct ctrace_source_row source = {.name = file, .state = CTRACE_SOURCE_RECORDED};
	const struct ctrace_trace *trace;
	uint32_t count;

	ctrace_writer_frame(&fixture->keeping, &bare);
	ctrace_writer_stack(&fixture->keeping, &stack);
	ctrace_writer_frame(&fixture->keeping, &named);
	ctrace_writer_source(&fixture->keeping, &source);
	trace = give(fixture, BASE);
	assert_memory_equal(ctrace_trace_string(trace, file).bytes, "file", 4);
	assert_memory_equal(ctrace_trace_string(trace, function).bytes, "function", 8);
	assert_int_equal(ctrace_trace_frame(trace, 1)->function, function);
	assert_int_equal(ctrace_trace_stack(trace, 1)->frame, 1);
	assert_int_equal(ctrace_trace_sources(trace, &count)[0].events, 7);
	assert_int_equal(count, 1);
}

static void times_are_moved_to_the_other_base(void **state)
{
	struct fixture *fixture = *state;
	const struct ctrace_trace *trace;
	uint32_t count;

	put_thread(fixture, 1, CTRACE_THREAD_ALIVE);
	put_file(fixture, 1, 300, "before");
	put_file(fixture, 1, 900, "within");
	trace = give(fixture, BASE + 400);
	assert_int_equal(ctrace_trace_threads(trace, &count)[0].start, 100);
	assert_int_equal(ctrace_trace_processes(trace, &count)[0].start, 100);
	const struct ctrace_file_row *files = ctrace_trace_files(trace, &count);
	assert_int_equal(count, 2);
	assert_int_equal(files[0].from, 0);
	assert_int_equal(files[1].from, 500);
}

static void what_a_frame_is_inlined_into_stands_before_it(void **state)
{
	struct fixture *fixture = *state;
	struct ctrace_frame_row row = {.address = 16};

	for (row.frame = 1; row.frame <= 3; row.frame++) {
		ctrace_writer_frame(&fixture->keeping, &row);
	}
	for (row.frame = 1; row.frame <= 3; row.frame++) {
		row.outer = row.frame < 3 ? row.frame + 1 : 0;
		row.is_inlined = row.outer != 0;
		ctrace_writer_frame(&fixture->keeping, &row);
	}
	assert_int_equal(ctrace_trace_frame(give(fixture, BASE), 1)->outer, 2);
	assert_int_equal(ctrace_kept_rows_count(&fixture->keeping, CTRACE_CHUNK_FRAMES), 3);
}

static void rows_beyond_the_bytes_are_refused_and_counted(void **state)
{
	struct fixture *fixture = *state;
	struct ctrace_stack_row row = {.frame = 1};
	uint32_t known = text(fixture, "known");
	uint64_t refused = 0;

	for (row.stack = 1; row.stack <= LIMIT; row.stack++) {
		refused += ctrace_writer_stack(&fixture->keeping, &row) == CTRACE_ERR_LIMIT;
	}
	assert_in_range(refused, LIMIT / 2, LIMIT);
	assert_int_equal(text(fixture, "new"), 0);
	assert_int_equal(text(fixture, "known"), known);
	assert_int_equal(ctrace_kept_rows_refused(&fixture->keeping), refused + 1);
	assert_in_range(ctrace_kept_rows_bytes(&fixture->keeping), LIMIT, LIMIT + 64);
	assert_int_equal(fixture->keeping.status, CTRACE_OK);
}

static void an_endless_recording_takes_no_endless_memory(void **state)
{
	struct fixture *fixture = *state;
	uint64_t now = BASE;

	fixture->keeping.settings.rows_bytes_max = 1u << 20;
	put_thread(fixture, 1, CTRACE_THREAD_ALIVE);
	put_file(fixture, 1, 10, "first");
	for (uint32_t i = 2; i < 20000; i++, now += SECOND) {
		char name[32];

		snprintf(name, sizeof(name), "file %u", i);
		put_thread(fixture, i, CTRACE_THREAD_ALIVE);
		put_file(fixture, i, now - BASE, name);
		put_file(fixture, 1, now - BASE, name);
		put_thread(fixture, i, CTRACE_THREAD_EXITED);
		ctrace_kept_rows_forget(&fixture->keeping, now - 3 * SECOND, now);
		assert_in_range(ctrace_kept_rows_count(&fixture->keeping, CTRACE_CHUNK_THREADS), 1,
				30);
		assert_in_range(ctrace_kept_rows_count(&fixture->keeping, CTRACE_CHUNK_FILES), 1,
				60);
	}
	assert_in_range(ctrace_kept_rows_count(&fixture->keeping, CTRACE_CHUNK_PROCESSES),
			CTRACE_KEPT_PROCESSES_MAX, CTRACE_KEPT_PROCESSES_MAX + 60);
	assert_int_equal(ctrace_kept_rows_refused(&fixture->keeping), 0);
	assert_true(ctrace_kept_rows_bytes(&fixture->keeping) < 1u << 20);
}

static void what_is_young_or_alive_stays(void **state)
{
	struct fixture *fixture = *state;
	const struct ctrace_trace *trace;
	uint64_t now = BASE + 100 * SECOND;
	uint32_t count;

	put_thread(fixture, 1, CTRACE_THREAD_ALIVE);
	put_thread(fixture, 2, CTRACE_THREAD_EXITED);
	put_file(fixture, 1, 5, "long ago");
	put_file(fixture, 1, 10, "still open");
	assert_true(ctrace_kept_rows_forget(&fixture->keeping, now, now));
	put_thread(fixture, 3, CTRACE_THREAD_EXITED);
	put_file(fixture, 3, now - BASE, "gone");
	assert_false(ctrace_kept_rows_forget(&fixture->keeping, now + SECOND, now + SECOND));
	assert_false(ctrace_kept_rows_forget(&fixture->keeping, now, now + 9 * SECOND));
	assert_true(ctrace_kept_rows_forget(&fixture->keeping, now + SECOND, now + 9 * SECOND));
	trace = give(fixture, now);
	const struct ctrace_thread_row *threads = ctrace_trace_threads(trace, &count);
	assert_int_equal(count, 2);
	assert_int_equal(threads[0].tid, 1);
	assert_int_equal(threads[1].tid, 3);
	const struct ctrace_file_row *files = ctrace_trace_files(trace, &count);
	assert_int_equal(count, 2);
	assert_string_equal(ctrace_trace_string(trace, files[0].name).bytes, "still open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_stand_in_another_trace_under_the_same_numbers,
						begin, end),
		cmocka_unit_test_setup_teardown(times_are_moved_to_the_other_base, begin, end),
		cmocka_unit_test_setup_teardown(what_a_frame_is_inlined_into_stands_before_it,
						begin, end),
		cmocka_unit_test_setup_teardown(rows_beyond_the_bytes_are_refused_and_counted,
						begin, end),
		cmocka_unit_test_setup_teardown(an_endless_recording_takes_no_endless_memory, begin,
						end),
		cmocka_unit_test_setup_teardown(what_is_young_or_alive_stays, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
