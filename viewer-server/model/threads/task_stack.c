/* SPDX-License-Identifier: MIT */
/* The stack grows with use: most threads enter one task at a time, most streams none. */

#include "viewer-server/model/threads/task_stack.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct ctrace_task_stack *stack)
{
	uint32_t room = stack->room == 0 ? 8 : stack->room * 2;
	uint64_t *ids = realloc(stack->ids, room * sizeof(*ids));

	if (ids == NULL) {
		return false;
	}
	stack->ids = ids;
	stack->room = room;
	return true;
}

bool ctrace_task_stack_enter(struct ctrace_task_stack *stack, uint64_t id)
{
	if (stack->count == CTRACE_ENTERED_TASKS_MAX) {
		return true;
	}
	if (stack->count == stack->room && !grow(stack)) {
		return false;
	}
	stack->ids[stack->count++] = id;
	return true;
}

void ctrace_task_stack_leave(struct ctrace_task_stack *stack, uint64_t id)
{
	uint32_t i = stack->count;

	while (i > 0 && stack->ids[i - 1] != id) {
		i--;
	}
	if (i > 0) {
		memmove(&stack->ids[i - 1], &stack->ids[i],
			(stack->count - i) * sizeof(*stack->ids));
		stack->count--;
	}
}

void ctrace_task_stack_finish(struct ctrace_task_stack *stack)
{
	free(stack->ids);
	*stack = (struct ctrace_task_stack){0};
}
