/* SPDX-License-Identifier: MIT */

/* Signal handlers that trace while the thread they interrupt does: every event is there, in order,
 * or counted. */

#include "tests/unit/recorded.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define EMITTERS 2u

static struct recorded recorded;
static _Atomic uint64_t handled;
static _Atomic uint64_t main_steps;
static timer_t timers[EMITTERS];

static __thread uint64_t own_handled;

static void trace_in_handler(int number)
{
	TRACE_SPAN("handler");
	TRACE_INSTANT("in handler", TRACE_U64("n", own_handled++), TRACE_I64("signal", number));
	atomic_fetch_add_explicit(&handled, 1, memory_order_relaxed);
}

static void arm_timer(unsigned index)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
	const struct itimerspec every = {{0, 50000}, {0, 50000}};

	event._sigev_un._tid = gettid();
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timers[index]), 0);
	timer_settime(timers[index], 0, &every, NULL);
}

static void *emit_with_timer(void *index)
{
	const struct timespec pause = {0, 200000};
	uint64_t n = 0;

	TRACE_INSTANT("first");
	arm_timer((unsigned)(uintptr_t)index);
	for (unsigned i = 0; i < 400; i++) {
		for (unsigned j = 0; j < 100; j++) {
			TRACE_SPAN("step");
			TRACE_INSTANT("in main", TRACE_U64("n", n++), TRACE_I64("signal", 0));
		}
		nanosleep(&pause, NULL);
	}
	timer_delete(timers[(uintptr_t)index]);
	atomic_fetch_add_explicit(&main_steps, n, memory_order_relaxed);
	return NULL;
}

static bool is_named(const struct recorded_event *event, const char *name)
{
	return event->name.size == strlen(name) &&
	       memcmp(event->name.bytes, name, event->name.size) == 0;
}

/* In each stream both countings ascend, and spans nest: a handler's are closed before its thread
 * goes on. */
static void check_order(void)
{
	uint64_t next[2] = {0, 0};
	uint32_t stream = 0;

	for (uint32_t i = 0; i < recorded.count; i++) {
		const struct recorded_event *event = &recorded.events[i];
		bool is_handler = is_named(event, "in handler");

		if (event->stream != stream) {
			stream = event->stream;
			next[0] = next[1] = 0;
		}
		if (is_handler || is_named(event, "in main")) {
			assert_true(event->numbers[0] >= next[is_handler]);
			next[is_handler] = event->numbers[0] + 1;
		}
	}
}

static void handlers_trace_while_their_thread_does(void **state)
{
	struct sigaction action = {.sa_handler = trace_in_handler, .sa_flags = SA_RESTART};
	pthread_t threads[EMITTERS];
	uint64_t attempted, begins, ends;

	(void)state;
	sigaction(SIGRTMIN, &action, NULL);
	atomic_store(&handled, 0);
	recorded_start(&recorded, NULL);
	for (uintptr_t i = 0; i < EMITTERS; i++) {
		pthread_create(&threads[i], NULL, emit_with_timer, (void *)i);
	}
	for (unsigned i = 0; i < EMITTERS; i++) {
		pthread_join(threads[i], NULL);
	}
	recorded_stop(&recorded);
	check_order();
	/*
	 * Each span once: by its end, or by its begin if that was lost and took its end with it.
	 * The rings of handlers keep no room for ends, so an end may be lost as well.
	 */
	attempted = EMITTERS + 2 * (atomic_load(&main_steps) + atomic_load(&handled));
	begins = recorded_count(&recorded, CTRACE_KIND_SPAN_BEGIN, NULL);
	ends = recorded_count(&recorded, CTRACE_KIND_SPAN_END, NULL);
	assert_in_range(begins - ends, 0, recorded_lost(&recorded));
	assert_int_equal(recorded_written(&recorded) - begins + recorded_lost(&recorded),
			 attempted);
	assert_true(atomic_load(&handled) > 100);
	recorded_free(&recorded);
}

/* ---- a thread whose first event is in a handler ---- */

static void *only_a_handler(void *unused)
{
	raise(SIGUSR1);
	return unused;
}

static void a_threads_first_event_may_be_in_a_handler(void **state)
{
	pthread_t thread;

	(void)state;
	signal(SIGUSR1, trace_in_handler);
	recorded_start(&recorded, NULL);
	pthread_create(&thread, NULL, only_a_handler, NULL);
	pthread_join(thread, NULL);
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), 3);
	recorded_free(&recorded);
}

/* ---- signals that interrupt handlers ---- */

static void raise_next(int number)
{
	TRACE_INSTANT("level", TRACE_I64("signal", number));
	if (number < SIGRTMIN + 8) {
		raise(number + 1);
	}
	TRACE_INSTANT("level left", TRACE_I64("signal", number));
}

static void handlers_may_be_nested(void **state)
{
	(void)state;
	for (int number = SIGRTMIN + 2; number <= SIGRTMIN + 8; number++) {
		signal(number, raise_next);
	}
	recorded_start(&recorded, NULL);
	raise(SIGRTMIN + 2);
	recorded_stop(&recorded);
	assert_int_equal(recorded.count, 14);
	recorded_free(&recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handlers_may_be_nested),
		cmocka_unit_test(a_threads_first_event_may_be_in_a_handler),
		cmocka_unit_test(handlers_trace_while_their_thread_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
