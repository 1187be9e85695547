/* SPDX-License-Identifier: MIT */

/* The flight recorder: each snapshot is a whole trace of the past, and the recording goes on. */

#include "tests/unit/snapshots.h"
#include "tests/unit/unit.h"
#include "tracer/src/flight/flight.h"
#include "tracer/src/limits.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static struct snapshots files;

static void start(struct ctrace_flight_settings settings)
{
	settings.file = files.pattern;
	assert_int_equal(ctrace_flight_start(&settings), 0);
}

static void assert_reason(const struct recorded *recorded, const char *begin)
{
	struct ctrace_bytes reason = snapshots_reason(recorded);

	if (reason.size < strlen(begin) || memcmp(reason.bytes, begin, strlen(begin)) != 0) {
		fail_msg("'%.*s' does not begin with '%s'", (int)reason.size, reason.bytes, begin);
	}
}

static void without_a_flight_there_is_no_snapshot(void **state)
{
	(void)state;
	errno = 77;
	assert_int_equal(ctrace_snapshot(NULL), -ENODATA);
	assert_int_equal(ctrace_flight_stop(), -ENODATA);
	assert_int_equal(errno, 77);
}

static int refuse_all(void *context, const void *bytes, size_t size)
{
	(void)context;
	(void)bytes;
	(void)size;
	return 1;
}

static void wrong_settings_are_refused(void **state)
{
	const struct ctrace_flight_settings wrong[] = {
		{.seconds = -1},     {.seconds = (double)NAN}, {.seconds = 86401},
		{.bytes = 65535},    {.rules = "handle"},      {.file = "%x"},
		{.signal = SIGKILL}, {.signal = SIGSEGV},      {.signal = -1},
	};
	const struct ctrace_snapshot_settings wrong_taking[] = {
		{.seconds = -1}, {.seconds = 86401}, {.file = "/dev/null", .write = refuse_all}};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(ctrace_flight_start(&wrong[i]), -EINVAL);
	}
	start((struct ctrace_flight_settings){0});
	for (size_t i = 0; i < sizeof(wrong_taking) / sizeof(wrong_taking[0]); i++) {
		assert_int_equal(ctrace_snapshot(&wrong_taking[i]), -EINVAL);
	}
	assert_int_equal(ctrace_flight_start(NULL), -EBUSY);
	assert_int_equal(ctrace_snapshot(&(struct ctrace_snapshot_settings){.file = "/no/such/x"}),
			 -ENOENT);
	assert_int_equal(ctrace_snapshot(&(struct ctrace_snapshot_settings){.write = refuse_all}),
			 -EIO);
	assert_int_equal(ctrace_flight_stop(), 0);
}

static void a_snapshot_holds_all_up_to_now_and_the_next_one_more(void **state)
{
	struct recorded first, second;

	(void)state;
	start((struct ctrace_flight_settings){0});
	{
		TRACE_SPAN("before", TRACE_STR("text", "some"), TRACE_I64("n", -3));
	}
	snapshots_take(&first, 0);
	assert_int_equal(first.count, 2);
	assert_string_equal(recorded_named(&first, "before")->text, "some");
	assert_reason(&first, "api");
	TRACE_INSTANT("after");
	snapshots_take(&second, 0);
	assert_int_equal(second.count, 3);
	assert_non_null(recorded_named(&second, "before"));
	assert_non_null(recorded_named(&second, "after"));
	recorded_free(&first);
	recorded_free(&second);
	assert_int_equal(ctrace_flight_stop(), 0);
	assert_int_equal(ctrace_snapshot(NULL), -ENODATA);
}

static void an_empty_past_is_a_good_trace(void **state)
{
	struct recorded recorded;

	(void)state;
	start((struct ctrace_flight_settings){.categories = "nothing"});
	TRACE_INSTANT("unseen");
	snapshots_take(&recorded, 1);
	assert_int_equal(recorded.count, 0);
	recorded_free(&recorded);
	assert_int_equal(ctrace_flight_stop(), 0);
}

/* ---- windows ---- */

/* How many spans the first chunks of streams say are open. */
static uint32_t restated_spans(const struct recorded *recorded)
{
	uint32_t count = ctrace_trace_info(recorded->trace)->chunk_count, open = 0;
	struct ctrace_cursor *cursor = malloc(sizeof(*cursor));
	struct ctrace_chunk chunk = {0};

	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(recorded->trace, i);

		if (entry->type == CTRACE_CHUNK_EVENTS && entry->seq == 0) {
			assert_int_equal(ctrace_chunk_load(&chunk, recorded->trace, i, NULL),
					 CTRACE_OK);
			ctrace_cursor_init(cursor, recorded->trace, &chunk, NULL);
			open += cursor->open_count;
		}
	}
	ctrace_chunk_unload(&chunk);
	free(cursor);
	return open;
}

static void spans_open_before_the_window_are_restated(void **state)
{
	struct recorded recorded;
	bool is_seen = false;

	(void)state;
	start((struct ctrace_flight_settings){.seconds = 60});
	TRACE_BEGIN("outer");
	TRACE_BEGIN("inner");
	snapshots_take(&recorded, 0); /* seals */
	recorded_free(&recorded);
	usleep(20000);
	/* On a busy machine the window may have passed before it is looked at. */
	for (unsigned i = 0; i < 1000 && !is_seen; i++) {
		TRACE_INSTANT("late");
		snapshots_take(&recorded, 0.01);
		assert_null(recorded_named(&recorded, "outer"));
		assert_int_equal(restated_spans(&recorded), 2);
		is_seen = recorded_named(&recorded, "late") != NULL;
		recorded_free(&recorded);
	}
	assert_true(is_seen);
	TRACE_END();
	TRACE_END();
	assert_int_equal(ctrace_flight_stop(), 0);
}

static pthread_barrier_t meeting;

static void *be_silent(void *unused)
{
	TRACE_BEGIN("silent and inside");
	pthread_barrier_wait(&meeting);
	pthread_barrier_wait(&meeting);
	TRACE_END();
	return unused;
}

static void a_thread_that_waits_inside_a_span_is_shown(void **state)
{
	struct recorded recorded;
	pthread_t thread;

	(void)state;
	start((struct ctrace_flight_settings){.seconds = 60});
	pthread_barrier_init(&meeting, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, be_silent, NULL), 0);
	pthread_barrier_wait(&meeting);
	snapshots_take(&recorded, 0);
	assert_int_equal(recorded.count, 1);
	recorded_free(&recorded);
	usleep(20000);
	snapshots_take(&recorded, 0.001);
	assert_int_equal(recorded.count, 0);
	assert_int_equal(recorded.threads_count, 1);
	assert_int_equal(restated_spans(&recorded), 1);
	recorded_free(&recorded);
	pthread_barrier_wait(&meeting);
	pthread_join(thread, NULL);
	assert_int_equal(ctrace_flight_stop(), 0);
}

static void snapshots_stand_beside_other_recordings(void **state)
{
	struct recorded whole, snapshot;

	(void)state;
	recorded_start(&whole, "one");
	start((struct ctrace_flight_settings){.categories = "two"});
	TRACE_INSTANT_C("one", "of one");
	TRACE_INSTANT_C("two", "of two");
	snapshots_take(&snapshot, 0);
	recorded_stop(&whole);
	assert_int_equal(whole.count, 1);
	assert_int_equal(snapshot.count, 1);
	assert_non_null(recorded_named(&snapshot, "of two"));
	recorded_free(&snapshot);
	TRACE_INSTANT_C("two", "of two");
	snapshots_take(&snapshot, 0);
	assert_int_equal(snapshot.count, 2);
	recorded_free(&snapshot);
	recorded_free(&whole);
	assert_int_equal(ctrace_flight_stop(), 0);
}

/* ---- bounds ---- */

static void *one_event(void *number)
{
	TRACE_THREAD_NAME("comes and goes");
	TRACE_INSTANT("one", TRACE_U64("n", (uint64_t)(uintptr_t)number));
	return NULL;
}

static void wave(uintptr_t number)
{
	pthread_t threads[16];

	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, one_event, (void *)(number + i)),
				 0);
	}
	for (unsigned i = 0; i < 16; i++) {
		pthread_join(threads[i], NULL);
	}
}

static void memory_is_flat_while_threads_come_and_go(void **state)
{
	const size_t limit = 256 << 10;
	uint32_t most = 0;

	(void)state;
	start((struct ctrace_flight_settings){.bytes = limit});
	for (uintptr_t i = 0; i < 4000; i += 16) {
		struct ctrace_snapshot snapshot = {.last_ns = 1};

		wave(i);
		assert_int_equal(ctrace_flight_take(&snapshot), 0);
		/* Threads that live or were not yet seen to exit have a row in any case. */
		assert_true(snapshot.held_bytes <= limit + 64 * sizeof(struct ctrace_past_thread));
		most = snapshot.held_threads > most ? snapshot.held_threads : most;
		ctrace_snapshot_finish(&snapshot);
	}
	assert_true(most < 1500);
	assert_true(most > 200);
	assert_int_equal(ctrace_flight_stop(), 0);
}

static void a_flight_outlives_the_threads_that_a_file_may_have(void **state)
{
	struct recorded recorded;

	(void)state;
	start((struct ctrace_flight_settings){.bytes = 64 << 10});
	for (uintptr_t i = 0; i < 512; i += 16) {
		wave(i);
	}
	snapshots_take(&recorded, 0);
	assert_true(recorded.count >= 2);
	assert_int_equal(recorded.events[recorded.count - 1].numbers[0] / 16, 31);
	recorded_free(&recorded);
	assert_int_equal(ctrace_flight_stop(), 0);
}

static void as_many_files_as_are_stated(void **state)
{
	(void)state;
	start((struct ctrace_flight_settings){0});
	for (unsigned i = 0; i < CTRACE_FLIGHT_FILES_MAX; i++) {
		assert_int_equal(ctrace_snapshot(NULL), 0);
	}
	assert_int_equal(ctrace_snapshot(NULL), -EDQUOT);
	assert_int_equal(snapshots_count(&files), CTRACE_FLIGHT_FILES_MAX);
	assert_int_equal(ctrace_flight_stop(), 0);
	start((struct ctrace_flight_settings){0});
	assert_int_equal(ctrace_snapshot(NULL), 0); /* no name that is taken is taken again */
	assert_int_equal(snapshots_count(&files), CTRACE_FLIGHT_FILES_MAX + 1);
	assert_int_equal(ctrace_flight_stop(), 0);
}

/* ---- occasions ---- */

static void slow(long microseconds)
{
	const struct timespec time = {0, microseconds * 1000};
	TRACE_SPAN("slow", TRACE_I64("us", microseconds));

	nanosleep(&time, NULL);
}

static void a_span_that_takes_long_makes_one_snapshot(void **state)
{
	struct recorded recorded;

	(void)state;
	start((struct ctrace_flight_settings){.rules = "other>1ns,slo*>5ms"});
	for (unsigned i = 0; i < 5; i++) {
		slow(6000);
	}
	assert_int_equal(ctrace_flight_stop(), 0);
	assert_int_equal(snapshots_count(&files), 1);
	assert_true(snapshots_read(&files, "rule-1.trace", &recorded));
	assert_reason(&recorded, "rule \"slow ");
	assert_non_null(memmem(snapshots_reason(&recorded).bytes, snapshots_reason(&recorded).size,
			       " > 5.00 ms\"", 11));
	assert_true(recorded_count(&recorded, CTRACE_KIND_SPAN_BEGIN, "slow") >= 1);
	recorded_free(&recorded);
}

static void a_span_that_hangs_makes_a_snapshot_while_it_hangs(void **state)
{
	struct recorded recorded;

	(void)state;
	start((struct ctrace_flight_settings){.rules = "hang>1ms"});
	TRACE_BEGIN("hang");
	while (snapshots_count(&files) == 0) {
		usleep(1000);
	}
	TRACE_END();
	assert_int_equal(ctrace_flight_stop(), 0);
	assert_int_equal(snapshots_count(&files), 1);
	assert_true(snapshots_read(&files, "rule-1.trace", &recorded));
	assert_reason(&recorded, "rule \"hang is open for ");
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_BEGIN, "hang"), 1);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_END, NULL), 0);
	recorded_free(&recorded);
}

/* The collector stands still until the flight ends. */
static void also_one_that_ended_just_before_the_flight(void **state)
{
	struct recorded recorded;

	(void)state;
	start((struct ctrace_flight_settings){.rules = "slow>5ms"});
	recorded_stall(true);
	slow(6000);
	assert_int_equal(ctrace_flight_stop(), 0);
	recorded_stall(false);
	assert_true(snapshots_read(&files, "rule-1.trace", &recorded));
	recorded_free(&recorded);
}

static void fast_spans_make_none(void **state)
{
	(void)state;
	start((struct ctrace_flight_settings){.rules = "slow>60s,absent>1ns"});
	for (unsigned i = 0; i < 100; i++) {
		slow(1);
	}
	assert_int_equal(ctrace_flight_stop(), 0);
	assert_int_equal(snapshots_count(&files), 0);
}

static struct sigaction action_of(int signal)
{
	struct sigaction action;

	sigaction(signal, NULL, &action);
	return action;
}

static void a_signal_makes_a_snapshot_and_keeps_errno(void **state)
{
	struct recorded recorded;

	(void)state;
	start((struct ctrace_flight_settings){.signal = SIGUSR2});
	TRACE_INSTANT("before the signal");
	errno = 77;
	raise(SIGUSR2);
	assert_int_equal(errno, 77);
	assert_int_equal(ctrace_flight_stop(), 0);
	assert_true(action_of(SIGUSR2).sa_handler == SIG_DFL);
	assert_true(snapshots_read(&files, "signal-1.trace", &recorded));
	assert_reason(&recorded, "signal SIGUSR2");
	assert_int_equal(recorded.count, 1);
	recorded_free(&recorded);
}

static _Atomic unsigned host_calls;

static void host_handler(int signal)
{
	(void)signal;
	atomic_fetch_add(&host_calls, 1);
}

static void a_signal_of_the_host_is_left_alone(void **state)
{
	const struct ctrace_flight_settings settings = {.signal = SIGUSR2};

	(void)state;
	signal(SIGUSR2, host_handler);
	assert_int_equal(ctrace_flight_start(&settings), -EBUSY);
	assert_int_equal(ctrace_snapshot(NULL), -ENODATA);
	signal(SIGUSR2, SIG_DFL);
	start(settings);
	signal(SIGUSR2, host_handler); /* later than ours */
	raise(SIGUSR2);
	assert_int_equal(atomic_load(&host_calls), 1);
	assert_int_equal(ctrace_flight_stop(), 0);
	assert_true(action_of(SIGUSR2).sa_handler == host_handler);
	assert_int_equal(snapshots_count(&files), 0);
	signal(SIGUSR2, SIG_DFL);
}

static void crash_handlers_go_with_the_flight(void **state)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	struct sigaction before[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		before[i] = action_of(crashes[i]);
	}
	start((struct ctrace_flight_settings){.on_crash = 1});
	for (unsigned i = 0; i < 5; i++) {
		assert_true(action_of(crashes[i]).sa_sigaction != before[i].sa_sigaction);
	}
	assert_int_equal(ctrace_flight_stop(), 0);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(action_of(crashes[i]).sa_sigaction == before[i].sa_sigaction);
	}
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
		CASE(without_a_flight_there_is_no_snapshot),
		CASE(wrong_settings_are_refused),
		CASE(a_snapshot_holds_all_up_to_now_and_the_next_one_more),
		CASE(an_empty_past_is_a_good_trace),
		CASE(spans_open_before_the_window_are_restated),
		CASE(a_thread_that_waits_inside_a_span_is_shown),
		CASE(snapshots_stand_beside_other_recordings),
		CASE(memory_is_flat_while_threads_come_and_go),
		CASE(a_flight_outlives_the_threads_that_a_file_may_have),
		CASE(as_many_files_as_are_stated),
		CASE(a_span_that_takes_long_makes_one_snapshot),
		CASE(a_span_that_hangs_makes_a_snapshot_while_it_hangs),
		CASE(also_one_that_ended_just_before_the_flight),
		CASE(fast_spans_make_none),
		CASE(a_signal_makes_a_snapshot_and_keeps_errno),
		CASE(a_signal_of_the_host_is_left_alone),
		CASE(crash_handlers_go_with_the_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
