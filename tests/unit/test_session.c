/* SPDX-License-Identifier: MIT */

/* Recordings begin, end, stand beside each other, and fail without harming anybody. */

#include "tests/unit/recorded.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/collect/file_sink.h"
#include "tracer/src/collect/session.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void a_second_start_is_refused(void **state)
{
	struct recorded recorded;
	const struct ctrace_settings again = {.file = "/tmp/ctrace-test-never-made"};

	(void)state;
	recorded_start(&recorded, NULL);
	assert_int_equal(ctrace_start(&again), -EBUSY);
	assert_int_equal(access(again.file, F_OK), -1);
	recorded_stop(&recorded);
	recorded_free(&recorded);
	assert_int_equal(ctrace_stop(), -EINVAL);
}

static int refuse_all(void *context, const void *bytes, size_t size)
{
	(void)context;
	(void)bytes;
	(void)size;
	return 1;
}

static void wrong_settings_are_refused(void **state)
{
	struct ctrace_settings settings = {0};

	(void)state;
	assert_int_equal(ctrace_start(NULL), -EINVAL);
	assert_int_equal(ctrace_start(&settings), -EINVAL);
	settings.file = "/dev/null";
	settings.write = refuse_all;
	assert_int_equal(ctrace_start(&settings), -EINVAL);
	settings.write = NULL;
	settings.ring_kb = 100;
	assert_int_equal(ctrace_start(&settings), -EINVAL);
	settings.ring_kb = 0;
	settings.file = "/no/such/folder/trace.out";
	assert_int_equal(ctrace_start(&settings), -ENOENT);
	settings.file = "/tmp";
	assert_int_equal(ctrace_start(&settings), -EISDIR);
}

static void the_file_is_private_and_no_link_is_followed(void **state)
{
	struct recorded recorded;
	struct ctrace_settings settings = {0};
	char link[80];
	struct stat status;

	(void)state;
	recorded_path(&recorded);
	unlink(recorded.path);
	settings.file = recorded.path;
	assert_int_equal(ctrace_start(&settings), 0);
	assert_int_equal(stat(recorded.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(ctrace_stop(), 0);
	snprintf(link, sizeof(link), "%s.link", recorded.path);
	assert_int_equal(symlink(recorded.path, link), 0);
	settings.file = link;
	assert_int_equal(ctrace_start(&settings), -ELOOP);
	unlink(link);
	recorded_free(&recorded);
}

struct memory {
	char *bytes;
	size_t size;
	size_t limit; /* refuse what goes beyond; 0: none */
};

static int keep(void *context, const void *bytes, size_t size)
{
	struct memory *memory = context;

	if (memory->limit != 0 && memory->size + size > memory->limit) {
		return -1;
	}
	memory->bytes = realloc(memory->bytes, memory->size + size);
	memcpy(memory->bytes + memory->size, bytes, size);
	memory->size += size;
	return 0;
}

static void read_memory(struct recorded *recorded, const struct memory *memory)
{
	int fd;

	recorded_path(recorded);
	fd = open(recorded->path, O_WRONLY | O_CLOEXEC);
	assert_true(write(fd, memory->bytes, memory->size) == (ssize_t)memory->size);
	close(fd);
	recorded_read(recorded);
}

static void a_callback_gets_the_whole_trace(void **state)
{
	struct memory memory = {0};
	struct recorded recorded;
	const struct ctrace_settings settings = {.write = keep, .context = &memory};

	(void)state;
	assert_int_equal(ctrace_start(&settings), 0);
	TRACE_INSTANT("to a callback");
	assert_int_equal(ctrace_stop(), 0);
	read_memory(&recorded, &memory);
	assert_int_equal(recorded.count, 1);
	recorded_free(&recorded);
	free(memory.bytes);
}

static void a_callback_that_refuses_ends_only_the_recording(void **state)
{
	struct memory memory = {.limit = 3000};
	const struct ctrace_settings none = {.write = refuse_all};
	const struct ctrace_settings some = {.write = keep, .context = &memory};
	struct recorded recorded;

	(void)state;
	assert_int_equal(ctrace_start(&none), -EIO);
	assert_int_equal(ctrace_start(&some), 0);
	for (unsigned i = 0; i < 20000; i++) {
		TRACE_INSTANT("much", TRACE_U64("n", i * UINT64_C(0x9e3779b97f4a7c15)));
	}
	usleep(20000);
	assert_int_equal(ctrace_stop(), -EIO);
	free(memory.bytes);
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("still alive");
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 1);
	recorded_free(&recorded);
}

/* ---- sessions beside each other ---- */

struct sink {
	struct memory memory;
	_Atomic bool is_broken;
	const char *_Atomic reason;
};

static enum ctrace_status sink_write(void *context, const void *bytes, size_t size)
{
	struct sink *sink = context;

	assert_true(ctrace_collect_is_self());
	if (atomic_load(&sink->is_broken)) {
		return CTRACE_ERR_IO;
	}
	return keep(&sink->memory, bytes, size) == 0 ? CTRACE_OK : CTRACE_ERR_IO;
}

static const char *sink_wants_end(void *context)
{
	return atomic_load(&((struct sink *)context)->reason);
}

static struct ctrace_session *open_session(struct sink *sink, const char *categories)
{
	const struct ctrace_session_settings settings = {.write = sink_write,
							 .wants_end = sink_wants_end,
							 .sink = sink,
							 .categories = categories};
	struct ctrace_session *session;

	assert_int_equal(ctrace_session_open(&session, &settings), 0);
	return session;
}

static void close_and_read(struct ctrace_session *session, struct sink *sink,
			   struct recorded *recorded)
{
	struct ctrace_session_totals totals;

	assert_int_equal(ctrace_session_close(session, &totals), 0);
	assert_int_equal(totals.bytes, sink->memory.size);
	read_memory(recorded, &sink->memory);
	assert_int_equal(totals.written, recorded_written(recorded));
	free(sink->memory.bytes);
	*sink = (struct sink){0};
}

static void sessions_stand_beside_each_other_with_their_own_categories(void **state)
{
	struct sink sinks[3] = {0};
	struct ctrace_session *all, *a, *b;
	struct recorded recorded;

	(void)state;
	all = open_session(&sinks[0], NULL);
	TRACE_INSTANT_C("a", "early");
	a = open_session(&sinks[1], "a");
	TRACE_INSTANT_C("a", "both", TRACE_STR("s", "argument"));
	TRACE_INSTANT_C("b", "only all", TRACE_STR("s", "argument"));
	b = open_session(&sinks[2], "b");
	TRACE_INSTANT_C("b", "all and b");
	TRACE_INSTANT_C("a", "all and a");
	close_and_read(all, &sinks[0], &recorded);
	assert_int_equal(recorded.count, 5);
	recorded_free(&recorded);
	TRACE_INSTANT_C("a", "only a");
	TRACE_INSTANT_C("c", "nobody");
	close_and_read(a, &sinks[1], &recorded);
	assert_int_equal(recorded.count, 3);
	assert_null(recorded_named(&recorded, "early"));
	assert_non_null(recorded_named(&recorded, "only a"));
	recorded_free(&recorded);
	close_and_read(b, &sinks[2], &recorded);
	assert_int_equal(recorded.count, 1);
	recorded_free(&recorded);
}

static void a_broken_sink_ends_its_session_and_no_other(void **state)
{
	struct sink good = {0}, bad = {0};
	struct ctrace_session *kept = open_session(&good, NULL), *lost = open_session(&bad, NULL);
	struct ctrace_session_totals totals;
	struct recorded recorded;

	(void)state;
	atomic_store(&bad.is_broken, true);
	for (unsigned i = 0; i < 1000; i++) {
		TRACE_INSTANT("step");
	}
	assert_int_equal(ctrace_session_close(lost, &totals), -EIO);
	assert_int_equal(totals.status, CTRACE_ERR_IO);
	free(bad.memory.bytes);
	TRACE_INSTANT("after");
	close_and_read(kept, &good, &recorded);
	assert_int_equal(recorded.count, 1001);
	recorded_free(&recorded);
}

static struct ctrace_bytes meta_of(const struct recorded *recorded, const char *key)
{
	uint32_t count;
	const struct ctrace_meta *rows = ctrace_trace_meta(recorded->trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (rows[i].key.size == strlen(key) &&
		    memcmp(rows[i].key.bytes, key, rows[i].key.size) == 0) {
			return rows[i].value;
		}
	}
	fail_msg("no META row %s", key);
	return (struct ctrace_bytes){0};
}

static void a_sink_that_wants_no_more_gets_a_whole_trace(void **state)
{
	struct sink sink = {0};
	struct ctrace_session *session = open_session(&sink, NULL);
	struct recorded recorded;
	struct ctrace_bytes ended;

	(void)state;
	TRACE_INSTANT("before");
	atomic_store(&sink.reason, "enough");
	while (ctrace_collect_sessions() > 0) {
		usleep(1000);
	}
	TRACE_INSTANT("after the end: nobody records");
	close_and_read(session, &sink, &recorded);
	assert_int_equal(recorded.count, 1);
	ended = meta_of(&recorded, "ended");
	assert_int_equal(ended.size, 6);
	assert_memory_equal(ended.bytes, "enough", 6);
	recorded_free(&recorded);
}

static void a_trace_says_where_it_comes_from(void **state)
{
	struct recorded recorded;
	char pid[16];
	struct ctrace_bytes value;

	(void)state;
	recorded_start(&recorded, NULL);
	recorded_stop(&recorded);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	value = meta_of(&recorded, "pid");
	assert_int_equal(value.size, strlen(pid));
	assert_memory_equal(value.bytes, pid, value.size);
	assert_true(meta_of(&recorded, "program").size > 0);
	assert_true(meta_of(&recorded, "command").size > 0);
	assert_true(meta_of(&recorded, "host").size > 0);
	assert_true(meta_of(&recorded, "kernel").size > 0);
	value = meta_of(&recorded, "ended");
	assert_memory_equal(value.bytes, "stopped", 7);
	recorded_free(&recorded);
}

static void counts_add_up(void **state)
{
	struct ctrace_counts before, after;
	struct recorded recorded;

	(void)state;
	ctrace_stats(&before);
	recorded_start(&recorded, NULL);
	for (unsigned i = 0; i < 100; i++) {
		TRACE_INSTANT("step");
	}
	ctrace_stats(&after);
	assert_int_equal(after.sessions, 1);
	recorded_stop(&recorded);
	ctrace_stats(&after);
	assert_int_equal(after.written - before.written, 100);
	assert_int_equal(after.attempted, after.written + after.lost);
	assert_int_equal(after.waiting, 0);
	assert_int_equal(after.sessions, 0);
	assert_true(after.sites > 0 && after.bytes > before.bytes && after.threads >= 1);
	recorded_free(&recorded);
}

static void a_full_device_ends_the_recording_and_the_host_runs_on(void **state)
{
	const struct ctrace_settings settings = {.file = "/dev/full"};

	(void)state;
	assert_int_equal(ctrace_start(&settings), -ENOSPC);
	TRACE_INSTANT("nobody");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_start_is_refused),
		cmocka_unit_test(wrong_settings_are_refused),
		cmocka_unit_test(the_file_is_private_and_no_link_is_followed),
		cmocka_unit_test(a_callback_gets_the_whole_trace),
		cmocka_unit_test(a_callback_that_refuses_ends_only_the_recording),
		cmocka_unit_test(sessions_stand_beside_each_other_with_their_own_categories),
		cmocka_unit_test(a_broken_sink_ends_its_session_and_no_other),
		cmocka_unit_test(a_sink_that_wants_no_more_gets_a_whole_trace),
		cmocka_unit_test(a_trace_says_where_it_comes_from),
		cmocka_unit_test(counts_add_up),
		cmocka_unit_test(a_full_device_ends_the_recording_and_the_host_runs_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
