/* SPDX-License-Identifier: MIT */

/*
 * What a program has of its own and must keep while it is recorded: errno, signal
 * masks, alternate stacks, cancellation, destructors that run late.
 */

#include "tests/unit/recorded.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct recorded recorded;

/* ---- each public call ---- */

static char trace_path[64];

static void call_start(void)
{
	const struct ctrace_settings settings = {.file = trace_path};

	ctrace_start(&settings);
}

static void call_start_badly(void)
{
	const struct ctrace_settings settings = {.file = "/no/such/folder/trace.out"};

	ctrace_start(&settings);
}

static void call_stop(void)
{
	ctrace_stop();
}

static void call_stats(void)
{
	struct ctrace_counts counts;

	ctrace_stats(&counts);
}

static void call_categories(void)
{
	ctrace_categories("app");
}

static void call_names(void)
{
	TRACE_THREAD_NAME("a thread");
	TRACE_PROCESS_NAME("a process");
}

static void call_spans(void)
{
	TRACE_SPAN("span", TRACE_STR("s", "text"));
	TRACE_BEGIN("begun", TRACE_F64("f", 0.5));
	TRACE_NEXT("next");
	TRACE_END();
}

static void call_points(void)
{
	TRACE_INSTANT("instant");
	TRACE_COUNTER("counter", 1);
	TRACE_LOG("log", "%s %d", "number", 7);
}

static void call_tasks(void)
{
	uint64_t id = ctrace_task_id();

	TRACE_TASK_BEGIN(id, 0, "task");
	TRACE_TASK_STEP(id, "step");
	TRACE_TASK_ENTER(id);
	TRACE_TASK_LEAVE(id);
	TRACE_TASK_END(id);
	TRACE_FLOW_OUT(id);
	TRACE_FLOW_IN(id);
}

static void call_serve(void)
{
	ctrace_serve("127.0.0.1:0");
	ctrace_serve_stop();
}

static void call_serve_badly(void)
{
	ctrace_serve("nowhere:at:all");
}

static void call_many(void)
{
	for (int i = 0; i < 100000; i++) {
		TRACE_INSTANT("fills the ring, or not");
	}
}

#define SIGNALS 65

/* Before any trace, and then with one. */
static void (*const calls[])(void) = {
	call_points, call_spans,       call_tasks,	 call_names,	  call_stats, call_stop,
	call_serve,  call_categories,  call_start_badly, call_start,	  call_start, call_points,
	call_spans,  call_tasks,       call_names,	 call_categories, call_stats, call_many,
	call_serve,  call_serve_badly, call_stop};

static void *each_call(void *unused)
{
	static char space[32 << 10];
	const stack_t stack = {.ss_sp = space, .ss_size = sizeof(space)};
	stack_t stack_before, stack_after;
	sigset_t before, after;

	sigaltstack(&stack, &stack_before);
	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		errno = 77;
		calls[i]();
		assert_int_equal(errno, 77);
		pthread_sigmask(SIG_SETMASK, NULL, &after);
		assert_memory_equal(&before, &after, sizeof(uint64_t));
		sigaltstack(NULL, &stack_after);
		assert_ptr_equal(stack_after.ss_sp, space);
	}
	sigaltstack(&stack_before, NULL);
	return unused;
}

/* What each signal does, by number: whoever started us may have had some ignored. */
static void read_handlers(void (*handlers[SIGNALS])(int))
{
	for (int number = 1; number < SIGNALS; number++) {
		struct sigaction action = {.sa_handler = SIG_DFL};

		sigaction(number, NULL, &action);
		handlers[number] = action.sa_handler;
	}
}

/* In a thread of its own, whose first event is one of them. */
static void each_call_keeps_errno_mask_and_stack(void **state)
{
	void (*before[SIGNALS])(int), (*after[SIGNALS])(int);
	pthread_t thread;

	(void)state;
	read_handlers(before);
	recorded_path(&recorded);
	strcpy(trace_path, recorded.path);
	pthread_create(&thread, NULL, each_call, NULL);
	pthread_join(thread, NULL);
	unlink(recorded.path);
	read_handlers(after);
	for (int number = 1; number < SIGNALS; number++) {
		assert_true(before[number] == after[number]);
	}
}

/* ---- cancellation ---- */

#define CANCELS 1000u

static _Atomic uint64_t attempts;

/* Counted before, so that what is cut off is too. */
static void *emit_for_ever(void *is_asynchronous)
{
	if (is_asynchronous != NULL) {
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	}
	for (;;) {
		for (unsigned i = 0; i < 20; i++) {
			atomic_fetch_add_explicit(&attempts, 1, memory_order_relaxed);
			TRACE_INSTANT("until cancelled", TRACE_STR("s", "some text"));
		}
		usleep(20); /* where a thread may be cancelled in good order */
	}
	return NULL;
}

static void cancel_many(void *is_asynchronous, uint64_t slack)
{
	uint64_t known;

	atomic_store(&attempts, 0);
	recorded_start(&recorded, NULL);
	for (unsigned i = 0; i < CANCELS; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, emit_for_ever, is_asynchronous);
		usleep(50 + i % 100);
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	recorded_stop(&recorded);
	known = recorded_written(&recorded) + recorded_lost(&recorded);
	assert_true(known <= atomic_load(&attempts));
	assert_true(known + slack >= atomic_load(&attempts));
	recorded_free(&recorded);
}

static void cancelled_threads_leave_what_they_emitted(void **state)
{
	(void)state;
	cancel_many(NULL, 0);
}

/* Between its count and its event a thread may go as well: one each is unknown at most. */
static void also_when_cancelled_in_the_middle_of_an_emit(void **state)
{
	(void)state;
#if !IS_SANITIZED
	cancel_many((void *)1, CANCELS);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_keeps_errno_mask_and_stack),
		cmocka_unit_test(cancelled_threads_leave_what_they_emitted),
		cmocka_unit_test(also_when_cancelled_in_the_middle_of_an_emit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
