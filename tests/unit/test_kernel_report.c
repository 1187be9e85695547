/* SPDX-License-Identifier: MIT */

/* What the kernel's records are taken for, whichever source brought them. */

#include "tests/unit/trace_fixture.h"
#include "tests/unit/unit.h"
#include "tracer/sources/kernel/call_texts.h"
#include "tracer/sources/kernel/kernel_report.h"
#include "tracer/sources/kernel/socket_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#define FIRST (CTRACE_FIXTURE_BASE + 500)
#define TID   4000000 /* above any there is */

struct written {
	struct ctrace_made_trace made;
	struct ctrace_source_trace trace;
	struct ctrace_kernel_stream stream;
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
	assert_true(ctrace_kernel_stream_init(&written->stream, &written->trace, "test", 0));
}

static void finish(struct written *written)
{
	ctrace_source_trace_finish(&written->trace);
	ctrace_kernel_stream_finish(&written->stream);
	ctrace_fixture_open(&written->made);
}

/* One of each kind; `report` says when. */
static void report_all(struct ctrace_kernel_report *report)
{
	const struct ctrace_kernel_fork fork = {.parent = TID, .child = TID + 1, .pid = TID + 1};
	const struct ctrace_sched_switch change = {.prev = TID, .next = TID + 1};
	const struct ctrace_sched_waking waking = {.waker = TID, .tid = TID + 1};
	const uint64_t args[CTRACE_CALL_ARGS] = {1, 2, 3};
	struct ctrace_bytes text = {.bytes = "/tmp/x", .size = 6};

	ctrace_report_enter(report, TID, 1, args);
	ctrace_report_text(report, TID, 1, text);
	ctrace_report_leave(report, TID, 1, 7);
	ctrace_report_fork(report, &fork, "child");
	ctrace_report_switch(report, &change, "parent", "child");
	ctrace_report_waking(report, &waking, "child");
	ctrace_report_migrate(report, TID, 0, 1);
	ctrace_report_exec(report, TID + 1, TID + 1, "/bin/true");
	ctrace_report_exit(report, TID + 1);
}

/* Every event of the file; returns how many, and says when the last one was. */
static unsigned read_all(const struct ctrace_trace *trace, uint64_t *last)
{
	static struct ctrace_cursor cursor;
	struct ctrace_chunk chunk = {0};
	struct ctrace_event event;
	unsigned count = 0;

	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		if (ctrace_trace_chunk(trace, i)->type != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		assert_int_equal(ctrace_chunk_load(&chunk, trace, i, NULL), CTRACE_OK);
		assert_int_equal(ctrace_chunk_check(trace, &chunk, NULL), CTRACE_OK);
		ctrace_cursor_init(&cursor, trace, &chunk, NULL);
		while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
			*last = event.ticks;
			count++;
		}
	}
	ctrace_chunk_unload(&chunk);
	return count;
}

static void a_time_that_falls_is_set_right_in_every_kind(void **state)
{
	struct written written;
	struct ctrace_kernel_report report = {.stream = &written.stream};
	uint64_t last = 0;

	(void)state;
	begin(&written);
	report.ticks = FIRST;
	report_all(&report);
	for (unsigned i = 1; i < 10; i++) {
		report.ticks = FIRST - i;
		report_all(&report);
	}
	finish(&written);
	assert_int_equal(read_all(written.made.trace, &last), 90);
	assert_int_equal(last, FIRST);
	assert_int_equal(ctrace_trace_buffer(written.made.trace, 2)->clamped, 9);
	ctrace_fixture_close(&written.made);
}

/* ---- texts ---- */

static void calls_with_texts_are_known_by_name(void **state)
{
	(void)state;
	assert_int_equal(ctrace_call_texts("open"), 1);
	assert_int_equal(ctrace_call_texts("openat"), 2);
	assert_int_equal(ctrace_call_texts("renameat2"), 2 | 8);
	assert_int_equal(ctrace_call_texts("connect"), 2 << CTRACE_CALL_ADDRESS_SHIFT);
	assert_int_equal(ctrace_call_texts("sendto"), 16 << CTRACE_CALL_ADDRESS_SHIFT);
	assert_int_equal(ctrace_call_texts("read"), 0);
	assert_int_equal(ctrace_call_texts("pen"), 0);
	assert_int_equal(ctrace_call_texts(""), 0);
}

static void address_is(const void *bytes, size_t size, const char *expected)
{
	char text[CTRACE_SOCKET_ADDRESS_BYTES];

	if (expected == NULL) {
		assert_false(ctrace_socket_address(bytes, size, text));
	} else {
		assert_true(ctrace_socket_address(bytes, size, text));
		assert_string_equal(text, expected);
	}
}

static void addresses_of_sockets_are_texts(void **state)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(6379)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/x.sock"};
	struct sockaddr_storage other = {.ss_family = AF_NETLINK};
	size_t name = offsetof(struct sockaddr_un, sun_path);

	(void)state;
	inet_pton(AF_INET, "127.0.0.1", &four.sin_addr);
	inet_pton(AF_INET6, "::1", &six.sin6_addr);
	address_is(&four, sizeof(four), "127.0.0.1:6379");
	address_is(&six, sizeof(six), "[::1]:80");
	address_is(&local, sizeof(local), "/run/x.sock");
	address_is(&local, name + 4, "/run");
	memcpy(local.sun_path, "\0a\0b", 4);
	address_is(&local, name + 4, "@a@b");
	memset(local.sun_path, 'p', sizeof(local.sun_path));
	local.sun_path[sizeof(local.sun_path) - 1] = '\0';
	address_is(&local, sizeof(local), local.sun_path);
	address_is(&other, sizeof(other), NULL);
}

static void addresses_that_are_cut_are_none(void **state)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	(void)state;
	address_is(&four, 0, NULL);
	address_is(&four, 1, NULL);
	address_is(&four, sizeof(four) - 1, NULL);
	address_is(&six, sizeof(four), NULL);
	address_is(&local, sizeof(local.sun_family), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_that_falls_is_set_right_in_every_kind),
		cmocka_unit_test(calls_with_texts_are_known_by_name),
		cmocka_unit_test(addresses_of_sockets_are_texts),
		cmocka_unit_test(addresses_that_are_cut_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
