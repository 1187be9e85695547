/* SPDX-License-Identifier: MIT */

/* Rings that fill, wrap, are interrupted, left by a jump, and change hands: what was attempted is
 * written or lost. */

#include "tests/unit/recorded.h"
#include "tracer/src/collect/drain.h"
#include "tracer/src/emit/emit.h"
#include "tracer/src/limits.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct recorded recorded;

static void a_full_ring_counts_what_it_cannot_take(void **state)
{
	const uint64_t attempted = 50000;
	const uint64_t capacity = (CTRACE_RING_KB_DEFAULT * 1024 - CTRACE_END_RESERVE_BYTES) / 16;
	uint64_t last = 0;

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("first");
	recorded_stall(true);
	for (uint64_t i = 0; i < attempted; i++) {
		TRACE_INSTANT("step", TRACE_U64("n", i));
	}
	recorded_stall(false);
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), attempted + 1);
	assert_int_equal(recorded_written(&recorded), capacity + 1);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_LOST, NULL), 1);
	for (uint32_t i = 1; recorded.events[i].kind == CTRACE_KIND_INSTANT; i++) {
		assert_true(recorded.events[i].numbers[0] == last);
		last++;
	}
	recorded_free(&recorded);
}

static void fill_inside(void)
{
	TRACE_SPAN("outer");
	{
		TRACE_SPAN("inner");

		for (unsigned i = 0; i < 40000; i++) {
			TRACE_INSTANT("filler");
		}
	}
	TRACE_SPAN("after: lost, so it has no end");
}

static void open_spans_get_their_ends_into_a_full_ring(void **state)
{
	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("first");
	recorded_stall(true);
	fill_inside();
	recorded_stall(false);
	recorded_stop(&recorded);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_BEGIN, NULL), 2);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_END, NULL), 2);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), 1 + 40000 + 4 + 1);
	recorded_free(&recorded);
}

/* Sizes that divide nothing, so that records stand across the ring's end again and again. */
static void strings_wrap_around_the_ring(void **state)
{
	char text[1024];
	uint32_t steps = 0;

	(void)state;
	recorded_start(&recorded, NULL);
	for (unsigned i = 0; i < 5000; i++) {
		size_t size = i * 37 % 1000;

		memset(text, 'a' + (int)(i % 26), sizeof(text));
		TRACE_INSTANT("text", TRACE_STRN("s", text, size), TRACE_U64("n", i),
			      TRACE_STRN("t", text, size / 2));
		if (i % 100 == 99) {
			recorded_collect_now();
		}
	}
	recorded_stop(&recorded);
	for (uint32_t i = 0; i < recorded.count; i++) {
		const struct recorded_event *event = &recorded.events[i];
		uint64_t n = event->numbers[1];

		if (event->kind != CTRACE_KIND_INSTANT) {
			continue;
		}
		steps++;
		assert_int_equal(event->numbers[0], n * 37 % 1000);
		assert_int_equal(event->numbers[2], n * 37 % 1000 / 2);
		assert_true(event->numbers[2] == 0 || event->text[0] == 'a' + (int)(n % 26));
	}
	assert_int_equal(steps, 5000);
	recorded_free(&recorded);
}

/* ---- interrupted emits ---- */

/* As if a signal handler had interrupted an emit of this level: its claim stands. */
static void interrupt_level(unsigned level)
{
	struct ctrace_level *at = &ctrace_self->levels[level];

	atomic_store_explicit(&at->frame, UINTPTR_MAX, memory_order_relaxed);
	atomic_store_explicit(&at->claim, atomic_load_explicit(&at->head, memory_order_relaxed),
			      memory_order_relaxed);
}

static void resume_level(unsigned level)
{
	atomic_store_explicit(&ctrace_self->levels[level].claim, CTRACE_UNCLAIMED,
			      memory_order_relaxed);
}

static void nested_emits_go_to_rings_of_their_own_and_merge_by_time(void **state)
{
	static const char *const names[] = {"first", "one", "two", "three", "four", "last"};

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("first");
	interrupt_level(0);
	TRACE_INSTANT("one");
	interrupt_level(1);
	TRACE_INSTANT("two");
	interrupt_level(2);
	TRACE_INSTANT("three");
	interrupt_level(3);
	TRACE_INSTANT("four", TRACE_STR("s", "deep down"));
	interrupt_level(4);
	TRACE_INSTANT("too deep");
	for (unsigned i = 0; i < CTRACE_LEVELS; i++) {
		resume_level(i);
	}
	TRACE_INSTANT("last");
	recorded_stop(&recorded);
	for (unsigned i = 0; i < 6; i++) {
		assert_true(recorded.events[i].name.size == strlen(names[i]));
		assert_memory_equal(recorded.events[i].name.bytes, names[i], strlen(names[i]));
	}
	assert_string_equal(recorded.events[4].text, "deep down");
	assert_int_equal(recorded_written(&recorded), 6);
	assert_int_equal(recorded_lost(&recorded), 1);
	recorded_free(&recorded);
}

/* 16 KiB of each level, counted when full. */
static void nested_rings_fill_and_count(void **state)
{
	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("first");
	recorded_stall(true);
	interrupt_level(0);
	for (unsigned i = 0; i < 5000; i++) {
		TRACE_INSTANT("nested");
	}
	resume_level(0);
	recorded_stall(false);
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded), 1 + CTRACE_NESTED_BYTES / 8);
	assert_int_equal(recorded_lost(&recorded), 5000 - CTRACE_NESTED_BYTES / 8);
	recorded_free(&recorded);
}

static uint32_t any_stream(struct ctrace_origin *origin, uint64_t thread_number)
{
	(void)origin;
	return (uint32_t)thread_number;
}

/* What is older may still be written, so handlers' records wait for what they interrupted. */
static void what_a_handler_wrote_is_left_until_the_interrupted_emit_is_over(void **state)
{
	struct ctrace_origin origin = {.pid = getpid(), .stream = any_stream};
	const struct ctrace_sessions nobody = {.count = 0};
	const struct ctrace_pass pass = {.now_ms = 1};
	struct ctrace_feed feed = {.place = {.origin = &origin}};

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("first");
	recorded_stall(true);
	feed.place.ring = ctrace_self->ring;
	interrupt_level(0);
	TRACE_INSTANT("in a handler");
	ctrace_drain(&nobody, &feed, &pass);
	assert_false(ctrace_ring_is_clean(ctrace_self->ring));
	resume_level(0);
	ctrace_drain(&nobody, &feed, &pass);
	assert_true(ctrace_ring_is_clean(ctrace_self->ring));
	recorded_stall(false);
	recorded_stop(&recorded);
	recorded_free(&recorded);
}

static sigjmp_buf out_of_handler;
static _Atomic int jumps;

static void jump_away(int number)
{
	(void)number;
	/* An emit of ours, so that a nested one is left behind too now and then. */
	TRACE_INSTANT("in handler");
	atomic_fetch_add_explicit(&jumps, 1, memory_order_relaxed);
	siglongjmp(out_of_handler, 1);
}

static volatile uint64_t attempts;

static void emit_until_jumped(void)
{
	for (;;) {
		attempts++; /* counted before, so that a cut-off one is too */
		TRACE_INSTANT("step");
	}
}

/*
 * A timer jumps out of whatever was going on, often an emit. What it cut off is
 * counted, except where the jump fell between the program's own count and the macro.
 */
static void jumping_out_of_a_handler_loses_at_most_the_event_it_cut_off(void **state)
{
	struct sigaction action = {.sa_handler = jump_away, .sa_flags = SA_NODEFER};
	const int wanted = 1000;

	(void)state;
	recorded_start(&recorded, NULL);
	attempts = 0;
	atomic_store_explicit(&jumps, 0, memory_order_relaxed);
	sigaction(SIGALRM, &action, NULL);
	sigsetjmp(out_of_handler, 1);
	if (atomic_load_explicit(&jumps, memory_order_relaxed) < wanted) {
		ualarm(300, 0);
		emit_until_jumped();
	}
	recorded_collect_now(); /* the ring may be full */
	TRACE_INSTANT("last");
	signal(SIGALRM, SIG_DFL);
	recorded_stop(&recorded);
	assert_int_equal(recorded_count(&recorded, CTRACE_KIND_INSTANT, "last"), 1);
	{
		uint64_t known = recorded_written(&recorded) + recorded_lost(&recorded);
		uint64_t tried = attempts + (uint64_t)wanted + 1;

		assert_true(known <= tried);
		assert_true(tried - known <= (uint64_t)wanted);
	}
	recorded_free(&recorded);
}

static sigjmp_buf out_of_emit;

static void jump_at_once(int number)
{
	(void)number;
	siglongjmp(out_of_emit, 1);
}

/* The claim as an emit leaves it that a jump cut off: in a frame well below, nothing published. */
__attribute__((noinline)) static void cut_off_an_emit(void)
{
	char *below = __builtin_alloca(16384);
	struct ctrace_level *level = &ctrace_self->levels[0];
	uint64_t head;

	__asm__ volatile("" : : "r"(below) : "memory");
	ctrace_level_claim(level, &head);
	raise(SIGUSR1);
}

static void a_claim_left_by_a_jump_is_cleared_and_counted(void **state)
{
	(void)state;
	recorded_start(&recorded, NULL);
	signal(SIGUSR1, jump_at_once);
	TRACE_INSTANT("before");
	if (sigsetjmp(out_of_emit, 1) == 0) {
		cut_off_an_emit();
	}
	TRACE_INSTANT("after");
	TRACE_INSTANT("and on");
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded), 3);
	assert_int_equal(recorded_lost(&recorded), 1);
	assert_true(atomic_load_explicit(&ctrace_self->levels[0].claim, memory_order_relaxed) !=
		    atomic_load_explicit(&ctrace_self->levels[0].head, memory_order_relaxed));
	recorded_free(&recorded);
}

static void *exit_after_a_jump(void *unused)
{
	(void)unused;
	TRACE_INSTANT("before");
	if (sigsetjmp(out_of_emit, 1) == 0) {
		cut_off_an_emit();
	}
	return NULL;
}

static void *run_thread(void *(*body)(void *));

static void a_claim_left_by_a_jump_is_counted_when_its_thread_exits(void **state)
{
	(void)state;
	recorded_start(&recorded, NULL);
	signal(SIGUSR1, jump_at_once);
	run_thread(exit_after_a_jump);
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded), 1);
	assert_int_equal(recorded_lost(&recorded), 1);
	recorded_free(&recorded);
}

/* Published, but head has not followed: the record is there, and the next one stands behind it. */
static void a_commit_that_a_jump_cut_in_two_keeps_its_record(void **state)
{
	struct ctrace_level *level;
	uint64_t head;

	(void)state;
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("one");
	level = &ctrace_self->levels[0];
	TRACE_INSTANT("two");
	head = atomic_load_explicit(&level->head, memory_order_relaxed) - 8;
	atomic_store_explicit(&level->head, head, memory_order_relaxed);
	atomic_store_explicit(&level->claim, head, memory_order_relaxed);
	atomic_store_explicit(&level->frame, 0, memory_order_relaxed);
	TRACE_INSTANT("three");
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded), 3);
	assert_int_equal(recorded_lost(&recorded), 0);
	recorded_free(&recorded);
}

static char alternate[64 << 10];

static void emit_from_handler(int number)
{
	(void)number;
	TRACE_INSTANT("on the alternate stack");
}

/* On an alternate stack at a higher address, an interrupted emit must not be taken for one left
 * behind. */
static void run_on_alternate_stack(void)
{
	struct sigaction action = {.sa_handler = emit_from_handler, .sa_flags = SA_ONSTACK};
	struct ctrace_level *level = &ctrace_self->levels[0];
	uint64_t head;

	sigaction(SIGUSR2, &action, NULL);
	assert_true(ctrace_level_claim(level, &head));
	atomic_store_explicit(&level->frame, 1, memory_order_relaxed); /* every stack is above */
	raise(SIGUSR2);
	ctrace_level_unclaim(level);
}

static void a_handler_on_an_alternate_stack_is_nested(void **state)
{
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	const stack_t none = {.ss_flags = SS_DISABLE};

	(void)state;
	sigaltstack(&stack, NULL);
	recorded_start(&recorded, NULL);
	TRACE_INSTANT("before");
	run_on_alternate_stack();
	TRACE_INSTANT("after");
	recorded_stop(&recorded);
	sigaltstack(&none, NULL);
	assert_int_equal(recorded_written(&recorded), 3);
	assert_int_equal(recorded_lost(&recorded), 0);
	recorded_free(&recorded);
}

/* ---- rings change hands ---- */

static void *one_event(void *unused)
{
	(void)unused;
	TRACE_INSTANT("one");
	return ctrace_self->ring;
}

static void *run_thread(void *(*body)(void *))
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, body, NULL), 0);
	pthread_join(thread, &result);
	return result;
}

static void the_ring_of_an_exited_thread_serves_the_next(void **state)
{
	const void *first, *second;

	(void)state;
	recorded_start(&recorded, NULL);
	first = run_thread(one_event);
	recorded_collect_now();
	second = run_thread(one_event);
	recorded_stop(&recorded);
	assert_non_null(first);
	assert_ptr_equal(first, second);
	assert_int_equal(recorded.threads_count, 2);
	assert_int_equal(recorded.threads[0].state, CTRACE_THREAD_EXITED);
	assert_true(recorded.threads[0].stream != recorded.threads[1].stream);
	assert_int_equal(recorded.threads[0].written, 1);
	assert_int_equal(recorded.threads[1].written, 1);
	recorded_free(&recorded);
}

static void *only_a_name(void *unused)
{
	(void)unused;
	TRACE_THREAD_NAME("nobody records me");
	return ctrace_self->ring;
}

static void threads_that_only_have_a_name_share_a_ring_while_off(void **state)
{
	const void *first, *second;

	(void)state;
	first = run_thread(only_a_name);
	second = run_thread(only_a_name);
	assert_non_null(first);
	assert_ptr_equal(first, second);
}

static pthread_key_t late_key;

static void late_destructor(void *value)
{
	TRACE_INSTANT("late");
	if ((uintptr_t)value < 3) {
		pthread_setspecific(late_key, (void *)((uintptr_t)value + 1));
	}
}

static void *with_late_destructor(void *unused)
{
	(void)unused;
	pthread_setspecific(late_key, (void *)1);
	TRACE_INSTANT("in thread");
	return NULL;
}

static void destructors_of_other_keys_may_still_trace(void **state)
{
	(void)state;
	pthread_key_create(&late_key, late_destructor);
	recorded_start(&recorded, NULL);
	run_thread(with_late_destructor);
	recorded_stop(&recorded);
	pthread_key_delete(late_key);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), 4);
	assert_true(recorded_count(&recorded, CTRACE_KIND_INSTANT, "late") >= 2);
	recorded_free(&recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_that_only_have_a_name_share_a_ring_while_off),
		cmocka_unit_test(a_full_ring_counts_what_it_cannot_take),
		cmocka_unit_test(open_spans_get_their_ends_into_a_full_ring),
		cmocka_unit_test(strings_wrap_around_the_ring),
		cmocka_unit_test(nested_emits_go_to_rings_of_their_own_and_merge_by_time),
		cmocka_unit_test(nested_rings_fill_and_count),
		cmocka_unit_test(what_a_handler_wrote_is_left_until_the_interrupted_emit_is_over),
		cmocka_unit_test(jumping_out_of_a_handler_loses_at_most_the_event_it_cut_off),
		cmocka_unit_test(a_claim_left_by_a_jump_is_cleared_and_counted),
		cmocka_unit_test(a_claim_left_by_a_jump_is_counted_when_its_thread_exits),
		cmocka_unit_test(a_commit_that_a_jump_cut_in_two_keeps_its_record),
		cmocka_unit_test(a_handler_on_an_alternate_stack_is_nested),
		cmocka_unit_test(the_ring_of_an_exited_thread_serves_the_next),
		cmocka_unit_test(destructors_of_other_keys_may_still_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
