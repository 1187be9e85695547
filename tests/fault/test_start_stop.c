/* SPDX-License-Identifier: MIT */

/* Recordings that begin and end 1,000 times while eight threads emit: no deadlock, each trace
 * whole. */

#include "tests/unit/recorded.h"

#include "tracer/src/collect/session.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define EMITTERS 8u
#define CYCLES	 1000u

static _Atomic bool is_over;

static void rest(void)
{
	const struct timespec time = {0, 200000};

	nanosleep(&time, NULL);
}

static void deeper(unsigned depth)
{
	TRACE_SPAN("deeper", TRACE_U64("depth", depth));
	TRACE_BEGIN("begun");
	if (depth < 4) {
		deeper(depth + 1);
	}
	TRACE_END();
	TRACE_COUNTER("depth", depth);
}

static void *emit(void *unused)
{
	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		deeper(0);
		rest();
	}
	return unused;
}

static void start_emitters(pthread_t threads[EMITTERS])
{
	atomic_store_explicit(&is_over, false, memory_order_relaxed);
	for (unsigned i = 0; i < EMITTERS; i++) {
		pthread_create(&threads[i], NULL, emit, NULL);
	}
}

static void stop_emitters(pthread_t threads[EMITTERS])
{
	atomic_store_explicit(&is_over, true, memory_order_relaxed);
	for (unsigned i = 0; i < EMITTERS; i++) {
		pthread_join(threads[i], NULL);
	}
}

static void recordings_begin_and_end_under_load_and_each_opens(void **state)
{
	pthread_t threads[EMITTERS];
	struct recorded recorded;
	uint64_t events = 0;

	(void)state;
	start_emitters(threads);
	for (unsigned i = 0; i < CYCLES; i++) {
		recorded_start(&recorded, NULL);
		if (i % 10 == 0) {
			rest();
		}
		recorded_stop(&recorded);
		events += recorded.count;
		recorded_free(&recorded);
	}
	stop_emitters(threads);
	assert_true(events > 0);
}

/* ---- several owners at once ---- */

static enum ctrace_status discard(void *sink, const void *bytes, size_t size)
{
	(void)bytes;
	*(uint64_t *)sink += size;
	return CTRACE_OK;
}

static void *open_and_close(void *unused)
{
	for (unsigned i = 0; i < CYCLES / 5; i++) {
		uint64_t bytes = 0;
		const struct ctrace_session_settings settings = {
			.write = discard, .sink = &bytes, .categories = i % 2 == 0 ? "app" : NULL};
		struct ctrace_session *session;
		struct ctrace_session_totals totals;

		assert_int_equal(ctrace_session_open(&session, &settings), 0);
		assert_int_equal(ctrace_session_close(session, &totals), 0);
		assert_int_equal(totals.bytes, bytes);
	}
	return unused;
}

static void sessions_of_several_threads_do_not_disturb_each_other(void **state)
{
	pthread_t emitters[EMITTERS], owners[4];

	(void)state;
	start_emitters(emitters);
	for (unsigned i = 0; i < 4; i++) {
		pthread_create(&owners[i], NULL, open_and_close, NULL);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(owners[i], NULL);
	}
	stop_emitters(emitters);
}

static void *toggle(void *unused)
{
	static const char *const lists[] = {"app", "-app", "none", NULL};

	for (unsigned i = 0; !atomic_load_explicit(&is_over, memory_order_relaxed); i++) {
		ctrace_categories(lists[i % 4]);
		rest();
	}
	ctrace_categories(NULL);
	return unused;
}

/* Every thread's ends are at most its begins, at any point: none closes a span that it did not
 * open. */
static void categories_change_under_load_and_spans_stay_balanced(void **state)
{
	pthread_t emitters[EMITTERS], toggler;
	struct recorded recorded;
	int depth = 0;

	(void)state;
	recorded_start(&recorded, NULL);
	start_emitters(emitters);
	pthread_create(&toggler, NULL, toggle, NULL);
	for (unsigned i = 0; i < 200; i++) {
		rest();
	}
	stop_emitters(emitters);
	pthread_join(toggler, NULL);
	recorded_stop(&recorded);
	for (uint32_t i = 0; i < recorded.count; i++) {
		depth += recorded.events[i].kind == CTRACE_KIND_SPAN_BEGIN;
		depth -= recorded.events[i].kind == CTRACE_KIND_SPAN_END;
		assert_true(depth >= 0);
	}
	assert_int_equal(depth, 0);
	recorded_free(&recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recordings_begin_and_end_under_load_and_each_opens),
		cmocka_unit_test(sessions_of_several_threads_do_not_disturb_each_other),
		cmocka_unit_test(categories_change_under_load_and_spans_stay_balanced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
