/* SPDX-License-Identifier: MIT */
/* The limits of a request's head, and that nothing is decided before the head is whole. */

#include "viewer-server/limits.h"
#include "viewer-server/serve/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char good[] =
	"GET /trace.json?start=1?2 HTTP/1.1\r\nHost: a\r\nOrigin:\t b c \r\n\r\nrest";
#define GOOD_SIZE (sizeof(good) - 1 - 4)

static int status_of(const char *bytes, size_t size)
{
	struct ctrace_head head;
	int status;
	switch (ctrace_head_parse(bytes, size, &head, &status)) {
	case CTRACE_HEAD_WHOLE:
		return 200;
	case CTRACE_HEAD_MORE:
		return 100;
	case CTRACE_HEAD_BAD:
		break;
	}
	return status;
}

static void head_is_split_and_nothing_is_decoded(void **state)
{
	(void)state;
	struct ctrace_head head;
	int status;
	assert_int_equal(ctrace_head_parse(good, sizeof(good) - 1, &head, &status),
			 CTRACE_HEAD_WHOLE);
	assert_int_equal(head.size, GOOD_SIZE);
	assert_true(ctrace_slice_is(head.method, "GET"));
	assert_true(ctrace_slice_is(head.path, "/trace.json"));
	assert_true(head.has_query && ctrace_slice_is(head.query, "start=1?2"));
	assert_true(ctrace_slice_is(head.field[CTRACE_HEAD_FIELD_HOST], "a"));
	assert_true(ctrace_slice_is(head.field[CTRACE_HEAD_FIELD_ORIGIN], "b c"));
	assert_int_equal(head.times[CTRACE_HEAD_FIELD_UPGRADE], 0);
}

static void every_prefix_asks_for_more(void **state)
{
	(void)state;
	for (size_t size = 0; size < GOOD_SIZE; size++) {
		char *copy = malloc(size + 1); /* its own block: reading past it is found */
		memcpy(copy, good, size);
		assert_int_equal(status_of(copy, size), 100);
		free(copy);
	}
}

/* A request line of `size` bytes without its end. */
static size_t put_line(char *out, size_t size)
{
	memset(out, 'a', size);
	memcpy(out, "GET /", 5);
	memcpy(out + size - 9, " HTTP/1.1", 9);
	memcpy(out + size, "\r\n", 2);
	return size + 2;
}

static void request_line_may_have_8192_bytes(void **state)
{
	(void)state;
	static char bytes[CTRACE_HEAD_BYTES_MAX + 2];
	size_t size = put_line(bytes, CTRACE_HEAD_LINE_MAX);
	memcpy(bytes + size, "\r\n", 2);
	assert_int_equal(status_of(bytes, size + 2), 200);
	size = put_line(bytes, CTRACE_HEAD_LINE_MAX + 1);
	memcpy(bytes + size, "\r\n", 2);
	assert_int_equal(status_of(bytes, size + 2), 414);
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(status_of(bytes, CTRACE_HEAD_LINE_MAX), 100);
	assert_int_equal(status_of(bytes, CTRACE_HEAD_LINE_MAX + 1), 414);
}

static void head_may_have_16384_bytes(void **state)
{
	(void)state;
	static char bytes[CTRACE_HEAD_BYTES_MAX + 2];
	for (size_t whole = CTRACE_HEAD_BYTES_MAX; whole <= CTRACE_HEAD_BYTES_MAX + 1; whole++) {
		memset(bytes, 'a', sizeof(bytes));
		memcpy(bytes, "GET / HTTP/1.1\r\nX: ", 19);
		memcpy(bytes + whole - 4, "\r\n\r\n", 4);
		assert_int_equal(status_of(bytes, whole),
				 whole == CTRACE_HEAD_BYTES_MAX ? 200 : 431);
	}
	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes, "GET / HTTP/1.1\r\nX: ", 19);
	assert_int_equal(status_of(bytes, CTRACE_HEAD_BYTES_MAX), 100);
	assert_int_equal(status_of(bytes, CTRACE_HEAD_BYTES_MAX + 1), 431);
}

static void head_may_have_64_fields(void **state)
{
	(void)state;
	char bytes[1024] = "GET / HTTP/1.1\r\n";
	for (unsigned i = 0; i < CTRACE_HEAD_FIELDS_MAX; i++) {
		strcat(bytes, "A: b\r\n");
	}
	size_t size = strlen(bytes);
	memcpy(bytes + size, "\r\n", 3);
	assert_int_equal(status_of(bytes, size + 2), 200);
	memcpy(bytes + size, "A: b\r\n\r\n", 9);
	assert_int_equal(status_of(bytes, size + 8), 431);
}

/* xorshift64: the same bytes for the same seed everywhere. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t seed = 20261;

static void changed_bytes_never_leave_the_head(void **state)
{
	(void)state;
	uint64_t random = seed;
	for (int i = 0; i < 200000; i++) {
		char bytes[sizeof(good) - 1];
		struct ctrace_head head;
		int status;
		memcpy(bytes, good, sizeof(bytes));
		for (uint64_t n = next(&random) % 4 + 1; n > 0; n--) {
			bytes[next(&random) % sizeof(bytes)] = (char)next(&random);
		}
		size_t size = next(&random) % (sizeof(bytes) + 1);
		enum ctrace_head_state what = ctrace_head_parse(bytes, size, &head, &status);
		if (what == CTRACE_HEAD_WHOLE) {
			assert_true(head.size <= size);
			assert_true(head.path.text >= bytes &&
				    head.path.text + head.path.size <= bytes + size);
		} else if (what == CTRACE_HEAD_BAD) {
			assert_in_range(status, 400, 505);
		}
	}
}

int main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : seed;
	printf("seed %llu\n", (unsigned long long)seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_is_split_and_nothing_is_decoded),
		cmocka_unit_test(every_prefix_asks_for_more),
		cmocka_unit_test(request_line_may_have_8192_bytes),
		cmocka_unit_test(head_may_have_16384_bytes),
		cmocka_unit_test(head_may_have_64_fields),
		cmocka_unit_test(changed_bytes_never_leave_the_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
