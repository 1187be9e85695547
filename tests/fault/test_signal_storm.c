/* SPDX-License-Identifier: MIT */

/*
 * Twenty thousand signals a second, each with a handler that traces, in a thread
 * that traces as well: written and lost are what was attempted, to the last one.
 * CTRACE_TEST_SIGNAL_SECONDS=60 for the long form.
 */

#include "tests/unit/recorded.h"
#include "tests/unit/streamed.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define EVERY_NS 50000
#define BURST	 100

/* What ends the storm: so many signals, or so many seconds. Sanitizers make everything slower. */
#if IS_SANITIZED
#define SIGNALS_MAX 20000u
#define SECONDS	    4u
#else
#define SIGNALS_MAX 1000000u
#define SECONDS	    120u
#endif

static struct recorded recorded;
static volatile uint64_t handled;
/* Each span once: by its end, or by its begin if that was lost. */
static uint64_t attempted;
static uint64_t signals_max = SIGNALS_MAX, seconds = SECONDS;

static void trace_in_handler(int number)
{
	TRACE_SPAN("handler");
	TRACE_INSTANT("in handler", TRACE_U64("n", handled), TRACE_I64("signal", number));
	handled++;
}

static timer_t arm_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
	const struct itimerspec every = {{0, EVERY_NS}, {0, EVERY_NS}};
	timer_t timer;

	event._sigev_un._tid = gettid();
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	timer_settime(timer, 0, &every, NULL);
	return timer;
}

static uint64_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

/* Dense enough that most signals interrupt an emit, with rests so that the ring does not only
 * overflow. */
static void emit_burst(uint64_t n)
{
	const struct timespec pause = {0, 100000};

	for (unsigned i = 0; i < BURST; i++) {
		TRACE_SPAN("step");
		TRACE_INSTANT("in main", TRACE_U64("n", n + i),
			      TRACE_STR("text", "of some length"));
	}
	nanosleep(&pause, NULL);
}

static void *storm(void *unused)
{
	uint64_t until = seconds_now() + seconds, n = 0;
	timer_t timer = arm_timer();

	while (handled < signals_max && seconds_now() < until) {
		emit_burst(n);
		n += BURST;
	}
	timer_delete(timer);
	attempted = 2 * n;
	return unused;
}

static uint64_t next_of[2]; /* of the thread's own numbers, and of the handler's */

/* Both countings ascend: order is kept. */
static void check_order(const struct ctrace_trace *trace, const struct ctrace_event *event)
{
	struct ctrace_value values[16];
	bool is_handler;

	if (event->kind != CTRACE_KIND_INSTANT) {
		return;
	}
	ctrace_event_values(trace, event, values);
	is_handler = values[1].type != CTRACE_ARG_STR;
	assert_true(values[0].u64 >= next_of[is_handler]);
	next_of[is_handler] = values[0].u64 + 1;
}

static void written_and_lost_are_what_was_attempted(void **state)
{
	struct sigaction action = {.sa_handler = trace_in_handler, .sa_flags = SA_RESTART};
	struct streamed sums;
	pthread_t thread;

	(void)state;
	sigaction(SIGRTMIN, &action, NULL);
	recorded_start(&recorded, NULL);
	pthread_create(&thread, NULL, storm, NULL);
	pthread_join(thread, NULL);
	assert_int_equal(ctrace_stop(), 0);
	sums = streamed_read(recorded.path, check_order);
	unlink(recorded.path);
	attempted += 2 * handled;
	print_message("%llu signals; attempted %llu = written %llu + lost %llu; and %llu begins\n",
		      (unsigned long long)handled, (unsigned long long)attempted,
		      (unsigned long long)(sums.ends + sums.others), (unsigned long long)sums.lost,
		      (unsigned long long)sums.begins);
	/* For each begin that was written an end was attempted; a handler's own may be lost. */
	assert_true(sums.ends <= sums.begins);
	assert_int_equal(sums.ends + sums.others + sums.lost, attempted);
	assert_true(handled > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_lost_are_what_was_attempted),
	};
	const char *wanted = getenv("CTRACE_TEST_SIGNAL_SECONDS");

	if (wanted != NULL) {
		seconds = strtoull(wanted, NULL, 10);
		signals_max = UINT64_MAX;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
