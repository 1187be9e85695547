/* SPDX-License-Identifier: MIT */

/*
 * Written + lost = attempted, exactly, for each of 2 to 64 threads: every thread
 * numbers its events, and what comes back is in order, with losses where numbers
 * are missing.
 */

#include "tests/unit/recorded.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/ring/ring_budget.h"
#include "tracer/src/ring/ring_memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS_MAX 64u

/* Waves of 64 threads that exit at once, CTRACE_TEST_WAVES for more; and what may stay of those
 * after the first few. */
#if IS_SANITIZED
#define WAVES	  40u
#define GROWTH_KB (100u << 10) /* sanitizers keep some of what is freed in quarantine */
#else
#define WAVES	  157u
#define GROWTH_KB 4096u /* a row of each thread stays until the trace ends */
#endif

/* With those of test_policies, twenty. */
#define STALLS 10u

/* What a ring takes of the budget. */
#define RING_BYTES(kb) (CTRACE_RING_PRIVATE_BYTES + CTRACE_RING_HEAD_BYTES + ((kb) << 10))

static struct recorded recorded;
static pthread_barrier_t together;
static uint64_t steps;

static void pause_us(long microseconds)
{
	const struct timespec time = {0, microseconds * 1000};

	nanosleep(&time, NULL);
}

/* Three events a step: a begin and an end of either kind, and a numbered instant between. */
static void step(uint64_t thread, uint64_t i)
{
	if (i % 2 == 0) {
		TRACE_SPAN("step");
		TRACE_INSTANT("number", TRACE_U64("thread", thread), TRACE_U64("n", i));
	} else {
		TRACE_BEGIN("step");
		TRACE_INSTANT("number", TRACE_U64("thread", thread), TRACE_U64("n", i),
			      TRACE_STRN("text", "0123456789", i % 11));
		TRACE_END();
	}
}

static void *emit_steps(void *number)
{
	uint64_t thread = (uintptr_t)number;

	pthread_barrier_wait(&together);
	for (uint64_t i = 0; i < steps; i++) {
		step(thread, i);
		if (thread % 3 == 0 && i % 500 == 499) {
			pause_us(100);
		}
	}
	return NULL;
}

static void run_threads(unsigned count, void *(*body)(void *))
{
	pthread_t threads[THREADS_MAX];

	pthread_barrier_init(&together, NULL, count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)i), 0);
	}
	for (unsigned i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
	}
	pthread_barrier_destroy(&together);
}

/* What one stream holds. A lost begin loses its end with it, so that is not attempted. */
struct tally {
	uint64_t begins, ends, numbers, lost, next;
};

static struct tally tally_stream(uint32_t *at)
{
	struct tally tally = {0};
	uint32_t stream = recorded.events[*at].stream;

	for (; *at < recorded.count && recorded.events[*at].stream == stream; (*at)++) {
		const struct recorded_event *event = &recorded.events[*at];

		tally.begins += event->kind == CTRACE_KIND_SPAN_BEGIN;
		tally.ends += event->kind == CTRACE_KIND_SPAN_END;
		if (event->kind == CTRACE_KIND_LOST) {
			tally.lost += event->numbers[1];
		} else if (event->kind == CTRACE_KIND_INSTANT) {
			assert_true(event->numbers[1] >= tally.next);
			tally.next = event->numbers[1] + 1;
			tally.numbers++;
		}
	}
	return tally;
}

/*
 * Attempted: a begin and a number each step, an end for each begin that was written.
 * Ends have room kept for them, so with spans two deep none is lost.
 */
static void check_streams(unsigned threads)
{
	uint32_t at = 0;
	unsigned streams = 0;

	while (at < recorded.count) {
		struct tally tally = tally_stream(&at);

		assert_int_equal(tally.begins, tally.ends);
		assert_int_equal(tally.begins + tally.numbers + tally.lost, 2 * steps);
		streams++;
	}
	assert_int_equal(streams, threads);
}

static void record_threads(unsigned threads, uint64_t each)
{
	steps = each;
	recorded_start(&recorded, NULL);
	run_threads(threads, emit_steps);
	recorded_stop(&recorded);
	check_streams(threads);
	recorded_free(&recorded);
}

static void each_event_of_2_to_64_threads_is_written_or_counted(void **state)
{
	(void)state;
	for (unsigned threads = 2; threads <= THREADS_MAX; threads *= 2) {
		record_threads(threads, 120000 / threads);
	}
}

static void also_with_the_collector_stalled_now_and_then(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STALLS; i++) {
		steps = 15000;
		recorded_start(&recorded, NULL);
		recorded_stall(true);
		run_threads(8, emit_steps);
		recorded_stall(false);
		run_threads(8, emit_steps);
		recorded_stop(&recorded);
		assert_true(recorded_lost(&recorded) > 0);
		{
			uint32_t at = 0;

			while (at < recorded.count) {
				tally_stream(&at);
			}
		}
		recorded_free(&recorded);
	}
}

static void also_with_the_smallest_ring(void **state)
{
	struct ctrace_settings settings = {.ring_kb = 64, .ring_max_kb = 64};

	(void)state;
	steps = 20000;
	recorded_path(&recorded);
	settings.file = recorded.path;
	assert_int_equal(ctrace_start(&settings), 0);
	run_threads(4, emit_steps);
	recorded_stop(&recorded);
	check_streams(4);
	recorded_free(&recorded);
	settings.file = "/dev/null";
	settings.ring_kb = 256;
	assert_int_equal(ctrace_start(&settings), 0);
	assert_int_equal(ctrace_stop(), 0);
}

static void *one_event(void *number)
{
	pthread_barrier_wait(&together);
	TRACE_INSTANT("one", TRACE_U64("thread", (uintptr_t)number));
	return NULL;
}

static uint64_t resident_kb(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0, resident = 0, shared = 0;

	assert_int_equal(fscanf(file, "%lu %lu %lu", &pages, &resident, &shared), 3);
	fclose(file);
	return resident * 4;
}

/* Until the collector has taken what threads that exited left: it may be late on a busy machine. */
static void wait_for_free_rings(void)
{
	for (struct cds_lfs_node *at = ctrace_rings_first(); at != NULL; at = at->next) {
		struct ctrace_ring_shared *shared = ctrace_ring_of(at)->shared;

		while (atomic_load_explicit(&shared->state, memory_order_acquire) !=
		       CTRACE_RING_FREE) {
			pause_us(1000);
		}
	}
}

/* Waves of 64 threads that exit after one event: each is there, and rings serve again and again. */
static void threads_that_exit_at_once_leave_their_event_and_no_memory(void **state)
{
	const char *more = getenv("CTRACE_TEST_WAVES");
	const unsigned waves = more != NULL ? (unsigned)strtoul(more, NULL, 10) : WAVES;
	uint64_t after_first = 0;

	(void)state;
	recorded_start(&recorded, NULL);
	for (unsigned i = 0; i < waves; i++) {
		run_threads(64, one_event);
		wait_for_free_rings();
		after_first = i == 19 ? resident_kb() : after_first;
	}
	/* No more rings than threads at once, beside those of the smallest size above. */
	assert_true(ctrace_ring_budget_taken() <= 64 * RING_BYTES(256) + 4 * RING_BYTES(64));
	print_message("%llu KiB, then %llu KiB\n", (unsigned long long)after_first,
		      (unsigned long long)resident_kb());
	assert_true(resident_kb() < after_first + GROWTH_KB);
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded), 64 * waves);
	assert_int_equal(recorded_lost(&recorded), 0);
	assert_int_equal(recorded.threads_count, 64 * waves);
	for (uint32_t i = 0; i < recorded.threads_count; i++) {
		assert_int_equal(recorded.threads[i].written, 1);
		assert_int_equal(recorded.threads[i].state, CTRACE_THREAD_EXITED);
	}
	recorded_free(&recorded);
}

static void *end_after_stop(void *unused)
{
	(void)unused;
	TRACE_SPAN("open while it stops");
	pthread_barrier_wait(&together);
	pthread_barrier_wait(&together);
	return NULL;
}

/* The end comes after the trace; the next one must not be disturbed by it. */
static void ends_after_the_stop_harm_no_later_trace(void **state)
{
	pthread_t thread;

	(void)state;
	pthread_barrier_init(&together, NULL, 2);
	recorded_start(&recorded, NULL);
	pthread_create(&thread, NULL, end_after_stop, NULL);
	pthread_barrier_wait(&together);
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 1);
	recorded_free(&recorded);
	pthread_barrier_wait(&together);
	pthread_join(thread, NULL);
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("only this");
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 1);
	recorded_free(&recorded);
	pthread_barrier_destroy(&together);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_of_2_to_64_threads_is_written_or_counted),
		cmocka_unit_test(also_with_the_collector_stalled_now_and_then),
		cmocka_unit_test(also_with_the_smallest_ring),
		cmocka_unit_test(threads_that_exit_at_once_leave_their_event_and_no_memory),
		cmocka_unit_test(ends_after_the_stop_harm_no_later_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
