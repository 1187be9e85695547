/* SPDX-License-Identifier: MIT */

/* What happens to events that find their ring full: dropped, or kept in place of the oldest. The
 * collector stands still at a known place. */

#include "tests/unit/policy_story.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/emit/emit.h"
#include "viewer-server/model/threads/pairing.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

/* Is it the next of the burst's numbers, or the one after a loss? */
static void check_suffix(uint32_t from, uint64_t end)
{
	uint64_t next = recorded.events[from].numbers[0];

	for (uint32_t i = from; i < recorded.count; i++) {
		assert_int_equal(recorded.events[i].kind, CTRACE_KIND_INSTANT);
		assert_int_equal(recorded.events[i].numbers[0], next++);
	}
	assert_int_equal(next, end);
}

static uint32_t find_lost(void)
{
	uint32_t at = 0;

	while (at < recorded.count && recorded.events[at].kind != CTRACE_KIND_LOST) {
		at++;
	}
	assert_true(at < recorded.count);
	return at;
}

static void overwriting_keeps_the_newest_and_marks_the_gap(void **state)
{
	uint32_t lost;

	(void)state;
	policy_start("overwrite");
	TRACE_INSTANT("first");
	policy_stall(1);
	policy_burst(BURST);
	policy_stall(0);
	policy_stop();
	lost = find_lost();
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_LOST, NULL), 1);
	assert_int_equal(policy_lost_for(CTRACE_LOSS_OVERWRITTEN), recorded_lost(&recorded));
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), BURST + 1);
	check_suffix(lost + 1, BURST);
	/* Three quarters of a ring at least, of 16 bytes each. */
	assert_in_range(recorded.count - lost - 1,
			(RING_BYTES / 4 * 3 - CTRACE_END_RESERVE_BYTES) / 16 - 1, RING_BYTES / 16);
	/* It stands at the last event that was lost, and begins at the first. */
	assert_true(recorded.events[lost].ticks <= recorded.events[lost + 1].ticks);
	assert_true(recorded.events[lost].numbers[2] > 0);
	recorded_free(&recorded);
}

/* Sizes that divide nothing: records stand across the ring's end, and quarters end in none. */
static void overwriting_walks_records_of_any_size_around_the_end(void **state)
{
	char text[1024];
	uint64_t next = 0;
	uint32_t steps = 0;

	(void)state;
	policy_start("overwrite");
	TRACE_INSTANT("first");
	policy_stall(1);
	for (unsigned i = 0; i < 8000; i++) {
		size_t size = i * 37 % 1000;

		memset(text, 'a' + (int)(i % 26), sizeof(text));
		TRACE_INSTANT("text", TRACE_STRN("s", text, size), TRACE_U64("n", i),
			      TRACE_STRN("t", text, size / 2));
	}
	policy_stall(0);
	policy_stop();
	for (uint32_t i = find_lost() + 1; i < recorded.count; i++) {
		const struct recorded_event *event = &recorded.events[i];
		uint64_t n = event->numbers[1];

		assert_true(steps == 0 || n == next);
		next = n + 1;
		steps++;
		assert_int_equal(event->numbers[0], n * 37 % 1000);
		assert_int_equal(event->numbers[2], n * 37 % 1000 / 2);
		assert_true(event->numbers[2] == 0 || event->text[0] == 'a' + (int)(n % 26));
	}
	assert_int_equal(next, 8000);
	assert_true(steps > 100);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), 8001);
	recorded_free(&recorded);
}

/* Tasks have records of their own length at either end. */
static void overwriting_walks_every_kind_of_record(void **state)
{
	uint64_t attempted = 1;

	(void)state;
	policy_start("overwrite");
	TRACE_INSTANT("first");
	policy_stall(1);
	for (uint64_t i = 1; i <= 20000; i++) {
		TRACE_TASK_BEGIN(i, 0, "task");
		TRACE_TASK_ENTER(i);
		TRACE_FLOW_OUT(i);
		TRACE_COUNTER("level", (double)i);
		TRACE_LOG("log", "number %d", (int)i);
		TRACE_TASK_LEAVE(i);
		TRACE_TASK_END(i);
		attempted += 7;
	}
	policy_stall(0);
	policy_stop();
	assert_true(recorded_lost(&recorded) > 0);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), attempted);
	assert_int_equal(recorded.events[recorded.count - 1].kind, CTRACE_KIND_TASK_END);
	assert_int_equal(recorded.events[recorded.count - 1].numbers[0], 20000);
	recorded_free(&recorded);
}

/* What the viewer makes of it. */
struct seen_spans {
	unsigned whole, restated, cut, began_before;
	char names[8][16];
	unsigned count;
};

static void on_opened(void *context, struct ctrace_span *span, const struct ctrace_event *begin)
{
	(void)context;
	(void)span;
	(void)begin;
}

static void on_closed(void *context, const struct ctrace_span *span)
{
	struct seen_spans *seen = context;
	const struct ctrace_site *site = ctrace_trace_site(recorded.trace, span->site);
	struct ctrace_bytes name = ctrace_trace_string(recorded.trace, site->name);

	seen->whole += span->flags == 0;
	seen->restated += (span->flags & CTRACE_SPAN_RESTATED) != 0;
	seen->cut += (span->flags & CTRACE_SPAN_CUT) != 0;
	seen->began_before += (span->flags & CTRACE_SPAN_BEGAN_BEFORE) != 0;
	if (name.size < 16 && memcmp(name.bytes, "filler", 6) != 0 && seen->count < 8) {
		memcpy(seen->names[seen->count++], name.bytes, name.size);
	}
}

static void on_other(void *context, const struct ctrace_event *event, uint32_t chunk,
		     const struct ctrace_span *inner)
{
	(void)context;
	(void)event;
	(void)chunk;
	(void)inner;
}

static const struct ctrace_pairing_calls calls = {on_opened, on_closed, on_other, NULL};

static void pair(struct seen_spans *seen)
{
	struct ctrace_pairing pairing;
	struct ctrace_chunk chunk = {0};
	struct ctrace_error error = {0};

	*seen = (struct seen_spans){0};
	assert_int_equal(ctrace_pairing_init(&pairing, &calls, seen), CTRACE_OK);
	for (uint32_t i = 0; i < ctrace_trace_info(recorded.trace)->chunk_count; i++) {
		if (ctrace_trace_chunk(recorded.trace, i)->type == CTRACE_CHUNK_EVENTS) {
			assert_int_equal(ctrace_chunk_load(&chunk, recorded.trace, i, &error),
					 CTRACE_OK);
			assert_int_equal(
				ctrace_pairing_chunk(&pairing, recorded.trace, &chunk, i, &error),
				CTRACE_OK);
		}
	}
	ctrace_pairing_close(&pairing, pairing.last);
	ctrace_chunk_unload(&chunk);
	ctrace_pairing_finish(&pairing);
}

/* `begun` is open when the gap begins and ends in it; `survivor` begins in it and ends behind. */
static void spans_over_the_gap(void)
{
	TRACE_SPAN("outer");
	TRACE_BEGIN("begun");
	recorded_collect_now();
	policy_stall(1);
	TRACE_END();
	{
		TRACE_SPAN("survivor");

		for (unsigned i = 0; i < BURST; i++) {
			TRACE_SPAN("filler");
		}
	}
}

static void spans_that_the_gap_opened_or_closed_are_put_right(void **state)
{
	struct seen_spans seen;

	(void)state;
	policy_start("overwrite");
	spans_over_the_gap();
	policy_stall(0);
	policy_stop();
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), 6 + 2 * BURST);
	pair(&seen);
	/* Ended in this order; a filler may be open at the gap's end. */
	assert_int_equal(seen.count, 3);
	assert_string_equal(seen.names[0], "begun");
	assert_string_equal(seen.names[1], "survivor");
	assert_string_equal(seen.names[2], "outer");
	assert_in_range(seen.restated, 1, 2);
	assert_int_equal(seen.cut, 1);
	assert_int_equal(seen.began_before, 0);
	recorded_free(&recorded);
}

static void open_spans(unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		TRACE_BEGIN("spanning");
	}
}

static void close_spans(unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		TRACE_END();
	}
}

/* More ends in all than the format lets be open: none of those spans may be left on the list. */
static void ends_that_are_overwritten_leave_no_span_open(void **state)
{
	const unsigned rounds = 130, depth = 8, filler = RING_BYTES / 16 + 100;
	struct seen_spans seen;

	(void)state;
	policy_start("overwrite");
	for (unsigned round = 0; round < rounds; round++) {
		open_spans(depth);
		recorded_collect_now();
		policy_stall(1);
		close_spans(depth);
		policy_burst(filler);
		policy_stall(0);
	}
	policy_stop();
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded),
			 rounds * (2 * depth + filler));
	assert_true(policy_lost_for(CTRACE_LOSS_OVERWRITTEN) >= rounds * depth);
	assert_int_equal(policy_lost_for(CTRACE_LOSS_SPAN_DEPTH), 0);
	pair(&seen);
	assert_int_equal(seen.whole, 0);
	assert_int_equal(seen.cut, rounds * depth);
	recorded_free(&recorded);
}

/* As if a signal handler had interrupted an emit of level 0: its claim stands. */
static void interrupt(void)
{
	struct ctrace_level *at = &ctrace_self->levels[0];

	atomic_store_explicit(&at->frame, UINTPTR_MAX, memory_order_relaxed);
	atomic_store_explicit(&at->claim, atomic_load_explicit(&at->head, memory_order_relaxed),
			      memory_order_relaxed);
}

static void resume(void)
{
	atomic_store_explicit(&ctrace_self->levels[0].claim, CTRACE_UNCLAIMED,
			      memory_order_relaxed);
}

static void rings_of_handlers_drop_under_every_policy(void **state)
{
	static const char *const names[] = {"drop", "overwrite", "block"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		policy_start(names[i]);
		TRACE_INSTANT("first");
		policy_stall(1);
		interrupt();
		for (unsigned n = 0; n < 5000; n++) {
			TRACE_INSTANT("nested");
		}
		resume();
		policy_stall(0);
		policy_stop();
		assert_int_equal(recorded_written(&recorded), 1 + CTRACE_NESTED_BYTES / 8);
		assert_int_equal(policy_lost_for(CTRACE_LOSS_RING_FULL),
				 5000 - CTRACE_NESTED_BYTES / 8);
		recorded_free(&recorded);
	}
}

/* A handler's records among what is overwritten: before the gap, in order of time. */
static void handlers_records_stand_before_the_gap_they_fell_into(void **state)
{
	uint32_t at = 0;

	(void)state;
	policy_start("overwrite");
	TRACE_INSTANT("first");
	policy_stall(1);
	policy_burst(100);
	interrupt();
	TRACE_INSTANT("nested");
	resume();
	policy_burst(BURST);
	policy_stall(0);
	policy_stop();
	while (recorded.events[at].kind == CTRACE_KIND_INSTANT &&
	       memcmp(recorded.events[at].name.bytes, "nested", 6) != 0) {
		at++;
	}
	assert_int_equal(find_lost(), at + 1);
	assert_int_equal(recorded.threads[0].clamped, 0);
	check_suffix(at + 2, BURST);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), 102 + BURST);
	recorded_free(&recorded);
}

/* Traces begun while a ring is being overwritten count from their own begin. */
static void a_later_session_counts_only_what_came_later(void **state)
{
	const struct ctrace_session_settings settings = {.write = recorded_to_nowhere};
	struct ctrace_session *session;
	struct ctrace_session_totals totals;

	(void)state;
	policy_start("overwrite");
	policy_stall(1);
	policy_burst(BURST);
	assert_int_equal(ctrace_session_open(&session, &settings), 0);
	policy_burst(BURST + 1);
	assert_int_equal(ctrace_session_close(session, &totals), 0);
	policy_stall(0);
	assert_int_equal(totals.written + totals.lost, BURST + 1);
	assert_true(totals.lost > 0);
	policy_stop();
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), 2 * BURST + 1);
	recorded_free(&recorded);
}

/* Threads that only drop or overwrite make no call that gives the processor away. */
static void only_block_ever_sleeps(void **state)
{
	static const char *const names[] = {"drop", "overwrite", "block"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct rusage before, after;

		policy_start(names[i]);
		TRACE_INSTANT("first");
		policy_stall(1);
		getrusage(RUSAGE_THREAD, &before);
		policy_burst(BURST);
		getrusage(RUSAGE_THREAD, &after);
		policy_stall(0);
		policy_stop();
		if (i < 2) {
			/* A page that is not there yet may take a few. */
			assert_true(after.ru_nvcsw - before.ru_nvcsw < 20);
		} else {
			assert_true(after.ru_nvcsw - before.ru_nvcsw >= 20);
		}
		assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), BURST + 1);
		recorded_free(&recorded);
	}
}

static void settings_that_make_no_sense_are_refused(void **state)
{
	struct ctrace_settings settings = {.file = "/dev/null", .ring_policy = "sometimes"};

	(void)state;
	assert_int_equal(ctrace_start(&settings), -EINVAL);
	settings.ring_policy = NULL;
	settings.block_ms = CTRACE_BLOCK_MS_MAX + 1;
	assert_int_equal(ctrace_start(&settings), -EINVAL);
	settings.block_ms = CTRACE_BLOCK_MS_MAX;
	assert_int_equal(ctrace_start(&settings), 0);
	assert_int_equal(ctrace_stop(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overwriting_keeps_the_newest_and_marks_the_gap),
		cmocka_unit_test(overwriting_walks_records_of_any_size_around_the_end),
		cmocka_unit_test(overwriting_walks_every_kind_of_record),
		cmocka_unit_test(spans_that_the_gap_opened_or_closed_are_put_right),
		cmocka_unit_test(ends_that_are_overwritten_leave_no_span_open),
		cmocka_unit_test(rings_of_handlers_drop_under_every_policy),
		cmocka_unit_test(handlers_records_stand_before_the_gap_they_fell_into),
		cmocka_unit_test(a_later_session_counts_only_what_came_later),
		cmocka_unit_test(only_block_ever_sleeps),
		cmocka_unit_test(settings_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
