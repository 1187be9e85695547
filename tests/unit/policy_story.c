/* SPDX-License-Identifier: MIT */
/* See policy_story.h. */

#include "tests/unit/policy_story.h"

#include "format/validate.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/emit/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct recorded recorded;
static enum ctrace_policy policy;

void policy_stall(int yes)
{
	atomic_store_explicit(&ctrace_collect_stall, yes, memory_order_release);
	/* Any request is answered between two passes. */
	ctrace_collect_policy(policy);
}

void policy_start_waiting(const char *name, unsigned block_ms)
{
	struct ctrace_settings settings = {
		.ring_policy = name, .block_ms = block_ms, .ring_max_kb = CTRACE_RING_KB_MIN};

	policy = (enum ctrace_policy)ctrace_policy_named(name);
	recorded_path(&recorded);
	settings.file = recorded.path;
	assert_int_equal(ctrace_start(&settings), 0);
}

void policy_start(const char *name)
{
	policy_start_waiting(name, 20);
}

uint64_t policy_lost_for(enum ctrace_loss reason)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < recorded.count; i++) {
		const struct recorded_event *event = &recorded.events[i];

		if (event->kind == CTRACE_KIND_LOST && event->numbers[0] == reason) {
			sum += event->numbers[1];
		}
	}
	return sum;
}

static void on_problem(void *context, const struct ctrace_error *error)
{
	(void)context;
	fail_msg("%s", error->text);
}

void policy_stop(void)
{
	struct ctrace_validate_report report;

	recorded_stop(&recorded);
	assert_int_equal(ctrace_validate(recorded.trace, on_problem, NULL, &report), CTRACE_OK);
}

void policy_burst(unsigned count)
{
	for (uint64_t i = 0; i < count; i++) {
		TRACE_INSTANT("step", TRACE_U64("n", i));
	}
}
