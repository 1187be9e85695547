/* SPDX-License-Identifier: MIT */

/*
 * Snapshots while eight threads emit: each holds, of every thread, all events from
 * some number on up to the call, without a hole that is not counted as a loss.
 */

#include "tests/unit/snapshots.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define THREADS	  8u
#define SNAPSHOTS 24u

static struct snapshots files;
static _Atomic uint64_t emitted[THREADS];
static _Atomic bool is_over;
static pthread_t threads[THREADS];

static void pause_us(long microseconds)
{
	const struct timespec time = {0, microseconds * 1000};

	nanosleep(&time, NULL);
}

/* Each thread at a pace of its own, spans nested and open across pauses. */
static void *emit_numbers(void *argument)
{
	unsigned thread = (unsigned)(uintptr_t)argument;
	uint64_t n = 0;

	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		TRACE_SPAN("burst", TRACE_U64("thread", thread));

		for (unsigned i = 0; i < 50 * (1 + thread % 3); i++) {
			TRACE_SPAN("step");
			TRACE_INSTANT("number", TRACE_U64("thread", thread), TRACE_U64("n", n));
			n++;
			/* Release: whoever sees the count finds the event emitted. Met in check. */
			atomic_store_explicit(&emitted[thread], n, memory_order_release);
		}
		pause_us(500 * (1 + thread % 2));
	}
	return NULL;
}

static void begin(struct ctrace_flight_settings settings)
{
	settings.file = files.pattern;
	assert_int_equal(ctrace_flight_start(&settings), 0);
	atomic_store(&is_over, false);
	for (unsigned i = 0; i < THREADS; i++) {
		atomic_store(&emitted[i], 0);
		assert_int_equal(
			pthread_create(&threads[i], NULL, emit_numbers, (void *)(uintptr_t)i), 0);
	}
}

static void end(void)
{
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_int_equal(ctrace_flight_stop(), 0);
}

/* What a snapshot says of one thread. */
struct tally {
	uint64_t seen, lost, first, last;
	bool is_any;
};

static void tally_stream(const struct recorded *recorded, uint32_t *at,
			 struct tally tallies[THREADS])
{
	uint32_t stream = recorded->events[*at].stream;
	struct tally tally = {0};
	uint64_t thread = THREADS;

	for (; *at < recorded->count && recorded->events[*at].stream == stream; (*at)++) {
		const struct recorded_event *event = &recorded->events[*at];

		if (event->kind == CTRACE_KIND_LOST) {
			tally.lost += event->numbers[1];
		} else if (event->kind == CTRACE_KIND_INSTANT) {
			thread = event->numbers[0];
			assert_true(thread < THREADS);
			assert_true(!tally.is_any || event->numbers[1] > tally.last);
			tally.first = tally.is_any ? tally.first : event->numbers[1];
			tally.last = event->numbers[1];
			tally.is_any = true;
			tally.seen++;
		}
	}
	if (thread < THREADS) {
		assert_false(tallies[thread].is_any);
		tallies[thread] = tally;
	}
}

/* `before`: how many each thread had emitted before the snapshot was asked for; NULL: unknown. */
static void check(const struct recorded *recorded, const uint64_t *before)
{
	struct tally tallies[THREADS] = {{0}};
	uint32_t at = 0;

	while (at < recorded->count) {
		tally_stream(recorded, &at, tallies);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		const struct tally *tally = &tallies[i];

		if (tally->is_any) {
			assert_true(tally->last - tally->first + 1 - tally->seen <= tally->lost);
		}
		if (before != NULL && before[i] > 0 && tally->lost == 0) {
			assert_true(!tally->is_any || tally->last + 1 >= before[i]);
		}
	}
}

static void take(double seconds)
{
	struct recorded recorded;
	uint64_t before[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		before[i] = atomic_load_explicit(&emitted[i], memory_order_acquire);
	}
	snapshots_take(&recorded, seconds);
	check(&recorded, before);
	recorded_free(&recorded);
}

static void each_snapshot_is_gapless_up_to_the_call(void **state)
{
	(void)state;
	begin((struct ctrace_flight_settings){.seconds = 60, .bytes = 128 << 10});
	for (unsigned i = 0; i < SNAPSHOTS; i++) {
		take(i % 3 == 0 ? 0 : 0.02 * (i % 7 + 1));
		pause_us(5000);
	}
	end();
}

static void *take_many(void *unused)
{
	for (unsigned i = 0; i < SNAPSHOTS / 4; i++) {
		take(i % 2 == 0 ? 0 : 0.05);
	}
	return unused;
}

static void several_at_once_stand_each_alone(void **state)
{
	pthread_t takers[4];

	(void)state;
	begin((struct ctrace_flight_settings){.bytes = 128 << 10});
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&takers[i], NULL, take_many, NULL), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(takers[i], NULL);
	}
	end();
}

static void check_files(const char *word, unsigned at_least)
{
	unsigned found = 0;

	for (unsigned i = 1; i <= 64; i++) {
		struct recorded recorded;
		char name[32];

		snprintf(name, sizeof(name), "%s-%u.trace", word, i);
		if (snapshots_read(&files, name, &recorded)) {
			found++;
			check(&recorded, NULL);
			recorded_free(&recorded);
		}
	}
	assert_true(found >= at_least);
	assert_int_equal(snapshots_count(&files), 0);
}

static void signals_under_load(void **state)
{
	(void)state;
	begin((struct ctrace_flight_settings){.bytes = 128 << 10, .signal = SIGUSR2});
	for (unsigned i = 0; i < 20; i++) {
		kill(getpid(), SIGUSR2);
		pause_us(10000);
	}
	end();
	check_files("signal", 1);
}

static void rules_under_load(void **state)
{
	(void)state;
	begin((struct ctrace_flight_settings){.bytes = 128 << 10, .rules = "step>60s,burst>1ns"});
	while (atomic_load_explicit(&emitted[0], memory_order_relaxed) == 0) {
		pause_us(1000);
	}
	end();
	check_files("rule", 1);
}

/* Starting and stopping beside threads that emit and others that ask: an answer, never a hang. */
static void *ask_for_ever(void *unused)
{
	const struct ctrace_snapshot_settings settings = {.file = "/dev/null"};

	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		int result = ctrace_snapshot(&settings);

		if (result != 0 && result != -ENODATA) {
			abort();
		}
	}
	return unused;
}

static void flights_come_and_go_while_snapshots_are_asked_for(void **state)
{
	pthread_t asker;

	(void)state;
	begin((struct ctrace_flight_settings){.bytes = 128 << 10});
	assert_int_equal(pthread_create(&asker, NULL, ask_for_ever, NULL), 0);
	for (unsigned i = 0; i < 50; i++) {
		const struct ctrace_flight_settings settings = {.bytes = 128 << 10,
								.signal = SIGUSR2,
								.on_crash = 1,
								.file = files.pattern};

		assert_int_equal(ctrace_flight_stop(), 0);
		assert_int_equal(ctrace_flight_start(&settings), 0);
	}
	end();
	pthread_join(asker, NULL);
}

static int set_up(void **state)
{
	(void)state;
	snapshots_init(&files);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	snapshots_finish(&files);
	return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(each_snapshot_is_gapless_up_to_the_call),
		CASE(several_at_once_stand_each_alone),
		CASE(signals_under_load),
		CASE(rules_under_load),
		CASE(flights_come_and_go_while_snapshots_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
