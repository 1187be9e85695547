/* SPDX-License-Identifier: MIT */
/* What the pipe between a recording and its client promises. */

#include "tracer/http/debug_pipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* cmocka.h needs those above. */
#include <cmocka.h>

static int start_pipe(struct ctrace_debug_pipe *pipe, size_t limit)
{
	const int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	assert_true(wake >= 0);
	ctrace_debug_pipe_init(pipe, limit, wake);
	return wake;
}

static void end_pipe(struct ctrace_debug_pipe *pipe, int wake)
{
	ctrace_debug_pipe_finish(pipe);
	close(wake);
}

static void the_pipe_gives_back_what_it_took_in_order(void **state)
{
	struct ctrace_debug_pipe pipe;
	const int wake = start_pipe(&pipe, 1u << 20);
	unsigned char in[100003], out[4099], next = 0;
	size_t taken, total = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++) {
		in[i] = (unsigned char)(i * 7);
	}
	assert_int_equal(ctrace_debug_pipe_take(&pipe, out, sizeof(out), &taken),
			 CTRACE_DEBUG_LATER);
	for (int i = 0; i < 3; i++) {
		assert_true(ctrace_debug_pipe_give(&pipe, in, sizeof(in)));
	}
	ctrace_debug_pipe_end(&pipe, true);
	while (ctrace_debug_pipe_take(&pipe, out, sizeof(out), &taken) == CTRACE_DEBUG_SOME) {
		for (size_t i = 0; i < taken; i++, total++) {
			next = in[total % sizeof(in)];
			assert_int_equal(out[i], next);
		}
	}
	assert_int_equal(total, 3 * sizeof(in));
	assert_int_equal(ctrace_debug_pipe_take(&pipe, out, sizeof(out), &taken),
			 CTRACE_DEBUG_WHOLE);
	end_pipe(&pipe, wake);
}

static void the_pipe_refuses_one_byte_beyond_its_limit(void **state)
{
	struct ctrace_debug_pipe pipe;
	const int wake = start_pipe(&pipe, 1000);
	char bytes[1001] = {0};
	size_t taken;

	(void)state;
	assert_false(ctrace_debug_pipe_give(&pipe, bytes, 1001));
	assert_true(ctrace_debug_pipe_give(&pipe, bytes, 1000));
	assert_false(ctrace_debug_pipe_give(&pipe, bytes, 1));
	assert_int_equal(ctrace_debug_pipe_take(&pipe, bytes, 1, &taken), CTRACE_DEBUG_SOME);
	assert_true(ctrace_debug_pipe_give(&pipe, bytes, 1));
	assert_int_equal(ctrace_debug_pipe_unread(&pipe), 1000);
	end_pipe(&pipe, wake);
}

static void a_client_that_has_left_is_given_nothing_more(void **state)
{
	struct ctrace_debug_pipe pipe;
	const int wake = start_pipe(&pipe, 1000);
	char byte = 0;
	size_t taken;

	(void)state;
	assert_true(ctrace_debug_pipe_give(&pipe, &byte, 1));
	ctrace_debug_pipe_leave(&pipe);
	assert_false(ctrace_debug_pipe_give(&pipe, &byte, 1));
	assert_int_equal(ctrace_debug_pipe_unread(&pipe), 0);
	assert_int_equal(ctrace_debug_pipe_take(&pipe, &byte, 1, &taken), CTRACE_DEBUG_CUT);
	end_pipe(&pipe, wake);
}

static void a_pipe_that_ends_short_says_so(void **state)
{
	struct ctrace_debug_pipe pipe;
	const int wake = start_pipe(&pipe, 1000);
	char byte = 0;
	size_t taken;

	(void)state;
	assert_true(ctrace_debug_pipe_give(&pipe, &byte, 1));
	ctrace_debug_pipe_end(&pipe, false);
	assert_int_equal(ctrace_debug_pipe_take(&pipe, &byte, 1, &taken), CTRACE_DEBUG_SOME);
	assert_int_equal(ctrace_debug_pipe_take(&pipe, &byte, 1, &taken), CTRACE_DEBUG_CUT);
	end_pipe(&pipe, wake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pipe_gives_back_what_it_took_in_order),
		cmocka_unit_test(the_pipe_refuses_one_byte_beyond_its_limit),
		cmocka_unit_test(a_client_that_has_left_is_given_nothing_more),
		cmocka_unit_test(a_pipe_that_ends_short_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
