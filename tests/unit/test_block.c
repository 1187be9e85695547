/* SPDX-License-Identifier: MIT */

/* Events that find their ring full and wait for room: how long, who never does, and whether there
 * is something to wait for. */

#include "tests/unit/policy_story.h"
#include "tracer/src/emit/emit.h"
#include "tracer/src/emit/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct ctrace_ring *own_ring(void)
{
	return ctrace_self->ring;
}

static void blocking_loses_nothing_while_the_collector_runs(void **state)
{
	(void)state;
	policy_start_waiting("block", CTRACE_BLOCK_MS_MAX);
	policy_burst(400000);
	policy_stop();
	assert_int_equal(recorded_lost(&recorded), 0);
	assert_int_equal(recorded_written(&recorded), 400000);
	recorded_free(&recorded);
}

/* A collector that stands still is waited for once, not at each event. */
static void blocking_gives_up_and_counts(void **state)
{
	(void)state;
	policy_start("block");
	TRACE_INSTANT("first");
	policy_stall(1);
	errno = 77;
	policy_burst(BURST);
	assert_int_equal(errno, 77);
	assert_true(own_ring()->waited_at != 0);
	policy_stall(0);
	policy_stop();
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), BURST + 1);
	assert_int_equal(policy_lost_for(CTRACE_LOSS_RING_FULL), recorded_lost(&recorded));
	assert_true(recorded_lost(&recorded) > 0);
	recorded_free(&recorded);
}

static void burst_in_handler(int number)
{
	(void)number;
	policy_burst(BURST);
}

/* Not even with ten seconds to wait: it would be seen in waited_at. */
static void a_handler_never_waits(void **state)
{
	uint64_t waited_at;

	(void)state;
	policy_start_waiting("block", CTRACE_BLOCK_MS_MAX);
	TRACE_INSTANT("first");
	policy_stall(1);
	waited_at = own_ring()->waited_at;
	signal(SIGUSR1, burst_in_handler);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	assert_true(own_ring()->waited_at == waited_at);
	policy_stall(0);
	policy_stop();
	assert_true(policy_lost_for(CTRACE_LOSS_RING_FULL) > 0);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), BURST + 1);
	recorded_free(&recorded);
}

static int emit_from_sink(void *context, const void *bytes, size_t size)
{
	(void)bytes;
	(void)size;
	if (!*(bool *)context) {
		*(bool *)context = true;
		policy_burst(BURST);
	}
	return 0;
}

/* A sink that traces runs on the collector's thread, which nobody else would wake. */
static void the_collectors_thread_never_waits_for_itself(void **state)
{
	bool is_done = false;
	const struct ctrace_settings settings = {.write = emit_from_sink,
						 .context = &is_done,
						 .ring_policy = "block",
						 .block_ms = CTRACE_BLOCK_MS_MAX};
	struct ctrace_counts before, after;

	(void)state;
	ctrace_stats(&before);
	assert_int_equal(ctrace_start(&settings), 0);
	TRACE_INSTANT("first");
	assert_int_equal(ctrace_stop(), 0);
	ctrace_stats(&after);
	assert_true(after.lost >= before.lost);
}

/* Emptied between the owner's look and its decision, it has nothing to give up or to wait for. */
static void a_ring_that_was_emptied_meanwhile_has_room(void **state)
{
	static const char *const names[] = {"drop", "overwrite", "block"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		const unsigned count = (RING_BYTES - CTRACE_END_RESERVE_BYTES) / 16 - 8;
		uint64_t tail, waited_at;

		policy_start_waiting(names[i], CTRACE_BLOCK_MS_MAX);
		TRACE_INSTANT("first");
		policy_stall(1);
		tail = ctrace_ring_tail(own_ring()->shared);
		waited_at = own_ring()->waited_at;
		policy_burst(count);
		recorded_collect_now();
		assert_true(ctrace_policy_find_room(ctrace_self->ring, tail, 16));
		assert_true(own_ring()->waited_at == waited_at);
		policy_stall(0);
		policy_stop();
		assert_int_equal(recorded_lost(&recorded), 0);
		assert_int_equal(recorded_written(&recorded), count + 1);
		recorded_free(&recorded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocking_loses_nothing_while_the_collector_runs),
		cmocka_unit_test(blocking_gives_up_and_counts),
		cmocka_unit_test(a_handler_never_waits),
		cmocka_unit_test(the_collectors_thread_never_waits_for_itself),
		cmocka_unit_test(a_ring_that_was_emptied_meanwhile_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
