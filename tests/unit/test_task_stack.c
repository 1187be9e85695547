/* SPDX-License-Identifier: MIT */
/* Which task a thread works for, as scopes nest and leaves go astray. */

#include "tests/unit/unit.h"
#include "viewer-server/model/threads/task_stack.h"

static void a_thread_works_for_none_at_first(void **state)
{
	struct ctrace_task_stack stack = {0};

	(void)state;
	assert_int_equal(ctrace_task_stack_current(&stack), 0);
	ctrace_task_stack_leave(&stack, 7);
	assert_int_equal(ctrace_task_stack_current(&stack), 0);
	ctrace_task_stack_finish(&stack);
}

static void the_outer_task_is_back_after_the_inner_is_left(void **state)
{
	struct ctrace_task_stack stack = {0};

	(void)state;
	assert_true(ctrace_task_stack_enter(&stack, 1));
	assert_true(ctrace_task_stack_enter(&stack, 2));
	assert_int_equal(ctrace_task_stack_current(&stack), 2);
	ctrace_task_stack_leave(&stack, 2);
	assert_int_equal(ctrace_task_stack_current(&stack), 1);
	ctrace_task_stack_finish(&stack);
}

static void leaving_an_outer_task_first_keeps_the_inner(void **state)
{
	struct ctrace_task_stack stack = {0};

	(void)state;
	assert_true(ctrace_task_stack_enter(&stack, 1));
	assert_true(ctrace_task_stack_enter(&stack, 2));
	ctrace_task_stack_leave(&stack, 1);
	assert_int_equal(ctrace_task_stack_current(&stack), 2);
	ctrace_task_stack_leave(&stack, 2);
	assert_int_equal(ctrace_task_stack_current(&stack), 0);
	ctrace_task_stack_finish(&stack);
}

static void entries_past_the_limit_are_not_kept(void **state)
{
	struct ctrace_task_stack stack = {0};

	(void)state;
	for (uint64_t id = 1; id <= CTRACE_ENTERED_TASKS_MAX + 1; id++) {
		assert_true(ctrace_task_stack_enter(&stack, id));
	}
	assert_int_equal(ctrace_task_stack_current(&stack), CTRACE_ENTERED_TASKS_MAX);
	ctrace_task_stack_finish(&stack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_works_for_none_at_first),
		cmocka_unit_test(the_outer_task_is_back_after_the_inner_is_left),
		cmocka_unit_test(leaving_an_outer_task_first_keeps_the_inner),
		cmocka_unit_test(entries_past_the_limit_are_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
