/* SPDX-License-Identifier: MIT */

/*
 * One of each kind of emit, taken apart: for every instruction of it, a fresh
 * child is stopped there and something happens to it. It is killed; or a handler
 * traces, jumps away, or forks, and the child runs on. Its trace must be exact.
 */

#include "tests/fault/stepped_child.h"
#include "tests/fault/stepper.h"
#include "tests/unit/recorded.h"

#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* More instructions than any stretch here has. */
#define STEPS_MAX 20000L
/*
 * Every instruction of the fast path; of a full ring's, which is longer, and of a thread's first
 * event, which is thousands long, one in so many.
 */
#define FULL_STRIDE	   3
#define GROWTH_STRIDE	   7
#define FIRST_EVENT_STRIDE 29

static long now_at;
static const char *ctrace_program;

/* How many events those calls attempted: TRACE_NEXT two; an end whose begin found no room none. */
static const uint32_t attempted[] = {0, 1, 2, 3, 5, 6, 7, 7};
static const uint32_t attempted_when_full[] = {0, 1, 1, 2, 3, 4, 4, 4};

/* Its events in order, by kind and name. */
static const struct {
	uint32_t kind;
	const char *name;
} expected[] = {
	{CTRACE_KIND_INSTANT, "before"},  {CTRACE_KIND_SPAN_BEGIN, "one"},
	{CTRACE_KIND_SPAN_END, "one"},	  {CTRACE_KIND_SPAN_BEGIN, "two"},
	{CTRACE_KIND_SPAN_END, "two"},	  {CTRACE_KIND_SPAN_BEGIN, "three"},
	{CTRACE_KIND_COUNTER, "counter"}, {CTRACE_KIND_SPAN_END, "three"},
	{CTRACE_KIND_INSTANT, "after"},	  {CTRACE_KIND_INSTANT, "and on"},
};
#define EXPECTED   (sizeof(expected) / sizeof(expected[0]))
#define OF_STRETCH (EXPECTED - 2) /* with the one before it */

/* ---- what must hold ---- */

/* How much of the stretch is there, and where the handler's events stand in it. */
struct seen {
	uint32_t of_stretch; /* events of it that were written */
	uint32_t of_handler, handler_ends;
	uint32_t handler_at; /* so many events of the thread's own came before */
	uint64_t lost;
	uint32_t calls; /* that had returned when it happened, if the handler jumped */
	uint32_t calls_before_handler;
};

#define hold(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "after %ld instructions: %s\n", now_at, #condition);       \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

static bool is_event(const struct recorded_event *event, uint32_t kind, const char *name)
{
	return event->kind == kind && (kind == CTRACE_KIND_SPAN_END ||
				       (event->name.size == strlen(name) &&
					memcmp(event->name.bytes, name, event->name.size) == 0));
}

/* An end has no name of its own; a handler's spans are closed before its thread goes on. */
static bool is_of_handler(const struct recorded_event *event, int *open)
{
	bool is_named = event->name.size == 10 && memcmp(event->name.bytes, "in handler", 10) == 0;

	if (event->kind == CTRACE_KIND_SPAN_END) {
		return *open > 0 && (*open)-- > 0;
	}
	*open += is_named && event->kind == CTRACE_KIND_SPAN_BEGIN;
	return is_named;
}

/* Skips what a jump left out of the stretch, or a full ring did: then "after" must come. */
static void check_own(const struct recorded_event *event, uint32_t *next)
{
	bool is_begun = *next > 0 || stepped_plan.is_first_event;

	if (is_begun && *next < EXPECTED - 2 && is_event(event, CTRACE_KIND_INSTANT, "after")) {
		*next = EXPECTED - 2;
	}
	hold(*next < EXPECTED);
	if (!is_event(event, expected[*next].kind, expected[*next].name)) {
		fprintf(stderr, "event of kind %u, %.*s, in place of %s\n", event->kind,
			(int)event->name.size, event->name.bytes, expected[*next].name);
		hold(!"in order");
	}
	if (*next == 3) {
		hold(event->numbers[0] == 7 && strcmp(event->text, "a text") == 0);
	}
	(*next)++;
}

static struct seen check_trace(struct recorded *recorded)
{
	struct seen seen = {0};
	uint32_t next = 0, own = 0, last_of_handler = 0;
	int open = 0;

	for (uint32_t i = 0; i < recorded->count; i++) {
		const struct recorded_event *event = &recorded->events[i];

		if (is_of_handler(event, &open)) {
			hold(seen.of_handler == 0 || last_of_handler + 1 == i);
			last_of_handler = i;
			seen.handler_at = own;
			seen.of_handler++;
			seen.handler_ends += event->kind == CTRACE_KIND_SPAN_END;
		} else if (event->kind != CTRACE_KIND_LOST &&
			   !is_event(event, CTRACE_KIND_INSTANT, "filler")) {
			check_own(event, &next);
			own++;
		}
	}
	hold(next == EXPECTED || (stepped_plan.is_killed && next > 0));
	hold(recorded->threads_count == 1 && recorded->threads[0].clamped == 0);
	seen.of_stretch = stepped_plan.is_killed && !stepped_plan.kills_itself ? own : own - 2;
	seen.lost = recorded_lost(recorded);
	seen.calls = stepped_calls[0];
	seen.calls_before_handler = stepped_calls[1];
	return seen;
}

/* What `ctrace recover` makes of what is left. */
static void recover(void)
{
	const char *const arguments[] = {
		ctrace_program, "recover",	   "-q", "--delete", stepped_plan.rings,
		"-o",		stepped_plan.path, NULL};
	int status = -1;
	pid_t command;

	hold(posix_spawn(&command, ctrace_program, NULL, NULL, (char *const *)arguments, environ) ==
	     0);
	hold(waitpid(command, &status, 0) == command && status == 0);
	hold(rmdir(stepped_plan.rings) == 0);
}

/* One child, stopped after `steps` instructions. False: the stretch is over by then. */
static bool happen_at(long steps, struct seen *seen)
{
	struct recorded recorded;
	long done;
	pid_t child;

	recorded_path(&recorded);
	snprintf(stepped_plan.path, sizeof(stepped_plan.path), "%s", recorded.path);
	snprintf(stepped_plan.rings, sizeof(stepped_plan.rings), "/dev/shm/ctrace-test-XXXXXX");
	hold(!stepped_plan.is_killed || mkdtemp(stepped_plan.rings) != NULL);
	now_at = steps;
	stepped_calls[0] = stepped_calls[1] = 0;
	child = step_start(stepped_child);
	done = step_over(child, steps);
	hold(done >= 0);
	if (stepped_plan.is_killed) {
		step_release(child, stepped_plan.kills_itself ? SIGUSR1 : SIGKILL);
		hold(step_wait(child) == 256 + SIGKILL);
		recover();
	} else {
		step_release(child, SIGUSR1);
		hold(step_wait(child) == 0);
	}
	recorded_read(&recorded);
	*seen = check_trace(&recorded);
	recorded_free(&recorded);
	return done == steps;
}

/* At every instruction; `check` compares with what was seen one instruction before. */
static void happen_everywhere(void (*handler)(int), int flags,
			      void (*check)(const struct seen *before, const struct seen *now))
{
	struct seen before = {.of_stretch = !stepped_plan.is_first_event}, now;
	const long stride = stepped_plan.can_grow	  ? GROWTH_STRIDE
			    : stepped_plan.is_first_event ? FIRST_EVENT_STRIDE
			    : stepped_plan.is_full	  ? FULL_STRIDE
							  : 1;
	long steps = 0;

	stepped_plan.handler = handler;
	stepped_plan.flags = flags;
	while (steps < STEPS_MAX && happen_at(steps, &now)) {
		check(&before, &now);
		before = now;
		steps += stride;
	}
	hold(steps < STEPS_MAX);
	print_message("%ld instructions\n", steps);
}

/*
 * All is there; the handler's events stand behind those of the calls that had returned, and before
 * those of the calls that were to come.
 */
static void check_traced(const struct seen *before, const struct seen *now)
{
	uint32_t calls = now->calls_before_handler;
	bool is_in_first = stepped_plan.is_first_event && calls == 0;

	(void)before;
	hold(now->of_stretch == OF_STRETCH);
	hold(now->of_handler == STEPPED_OF_HANDLER);
	hold(now->lost == 0);
	hold(now->handler_at >= !is_in_first + attempted[calls]);
	hold(now->handler_at <= 1 + attempted[calls + 1]);
}

/* Every call that returned is in the recovered trace, and at most the one it was in; none lost. */
static void check_killed(const struct seen *before, const struct seen *now)
{
	uint32_t written = now->of_stretch - 1;

	hold(now->of_stretch >= before->of_stretch);
	hold(written == attempted[now->calls] || written == attempted[now->calls + 1]);
	hold(now->lost == 0);
}

static void check_forked(const struct seen *before, const struct seen *now)
{
	(void)before;
	hold(now->of_stretch == OF_STRETCH);
	hold(now->of_handler == 0);
	hold(now->lost == 0);
}

static void check_forked_when_full(const struct seen *before, const struct seen *now)
{
	(void)before;
	hold(now->of_handler == 0);
	hold(now->of_stretch == 1 && now->lost == 4);
}

/* What has returned is written or counted; what was cut off is too, from its claim on. */
static void check_jumped(const struct seen *before, const struct seen *now)
{
	uint64_t tried = now->of_stretch + now->lost - !stepped_plan.is_first_event;

	if (!stepped_plan.is_full) {
		hold(tried >= before->of_stretch + before->lost - !stepped_plan.is_first_event);
		hold(now->of_stretch >= before->of_stretch);
	}
	if (!stepped_plan.is_first_event) {
		hold(tried == attempted[now->calls] || tried == attempted[now->calls + 1]);
	}
}

/* Begins that are lost have no ends: before the stretch one, in it four that find no room. */
static void check_traced_when_full(const struct seen *before, const struct seen *now)
{
	(void)before;
	hold(now->of_stretch == 1);
	hold(now->of_handler - now->handler_ends + now->lost == 4 + 4);
}

/* The claim is given up once before the collector is asked for room, so it may count, not count,
 * and count. */
static void check_jumped_when_full(const struct seen *before, const struct seen *now)
{
	(void)before;
	hold(now->of_stretch == 1 && now->of_handler == 0);
	hold(now->lost == attempted_when_full[now->calls] ||
	     now->lost == attempted_when_full[now->calls + 1]);
}

static void check_traced_and_jumped(const struct seen *before, const struct seen *now)
{
	check_jumped(before, now);
	hold(now->of_handler == 1);
}

/* ---- the cases ---- */

static void a_handler_may_trace_at_every_instruction(void **state)
{
	(void)state;
	happen_everywhere(stepped_trace_in_handler, 0, check_traced);
}

static void also_on_an_alternate_stack(void **state)
{
	(void)state;
	happen_everywhere(stepped_trace_in_handler, SA_ONSTACK, check_traced);
}

static void a_jump_out_of_a_handler_loses_what_it_cut_off_and_counts_it(void **state)
{
	(void)state;
	happen_everywhere(stepped_jump_away, 0, check_jumped);
}

static void also_when_the_handler_traced(void **state)
{
	(void)state;
	happen_everywhere(stepped_trace_and_jump_away, 0, check_traced_and_jumped);
}

static void also_when_it_ran_on_an_alternate_stack(void **state)
{
	(void)state;
	happen_everywhere(stepped_trace_and_jump_away, SA_ONSTACK, check_traced_and_jumped);
}

static void a_threads_first_event_may_be_interrupted_too(void **state)
{
	(void)state;
	stepped_plan.is_first_event = true;
	happen_everywhere(stepped_trace_in_handler, 0, check_traced);
	stepped_plan.is_first_event = false;
}

static void and_be_cut_off(void **state)
{
	(void)state;
	stepped_plan.is_first_event = true;
	happen_everywhere(stepped_jump_away, 0, check_jumped);
	stepped_plan.is_first_event = false;
}

static void a_handler_may_trace_in_a_full_ring(void **state)
{
	(void)state;
	stepped_plan.is_full = true;
	happen_everywhere(stepped_trace_in_handler, 0, check_traced_when_full);
	stepped_plan.is_full = false;
}

static void a_jump_out_of_a_full_ring_counts_each_loss_once(void **state)
{
	(void)state;
	stepped_plan.is_full = true;
	happen_everywhere(stepped_jump_away, 0, check_jumped_when_full);
	stepped_plan.is_full = false;
}

static void step_over_growth(void (*handler)(int),
			     void (*check)(const struct seen *, const struct seen *))
{
	stepped_plan.is_full = stepped_plan.can_grow = true;
	happen_everywhere(handler, 0, check);
	stepped_plan.is_full = stepped_plan.can_grow = false;
}

static void a_handler_may_trace_while_a_ring_grows(void **state)
{
	(void)state;
	step_over_growth(stepped_trace_in_handler, check_traced);
}

static void also_jump_away_from_it(void **state)
{
	(void)state;
	step_over_growth(stepped_jump_away, check_jumped);
}

static void also_fork_in_the_middle_of_it(void **state)
{
	(void)state;
	step_over_growth(stepped_fork_and_go_on, check_forked);
}

static void a_fork_at_every_instruction_leaves_the_parents_trace_alone(void **state)
{
	(void)state;
	happen_everywhere(stepped_fork_plainly, 0, check_forked);
}

static void also_one_without_handlers(void **state)
{
	(void)state;
	happen_everywhere(stepped_fork_without_handlers, 0, check_forked);
}

static void also_one_by_system_call(void **state)
{
	(void)state;
	happen_everywhere(stepped_clone_by_system_call, 0, check_forked);
}

static void the_forked_child_may_go_on_where_its_parent_was_interrupted(void **state)
{
	(void)state;
	happen_everywhere(stepped_fork_and_go_on, 0, check_forked);
}

static void also_without_handlers_once_it_has_traced(void **state)
{
	(void)state;
	happen_everywhere(stepped_fork_without_handlers_and_go_on, 0, check_forked);
}

static void also_when_nothing_told_it_that_it_is_a_child(void **state)
{
	(void)state;
	happen_everywhere(stepped_fork_without_handlers_and_return, 0, check_forked);
}

static void also_when_it_was_made_by_system_call(void **state)
{
	(void)state;
	happen_everywhere(stepped_clone_by_system_call_and_return, 0, check_forked);
}

static void also_in_a_full_ring(void **state)
{
	(void)state;
	stepped_plan.is_full = true;
	happen_everywhere(stepped_clone_by_system_call_and_return, 0, check_forked_when_full);
	stepped_plan.is_full = false;
}

/* Those that are read from outside are not the child's to have as zero pages. */
static void step_over_files(void (*handler)(int), bool can_grow)
{
	if (ctrace_program == NULL) {
		skip();
	}
	stepped_plan.is_killed = stepped_plan.kills_itself = true;
	stepped_plan.is_full = stepped_plan.can_grow = can_grow;
	happen_everywhere(handler, 0, check_forked);
	stepped_plan.is_killed = stepped_plan.kills_itself = false;
	stepped_plan.is_full = stepped_plan.can_grow = false;
}

static void also_where_rings_are_files(void **state)
{
	(void)state;
	step_over_files(stepped_fork_in_files_and_go_on, false);
}

static void also_there_without_handlers(void **state)
{
	(void)state;
	step_over_files(stepped_fork_in_files_without_handlers_and_return, false);
}

static void also_there_while_a_ring_grows(void **state)
{
	(void)state;
	step_over_files(stepped_fork_in_files_without_handlers_and_return, true);
}

static void also_on_an_alternate_stack_and_by_system_call(void **state)
{
	(void)state;
	happen_everywhere(stepped_clone_by_system_call_and_return, SA_ONSTACK, check_forked);
}

static void also_where_a_ring_grows(void **state)
{
	(void)state;
	step_over_growth(stepped_clone_by_system_call_and_return, check_forked);
}

static void a_kill_at_every_instruction_loses_nothing_committed(void **state)
{
	(void)state;
	if (ctrace_program == NULL) {
		skip();
	}
	stepped_plan.is_killed = true;
	happen_everywhere(SIG_DFL, 0, check_killed);
	stepped_plan.is_killed = false;
}

/* recorded_read ends the test by abort: say where we were. */
static void say_where(int number)
{
	char text[64];
	int size = snprintf(text, sizeof(text), "after %ld instructions\n", now_at);

	if (write(STDERR_FILENO, text, (size_t)size) == size) {
		signal(number, SIG_DFL);
	}
}

static void also_while_a_ring_in_a_directory_grows(void **state)
{
	(void)state;
	if (ctrace_program == NULL) {
		skip();
	}
	stepped_plan.is_killed = true;
	step_over_growth(SIG_DFL, check_killed);
	stepped_plan.is_killed = false;
}

/* The command `ctrace`, for what it recovers; a pattern of tests, * for any letters. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_at_every_instruction_loses_nothing_committed),
		cmocka_unit_test(also_while_a_ring_in_a_directory_grows),
		cmocka_unit_test(a_handler_may_trace_at_every_instruction),
		cmocka_unit_test(also_on_an_alternate_stack),
		cmocka_unit_test(a_jump_out_of_a_handler_loses_what_it_cut_off_and_counts_it),
		cmocka_unit_test(also_when_the_handler_traced),
		cmocka_unit_test(also_when_it_ran_on_an_alternate_stack),
		cmocka_unit_test(a_threads_first_event_may_be_interrupted_too),
		cmocka_unit_test(and_be_cut_off),
		cmocka_unit_test(a_handler_may_trace_in_a_full_ring),
		cmocka_unit_test(a_jump_out_of_a_full_ring_counts_each_loss_once),
		cmocka_unit_test(a_handler_may_trace_while_a_ring_grows),
		cmocka_unit_test(also_jump_away_from_it),
		cmocka_unit_test(also_fork_in_the_middle_of_it),
		cmocka_unit_test(a_fork_at_every_instruction_leaves_the_parents_trace_alone),
		cmocka_unit_test(also_one_without_handlers),
		cmocka_unit_test(also_one_by_system_call),
		cmocka_unit_test(the_forked_child_may_go_on_where_its_parent_was_interrupted),
		cmocka_unit_test(also_without_handlers_once_it_has_traced),
		cmocka_unit_test(also_when_nothing_told_it_that_it_is_a_child),
		cmocka_unit_test(also_when_it_was_made_by_system_call),
		cmocka_unit_test(also_on_an_alternate_stack_and_by_system_call),
		cmocka_unit_test(also_where_a_ring_grows),
		cmocka_unit_test(also_in_a_full_ring),
		cmocka_unit_test(also_where_rings_are_files),
		cmocka_unit_test(also_there_without_handlers),
		cmocka_unit_test(also_there_while_a_ring_grows),
	};

	if (!step_is_possible()) {
		fprintf(stderr, "no single steps here\n");
		return 77;
	}
	ctrace_program = argc > 1 ? argv[1] : NULL;
	if (argc > 2) {
		cmocka_set_test_filter(argv[2]);
	}
	signal(SIGABRT, say_where);
	stepped_calls = mmap(NULL, 2 * sizeof(*stepped_calls), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stepped_calls == MAP_FAILED) {
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
