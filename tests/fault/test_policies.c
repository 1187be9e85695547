/* SPDX-License-Identifier: MIT */

/*
 * Full rings under load: whatever the policy, written + lost = attempted for each
 * thread, and a loss stands where the numbers are missing.
 */

#include "tests/unit/recorded.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/emit/policy.h"
#include "tracer/src/ring/ring_budget.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS_MAX 64u
#define RING_KB	    64u
/* A quarter of an hour, past any limit of the suite: on a machine where the collector hardly gets
 * to run, threads that block wait as long as it takes. */
#define BLOCK_MS 900000u
/* Instants with a number that a ring of this size holds. */
#define RING_HOLDS (RING_KB * 1024u / 16u)

static struct recorded recorded;
static enum ctrace_policy policy;
static pthread_barrier_t together;
static uint64_t steps;

static void start(const char *name)
{
	struct ctrace_settings settings = {
		.ring_policy = name, .ring_kb = RING_KB, .ring_max_kb = RING_KB};

	policy = (enum ctrace_policy)ctrace_policy_named(name);
	recorded_path(&recorded);
	settings.file = recorded.path;
	assert_int_equal(ctrace_start(&settings), 0);
	ctrace_policy_set_block_ms(BLOCK_MS);
}

/* When this returns no pass is under way, and none begins until it is called with 0. */
static void stall(int yes)
{
	atomic_store_explicit(&ctrace_collect_stall, yes, memory_order_release);
	ctrace_collect_policy(policy);
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

/* A begin, a number and an end each step; strings of all lengths. */
static void *emit_steps(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&together);
	for (uint64_t i = 0; i < steps; i++) {
		TRACE_SPAN("step");
		TRACE_INSTANT("number", TRACE_U64("n", i),
			      TRACE_STRN("text", "0123456789", i % 11));
	}
	return NULL;
}

/* What one stream holds. */
struct tally {
	uint64_t begins, ends, numbers, lost;
	uint64_t dropped; /* of those lost: new ones that found no room */
};

/* Does a loss of this stream cover a time between these two? Its own place may be a little later.
 */
static bool is_lost_between(uint32_t from, uint64_t first, uint64_t last)
{
	uint32_t stream = recorded.events[from].stream;

	for (uint32_t i = from; i < recorded.count && recorded.events[i].stream == stream; i++) {
		const struct recorded_event *event = &recorded.events[i];

		if (event->kind == CTRACE_KIND_LOST && event->ticks >= first &&
		    event->ticks - event->numbers[2] <= last) {
			return true;
		}
	}
	return false;
}

/* Numbers ascend, time never falls, and there is a loss wherever a number is missing. */
static struct tally tally_stream(uint32_t *at)
{
	struct tally tally = {0};
	uint32_t begin = *at, stream = recorded.events[*at].stream;
	uint64_t next = 0, number_ticks = 0, ticks = 0;

	for (; *at < recorded.count && recorded.events[*at].stream == stream; (*at)++) {
		const struct recorded_event *event = &recorded.events[*at];

		assert_true(event->ticks >= ticks);
		ticks = event->ticks;
		tally.begins += event->kind == CTRACE_KIND_SPAN_BEGIN;
		tally.ends += event->kind == CTRACE_KIND_SPAN_END;
		if (event->kind == CTRACE_KIND_LOST) {
			tally.lost += event->numbers[1];
			tally.dropped +=
				event->numbers[0] == CTRACE_LOSS_RING_FULL ? event->numbers[1] : 0;
		} else if (event->kind == CTRACE_KIND_INSTANT) {
			assert_true(event->numbers[0] >= next);
			assert_true(event->numbers[0] == next ||
				    is_lost_between(begin, number_ticks, ticks));
			next = event->numbers[0] + 1;
			number_ticks = ticks;
			tally.numbers++;
		}
	}
	return tally;
}

/*
 * A step attempts three events, or two where its begin was dropped: then it has no end. Only
 * `drop` ever drops a new one.
 */
static void check_attempted(const struct tally *tally)
{
	uint64_t counted = tally->begins + tally->ends + tally->numbers + tally->lost;

	if (policy == CTRACE_POLICY_DROP) {
		assert_int_equal(counted, 2 * steps + tally->ends);
	} else {
		assert_int_equal(tally->dropped, 0);
		assert_int_equal(counted, 3 * steps);
	}
}

static void check_streams(unsigned threads)
{
	uint32_t at = 0;
	unsigned streams = 0;

	while (at < recorded.count) {
		struct tally tally = tally_stream(&at);

		check_attempted(&tally);
		assert_true(policy != CTRACE_POLICY_BLOCK || tally.lost == 0);
		streams++;
	}
	assert_int_equal(streams, threads);
}

static void each_event_of_2_to_64_threads_is_written_or_counted_under_each_policy(void **state)
{
	static const char *const names[] = {"drop", "overwrite", "block"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned threads = 2; threads <= THREADS_MAX; threads *= 2) {
			steps = 100000 / threads;
			start(names[i]);
			run_threads(threads, emit_steps);
			recorded_stop(&recorded);
			check_streams(threads);
			recorded_free(&recorded);
		}
	}
}

static void also_when_the_collector_stalls_and_goes_on(void **state)
{
	static const char *const names[] = {"drop", "overwrite"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned round = 0; round < 5; round++) {
			steps = 5000;
			start(names[i]);
			stall(1);
			run_threads(8, emit_steps);
			stall(0);
			run_threads(8, emit_steps);
			recorded_stop(&recorded);
			assert_true(recorded_lost(&recorded) > 0);
			check_streams(16);
			recorded_free(&recorded);
		}
	}
}

/* ---- bursts ---- */

/* Of each of four sizes a quarter. */
#if IS_SANITIZED
#define BURSTS 100u
#else
#define BURSTS 400u
#endif

/* Fewer than a ring holds, about as many, and more. */
static unsigned burst_size(unsigned burst)
{
	static const unsigned sizes[] = {RING_HOLDS / 2, RING_HOLDS - 300, RING_HOLDS + 1,
					 4 * RING_HOLDS};

	return sizes[burst % 4];
}

static void *emit_bursts(void *unused)
{
	uint64_t n = 0;

	for (unsigned burst = 0; burst < BURSTS; burst++) {
		stall(1);
		for (unsigned i = 0; i < burst_size(burst); i++) {
			TRACE_INSTANT("number", TRACE_U64("n", n++));
		}
		recorded_collect_now();
		stall(0);
	}
	steps = n;
	return unused;
}

/* Only numbered events: what LOST counts is exactly what is missing around it. */
static void check_holes(void)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < recorded.count; i++) {
		const struct recorded_event *event = &recorded.events[i];

		if (event->kind == CTRACE_KIND_LOST) {
			next += event->numbers[1];
		} else {
			assert_int_equal(event->numbers[0], next);
			next++;
		}
	}
	assert_int_equal(next, steps);
}

static void losses_of_bursts_stand_where_the_numbers_are_missing(void **state)
{
	static const char *const names[] = {"drop", "overwrite"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		pthread_t thread;

		start(names[i]);
		pthread_create(&thread, NULL, emit_bursts, NULL);
		pthread_join(thread, NULL);
		recorded_stop(&recorded);
		check_holes();
		/* Two of four sizes do not fit. */
		assert_int_equal(recorded_count(&recorded, CTRACE_KIND_LOST, NULL), BURSTS / 2);
		recorded_free(&recorded);
	}
}

/* ---- handlers beside overwriting ---- */

/* In each thread, however rarely the machine's timers go off. */
#define HANDLED_MIN 15u

static _Atomic uint64_t handled, emitted;
static __thread volatile uint64_t own_handled;

static void trace_in_handler(int number)
{
	TRACE_INSTANT("in handler", TRACE_U64("n", own_handled), TRACE_I64("signal", number));
	own_handled = own_handled + 1;
	TRACE_COUNTER("handled", own_handled);
	atomic_fetch_add_explicit(&handled, 1, memory_order_relaxed);
}

static void *emit_with_timer(void *unused)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
	const struct itimerspec every = {{0, 50000}, {0, 50000}};
	timer_t timer;
	uint64_t n = 0;

	event._sigev_un._tid = gettid();
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	pthread_barrier_wait(&together);
	timer_settime(timer, 0, &every, NULL);
	while (n < steps || own_handled < HANDLED_MIN) {
		TRACE_INSTANT("in main", TRACE_U64("n", n++), TRACE_I64("signal", 0));
	}
	timer_delete(timer);
	atomic_fetch_add_explicit(&emitted, n, memory_order_relaxed);
	return unused;
}

static void handlers_trace_while_their_thread_overwrites(void **state)
{
	struct sigaction action = {.sa_handler = trace_in_handler, .sa_flags = SA_RESTART};

	(void)state;
	sigaction(SIGRTMIN, &action, NULL);
	atomic_store(&handled, 0);
	atomic_store(&emitted, 0);
	steps = 400000;
	start("overwrite");
	for (unsigned i = 0; i < 4; i++) {
		stall(i % 2 == 0);
		run_threads(2, emit_with_timer);
	}
	stall(0);
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded),
			 atomic_load(&emitted) + 2 * atomic_load(&handled));
	assert_true(recorded_lost(&recorded) > 0);
	assert_true(atomic_load(&handled) >= 8 * HANDLED_MIN);
	recorded_free(&recorded);
}

/* ---- sessions come and go ---- */

static _Atomic bool is_over;

static void *emit_until_over(void *unused)
{
	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		TRACE_SPAN("outer");
		for (unsigned i = 0; i < 1000; i++) {
			TRACE_SPAN("inner", TRACE_U64("i", i));
			TRACE_INSTANT("point");
		}
		usleep(1000);
	}
	return unused;
}

/* recorded_stop holds each to the rules: the rows of its threads add up, its chunks are whole. */
static void recordings_begin_and_end_while_rings_are_overwritten(void **state)
{
	pthread_t threads[4];

	(void)state;
	atomic_store(&is_over, false);
	for (unsigned i = 0; i < 4; i++) {
		pthread_create(&threads[i], NULL, emit_until_over, NULL);
	}
	for (unsigned i = 0; i < 15; i++) {
		start(i % 5 == 4 ? "drop" : "overwrite");
		stall(i % 2 == 0);
		recorded_collect_now();
		usleep(1000);
		stall(0);
		recorded_stop(&recorded);
		recorded_free(&recorded);
	}
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
}

/* ---- memory ---- */

#define MANY	  512u
#define MEMORY_MB 256u

static uint64_t shared_kb(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	unsigned long kb = 0;

	while (kb == 0 && fgets(line, sizeof(line), file) != NULL) {
		sscanf(line, "RssShmem: %lu kB", &kb);
	}
	fclose(file);
	return kb;
}

/* All 512 fill their ring and more, and stay until the last has. */
static void *fill_and_stay(void *unused)
{
	char text[1000];

	memset(text, 'x', sizeof(text));
	for (uint64_t i = 0; i < steps; i++) {
		TRACE_INSTANT("number", TRACE_U64("n", i), TRACE_STRN("text", text, sizeof(text)));
	}
	pthread_barrier_wait(&together);
	return unused;
}

static void the_rings_of_512_threads_stay_within_the_stated_memory(void **state)
{
	struct ctrace_settings settings = {
		.ring_policy = "drop", .ring_kb = 256, .ring_max_kb = 4096, .memory_mb = MEMORY_MB};
	pthread_t threads[MANY];
	uint64_t before = shared_kb();

	(void)state;
	policy = CTRACE_POLICY_DROP;
	steps = 500; /* half a megabyte: one step of growth */
	recorded_path(&recorded);
	settings.file = recorded.path;
	pthread_barrier_init(&together, NULL, MANY + 1);
	assert_int_equal(ctrace_start(&settings), 0);
	stall(1);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, fill_and_stay, NULL), 0);
		if (i % 64 == 63) {
			/* Rings that have grown are emptied, and may grow again. */
			recorded_collect_now();
		}
	}
	pthread_barrier_wait(&together);
	assert_true(ctrace_ring_budget_taken() <= MEMORY_MB << 20);
	assert_true(shared_kb() - before <= MEMORY_MB << 10);
	stall(0);
	for (unsigned i = 0; i < MANY; i++) {
		pthread_join(threads[i], NULL);
	}
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), MANY * steps);
	assert_true(recorded_lost(&recorded) > 0);
	recorded_free(&recorded);
	pthread_barrier_destroy(&together);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_event_of_2_to_64_threads_is_written_or_counted_under_each_policy),
		cmocka_unit_test(also_when_the_collector_stalls_and_goes_on),
		cmocka_unit_test(losses_of_bursts_stand_where_the_numbers_are_missing),
		cmocka_unit_test(handlers_trace_while_their_thread_overwrites),
		cmocka_unit_test(recordings_begin_and_end_while_rings_are_overwritten),
		cmocka_unit_test(the_rings_of_512_threads_stay_within_the_stated_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
