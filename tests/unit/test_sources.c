/* SPDX-License-Identifier: MIT */

/* What all sources share: which are opened, whose a thread is, clocks, streams, descriptors. */

#include "format/kernel_events.h"
#include "tests/unit/trace_fixture.h"
#include "tests/unit/unit.h"
#include "tracer/sources/kernel/call_names.h"
#include "tracer/sources/kernel/clock_anchors.h"
#include "tracer/sources/kernel/clock_check.h"
#include "tracer/sources/kernel/kernel_stream.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/open_files.h"
#include "tracer/sources/source_set.h"
#include "tracer/src/limits.h"

#include <fcntl.h>
#include <unistd.h>

#define FAR 4000000 /* above any pid there is */

/* A trace that sources write to. */
struct written {
	struct ctrace_made_trace made;
	struct ctrace_source_trace trace;
	uint32_t next_stream, threads_seen;
};

static void begin(struct written *written)
{
	*written = (struct written){.next_stream = 2};
	ctrace_fixture_write(&written->made);
	written->trace = (struct ctrace_source_trace){.writer = &written->made.writer,
						      .base_ticks = CTRACE_FIXTURE_BASE,
						      .ticks_per_second = 1000000000,
						      .next_stream = &written->next_stream,
						      .threads_seen = &written->threads_seen};
	assert_true(ctrace_source_trace_init(&written->trace));
}

static const struct ctrace_trace *finish(struct written *written)
{
	ctrace_source_trace_finish(&written->trace);
	ctrace_fixture_open(&written->made);
	return written->made.trace;
}

static const char *text_of(const struct ctrace_trace *trace, uint32_t id)
{
	static char text[64];
	struct ctrace_bytes bytes = ctrace_trace_string(trace, id);

	snprintf(text, sizeof(text), "%.*s", (int)bytes.size, bytes.bytes);
	return text;
}

/* ---- which ---- */

static bool choose(struct ctrace_source_set *set, const char *list)
{
	const char *bad;
	size_t size;

	return ctrace_source_set_choose(set, list, &bad, &size);
}

static void a_list_says_which_sources_are_wanted(void **state)
{
	const struct ctrace_source *spans = ctrace_source_find("spans", 5);
	const struct ctrace_source *tracefs = ctrace_source_find("tracefs", 7);
	struct ctrace_source_set set;

	(void)state;
	assert_true(choose(&set, NULL));
	assert_true(ctrace_source_set_has(&set, spans) && ctrace_source_set_has(&set, tracefs));
	assert_true(choose(&set, "tracefs"));
	assert_true(!ctrace_source_set_has(&set, spans) && ctrace_source_set_has(&set, tracefs));
	assert_true(choose(&set, "-tracefs"));
	assert_true(ctrace_source_set_has(&set, spans) && !ctrace_source_set_has(&set, tracefs));
	assert_true(choose(&set, "none"));
	assert_true(!ctrace_source_set_has(&set, spans) && !ctrace_source_set_has(&set, tracefs));
	assert_true(choose(&set, "none,spans"));
	assert_true(ctrace_source_set_has(&set, spans));
}

static void some_sources_take_part_only_where_they_are_named(void **state)
{
	const struct ctrace_source *spans = ctrace_source_find("spans", 5);
	const struct ctrace_source *full = ctrace_source_find("alloc-full", 10);
	struct ctrace_source_set set;

	(void)state;
	assert_true(choose(&set, NULL));
	assert_true(ctrace_source_set_has(&set, spans) && !ctrace_source_set_has(&set, full));
	assert_true(choose(&set, "-tracefs"));
	assert_false(ctrace_source_set_has(&set, full));
	assert_true(choose(&set, "+alloc-full"));
	assert_true(ctrace_source_set_has(&set, spans) && ctrace_source_set_has(&set, full));
	assert_true(choose(&set, "alloc-full"));
	assert_true(!ctrace_source_set_has(&set, spans) && ctrace_source_set_has(&set, full));
	assert_false(choose(&set, "+"));
	assert_false(choose(&set, "+all"));
}

static void memory_and_locks_take_part_unless_they_are_left_out(void **state)
{
	const struct ctrace_source *alloc = ctrace_source_find("alloc", 5);
	const struct ctrace_source *locks = ctrace_source_find("locks", 5);
	struct ctrace_source_set set;

	(void)state;
	assert_true(choose(&set, NULL));
	assert_true(ctrace_source_set_has(&set, alloc) && ctrace_source_set_has(&set, locks));
	assert_true(choose(&set, "-alloc,-locks"));
	assert_false(ctrace_source_set_has(&set, alloc) || ctrace_source_set_has(&set, locks));
	assert_true(choose(&set, "spans,preload"));
	assert_false(ctrace_source_set_has(&set, alloc) || ctrace_source_set_has(&set, locks));
}

static void an_unknown_source_is_named(void **state)
{
	struct ctrace_source_set set;
	const char *bad;
	size_t size;

	(void)state;
	assert_false(ctrace_source_set_choose(&set, "spans,span,tracefs", &bad, &size));
	assert_int_equal(size, 4);
	assert_memory_equal(bad, "span,", 5);
	assert_false(choose(&set, "-"));
	assert_false(choose(&set, "spans,,tracefs"));
}

/* ---- clocks ---- */

static void stamps_lie_on_lines_between_anchors(void **state)
{
	struct ctrace_clock_anchors anchors = {.count = 0};

	(void)state;
	ctrace_clock_anchors_put(&anchors, (struct ctrace_clock_anchor){10000, 1000});
	ctrace_clock_anchors_put(&anchors, (struct ctrace_clock_anchor){12000, 2000});
	ctrace_clock_anchors_put(&anchors, (struct ctrace_clock_anchor){15000, 3000});
	ctrace_clock_anchors_put(&anchors, (struct ctrace_clock_anchor){99999, 3000}); /* ignored */
	assert_int_equal(ctrace_clock_anchors_ticks(&anchors, 1500), 11000);
	assert_int_equal(ctrace_clock_anchors_ticks(&anchors, 2500), 13500);
	assert_int_equal(ctrace_clock_anchors_ticks(&anchors, 3100), 15300);
	assert_int_equal(ctrace_clock_anchors_ticks(&anchors, 900), 9800);
	assert_int_equal(ctrace_clock_anchors_stamp(&anchors, 13500), 2500);
}

static void old_anchors_make_room(void **state)
{
	struct ctrace_clock_anchors anchors = {.count = 0};

	(void)state;
	for (uint64_t i = 0; i < 3 * CTRACE_CLOCK_ANCHORS_MAX; i++) {
		ctrace_clock_anchors_put(&anchors, (struct ctrace_clock_anchor){7 * i, 1000 * i});
	}
	assert_int_equal(anchors.count, CTRACE_CLOCK_ANCHORS_MAX);
	assert_int_equal(ctrace_clock_anchors_ticks(&anchors, 1000 * 150), 7 * 150);
}

static void a_stamp_outside_its_readings_is_a_miss(void **state)
{
	struct ctrace_source_counts counts = {.events = 0};
	struct ctrace_clock_check check;

	(void)state;
	ctrace_clock_check_run(&check);
	/* Backwards: buffers of several CPUs have no order. */
	for (unsigned i = CTRACE_CLOCK_CHECK_CALLS; i-- > 0;) {
		ctrace_clock_check_stamp(&check, check.calls[i].after + (i == 63 ? 1 : 0));
	}
	ctrace_clock_check_add(&check, &counts);
	assert_int_equal(counts.checks, CTRACE_CLOCK_CHECK_CALLS);
	assert_int_equal(counts.misses, 1);
	assert_int_equal(counts.slack, 0);
}

static void stamps_that_are_not_all_there_are_not_compared(void **state)
{
	struct ctrace_source_counts counts = {.events = 0};
	struct ctrace_clock_check check;

	(void)state;
	ctrace_clock_check_run(&check);
	for (unsigned i = 1; i < CTRACE_CLOCK_CHECK_CALLS; i++) {
		ctrace_clock_check_stamp(&check, check.calls[i].after);
	}
	ctrace_clock_check_add(&check, &counts);
	assert_int_equal(counts.checks, 0);
	ctrace_clock_check_stamp(&check, 1);
	ctrace_clock_check_stamp(&check, 2);
	ctrace_clock_check_add(&check, &counts);
	assert_int_equal(counts.checks, 0);
}

/* ---- threads ---- */

static void forks_of_ours_are_ours(void **state)
{
	const struct ctrace_kernel_fork process = {FAR, FAR + 1, FAR + 1, CTRACE_FIXTURE_BASE + 5};
	const struct ctrace_kernel_fork thread = {FAR + 1, FAR + 2, FAR + 1, 0};
	struct ctrace_kernel_thread *made;
	const struct ctrace_trace *trace;
	const struct ctrace_thread_row *rows;
	const struct ctrace_process_row *processes;
	struct written written;
	uint32_t count;

	(void)state;
	begin(&written);
	made = ctrace_kernel_threads_ours(&written.trace, FAR);
	assert_int_equal(made->pid, FAR);
	ctrace_kernel_threads_comm(&written.trace, made, "root");
	ctrace_kernel_threads_fork(&written.trace, &process);
	ctrace_kernel_threads_fork(&written.trace, &thread);
	ctrace_kernel_threads_get(&written.trace, FAR + 3);
	trace = finish(&written);
	rows = ctrace_trace_threads(trace, &count);
	assert_int_equal(count, 4);
	assert_int_equal(rows[1].pid, FAR + 1);
	assert_int_equal(rows[1].start, 5);
	assert_int_equal(rows[2].pid, FAR + 1);
	assert_int_equal(rows[3].pid, 0);
	assert_string_equal(text_of(trace, rows[2].name), "root");
	processes = ctrace_trace_processes(trace, &count);
	assert_int_equal(count, 2);
	assert_int_equal(processes[1].parent_pid, FAR);
	ctrace_fixture_close(&written.made);
}

static void a_number_used_again_is_another_thread(void **state)
{
	const struct ctrace_kernel_fork fork = {FAR, FAR + 1, FAR + 1, CTRACE_FIXTURE_BASE};
	const struct ctrace_thread_row *rows;
	struct written written;
	uint32_t count;

	(void)state;
	begin(&written);
	for (int i = 0; i < 3; i++) {
		ctrace_kernel_threads_fork(&written.trace, &fork);
		ctrace_kernel_threads_exit(&written.trace, FAR + 1);
	}
	rows = ctrace_trace_threads(finish(&written), &count);
	assert_int_equal(count, 4);
	for (uint32_t i = 1; i < count; i++) {
		assert_int_equal(rows[i].tid, FAR + 1);
		assert_int_equal(rows[i].state, CTRACE_THREAD_EXITED);
	}
	ctrace_fixture_close(&written.made);
}

static void threads_end_at_their_limit(void **state)
{
	struct written written;

	(void)state;
	begin(&written);
	written.threads_seen = CTRACE_SOURCE_THREADS_MAX - 1;
	assert_non_null(ctrace_kernel_threads_get(&written.trace, FAR));
	assert_null(ctrace_kernel_threads_get(&written.trace, FAR + 1));
	assert_non_null(ctrace_kernel_threads_get(&written.trace, FAR));
	finish(&written);
	ctrace_fixture_close(&written.made);
}

static void many_threads_are_found_again(void **state)
{
	struct written written;

	(void)state;
	begin(&written);
	for (uint32_t i = 1; i <= 5000; i++) {
		ctrace_kernel_threads_get(&written.trace, 3 * i);
	}
	for (uint32_t i = 1; i <= 5000; i++) {
		assert_int_equal(ctrace_kernel_threads_get(&written.trace, 3 * i)->stream, 1 + i);
	}
	finish(&written);
	ctrace_fixture_close(&written.made);
}

/* ---- calls and descriptors ---- */

static void calls_of_both_tables_are_told_apart(void **state)
{
	const struct ctrace_trace *trace;
	struct written written;
	uint32_t call, compat;

	(void)state;
	begin(&written);
	call = ctrace_call_number(&written.trace, 0, false);
	compat = ctrace_call_number(&written.trace, 1, true);
	assert_int_equal(ctrace_call_number(&written.trace, -1, false), CTRACE_CALL_UNKNOWN);
	assert_int_equal(ctrace_call_number(&written.trace, 1 << 20, false), CTRACE_CALL_UNKNOWN);
	assert_int_equal(compat, CTRACE_CALL_COMPAT + 1);
	ctrace_call_number(&written.trace, 4000, false);
	trace = finish(&written);
	assert_int_equal(ctrace_trace_call(trace, call)->layer, CTRACE_CALL_SYSTEM);
	assert_string_equal(text_of(trace, ctrace_trace_call(trace, 4000)->name), "syscall_4000");
	assert_non_null(strstr(text_of(trace, ctrace_trace_call(trace, compat)->name), "(32-bit)"));
	ctrace_fixture_close(&written.made);
}

/* The rounds of two rows, and of one that was closed between asking and being sure. */
static void a_descriptors_name_counts_once_it_is_sure(void **state)
{
	struct ctrace_kernel_thread self = {.pid = (uint32_t)getpid(), .process = 7};
	const struct ctrace_file_row *rows;
	const struct ctrace_trace *trace;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct written written;
	uint32_t count;

	(void)state;
	begin(&written);
	ctrace_open_files_use(&written.trace, &self, (uint32_t)fd, CTRACE_FIXTURE_BASE + 1);
	ctrace_open_files_round(&written.trace, 0);
	ctrace_open_files_closed(&written.trace, &self, (uint32_t)fd, CTRACE_FIXTURE_BASE + 2);
	ctrace_open_files_round(&written.trace, UINT64_MAX);
	ctrace_open_files_opened(&written.trace, &self, (uint32_t)fd, CTRACE_FIXTURE_BASE + 3);
	ctrace_open_files_round(&written.trace, 0);
	ctrace_open_files_round(&written.trace, UINT64_MAX);
	ctrace_open_files_closed(&written.trace, &self, (uint32_t)fd, CTRACE_FIXTURE_BASE + 4);
	trace = finish(&written);
	rows = ctrace_trace_files(trace, &count);
	assert_int_equal(count, 2);
	assert_int_equal(rows[0].from, 3);
	assert_string_equal(text_of(trace, rows[0].name), "/dev/null");
	assert_int_equal(rows[1].from, 4);
	assert_int_equal(rows[1].name, 0);
	ctrace_fixture_close(&written.made);
	close(fd);
}

static void more_descriptors_than_are_remembered_do_no_harm(void **state)
{
	struct ctrace_kernel_thread self = {.pid = FAR, .process = 7};
	struct written written;

	(void)state;
	begin(&written);
	for (uint32_t i = 0; i < 3 * CTRACE_SOURCE_FILES_KNOWN; i++) {
		ctrace_open_files_use(&written.trace, &self, i, CTRACE_FIXTURE_BASE);
		if (i % CTRACE_SOURCE_LOOKUPS_MAX == 0) {
			ctrace_open_files_round(&written.trace, UINT64_MAX);
		}
	}
	ctrace_open_files_exec(&written.trace, &self, CTRACE_FIXTURE_BASE);
	finish(&written);
	ctrace_fixture_close(&written.made);
}

/* ---- streams ---- */

static void losses_and_falling_times_are_counted(void **state)
{
	const struct ctrace_buffer_row *row;
	struct ctrace_kernel_stream stream;
	struct ctrace_block *block;
	struct written written;
	uint64_t ticks = CTRACE_FIXTURE_BASE + 100;

	(void)state;
	begin(&written);
	assert_true(ctrace_kernel_stream_init(&stream, &written.trace, "tracefs", 3));
	block = ctrace_kernel_stream_room(&stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_sched_in(block, ticks, 3, FAR);
	ticks -= 50;
	block = ctrace_kernel_stream_room(&stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_sched_in(block, ticks, 3, FAR);
	assert_int_equal(ticks, CTRACE_FIXTURE_BASE + 100);
	ctrace_kernel_stream_lost(&stream, ticks + 1, 4711);
	ctrace_kernel_stream_finish(&stream);
	row = ctrace_trace_buffer(finish(&written), 2);
	assert_int_equal(row->cpu, 3);
	assert_int_equal(row->written, 2);
	assert_int_equal(row->lost, 4711);
	assert_int_equal(row->clamped, 1);
	ctrace_fixture_close(&written.made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_says_which_sources_are_wanted),
		cmocka_unit_test(some_sources_take_part_only_where_they_are_named),
		cmocka_unit_test(memory_and_locks_take_part_unless_they_are_left_out),
		cmocka_unit_test(an_unknown_source_is_named),
		cmocka_unit_test(stamps_lie_on_lines_between_anchors),
		cmocka_unit_test(old_anchors_make_room),
		cmocka_unit_test(a_stamp_outside_its_readings_is_a_miss),
		cmocka_unit_test(stamps_that_are_not_all_there_are_not_compared),
		cmocka_unit_test(forks_of_ours_are_ours),
		cmocka_unit_test(a_number_used_again_is_another_thread),
		cmocka_unit_test(threads_end_at_their_limit),
		cmocka_unit_test(many_threads_are_found_again),
		cmocka_unit_test(calls_of_both_tables_are_told_apart),
		cmocka_unit_test(a_descriptors_name_counts_once_it_is_sure),
		cmocka_unit_test(more_descriptors_than_are_remembered_do_no_harm),
		cmocka_unit_test(losses_and_falling_times_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
