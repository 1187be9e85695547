/* SPDX-License-Identifier: MIT */
/* A recording of a build has tens of thousands of processes: what is done for one may not look at
 * all others. Where it does, this does not end in its time. */

#include "tests/unit/trace_fixture.h"

#include "format/alloc_events.h"
#include "format/gc_events.h"
#include "viewer-server/export/chrome.h"
#include "viewer-server/model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PROCESSES 20000u
#define FIRST_PID 100u

static struct ctrace_made_trace made;

static void put_events(struct ctrace_block *block, uint64_t stream)
{
	const struct ctrace_alloc_event event = {
		.address = stream << 12, .size = 100, .pool = stream};
	uint64_t at = CTRACE_FIXTURE_BASE + stream;

	ctrace_block_alloc(block, at, &event);
	ctrace_block_free(block, at + 1, event.address, event.pool);
	ctrace_block_gc_heap(block, at + 2, 5000);
}

/* Each process has two threads, which come at different times. */
static int write_processes(void **state)
{
	static struct ctrace_block block;

	(void)state;
	ctrace_fixture_write(&made);
	for (uint32_t stream = 1; stream <= 2 * PROCESSES; stream++) {
		const struct ctrace_thread_row row = {
			.stream = stream,
			.pid = FIRST_PID + stream % PROCESSES,
			.tid = FIRST_PID + stream,
			.state = CTRACE_THREAD_ALIVE,
		};

		assert_int_equal(ctrace_writer_thread(&made.writer, &row), CTRACE_OK);
		assert_int_equal(ctrace_block_init(&block, stream, CTRACE_FIXTURE_BASE), CTRACE_OK);
		put_events(&block, stream);
		assert_int_equal(ctrace_writer_seal(&made.writer, &block), CTRACE_OK);
		ctrace_block_finish(&block);
	}
	ctrace_fixture_open_as_sealed(&made);
	return 0;
}

static int close_trace(void **state)
{
	(void)state;
	ctrace_fixture_close(&made);
	return 0;
}

/* In the order of their first threads: heap, memory, then its two threads. */
static void each_has_its_tracks_and_no_others(void **state)
{
	static const enum ctrace_track_kind kinds[] = {
		CTRACE_TRACK_PROCESS, CTRACE_TRACK_COLLECTOR, CTRACE_TRACK_MEMORY,
		CTRACE_TRACK_MEMORY,  CTRACE_TRACK_THREAD,    CTRACE_TRACK_THREAD,
	};
	const uint32_t each = sizeof(kinds) / sizeof(kinds[0]);
	struct ctrace_error error = {0};
	struct ctrace_model *model;
	const struct ctrace_track *tracks;
	uint32_t count;

	(void)state;
	assert_int_equal(ctrace_model_create(&model, made.trace, NULL, &error), CTRACE_OK);
	tracks = ctrace_model_tracks(model, &count);
	assert_int_equal(count, PROCESSES * each);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t process = i - i % each;

		assert_int_equal(tracks[i].kind, kinds[i % each]);
		assert_int_equal(tracks[i].pid, FIRST_PID + (i / each + 1) % PROCESSES);
		assert_int_equal(tracks[i].parent, i == process ? CTRACE_NONE : process);
	}
	ctrace_model_destroy(model);
}

static void each_is_converted(void **state)
{
	static char bytes[1u << 16];
	struct ctrace_chrome *chrome;
	enum ctrace_status status = CTRACE_OK;
	size_t got;

	(void)state;
	assert_int_equal(ctrace_chrome_create(&chrome, made.trace, NULL, NULL), CTRACE_OK);
	while (status == CTRACE_OK) {
		status = ctrace_chrome_read(chrome, bytes, sizeof(bytes), &got, NULL);
	}
	assert_int_equal(status, CTRACE_END);
	assert_true(ctrace_chrome_counts(chrome).lines > 8 * PROCESSES);
	ctrace_chrome_destroy(chrome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_tracks_and_no_others),
		cmocka_unit_test(each_is_converted),
	};

	return cmocka_run_group_tests_name("many processes", tests, write_processes, close_trace);
}
