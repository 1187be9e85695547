/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TASK_STACK_H
#define CTRACE_TASK_STACK_H

/*
 * Which task a thread works for: task_enter and task_leave nest like scopes, and a leave may
 * come out of order. The model and the Chrome JSON encoder both ask this, so they agree.
 *
 * Thread: any, one per stream.  Allocates: enter only.
 */

#include <stdbool.h>
#include <stdint.h>

/* Entered tasks beyond this are not kept: a stack that deep was never left. */
#define CTRACE_ENTERED_TASKS_MAX 1024u

/* All zero is empty. Undo with ctrace_task_stack_finish. */
struct ctrace_task_stack {
	uint64_t *ids; /* owned */
	uint32_t count, room;
};

/* False: no memory. */
bool ctrace_task_stack_enter(struct ctrace_task_stack *stack, uint64_t id);
/* Takes away the innermost entry of that id; nothing if there is none. */
void ctrace_task_stack_leave(struct ctrace_task_stack *stack, uint64_t id);
/* The innermost task; 0: none. */
static inline uint64_t ctrace_task_stack_current(const struct ctrace_task_stack *stack)
{
	return stack->count > 0 ? stack->ids[stack->count - 1] : 0;
}
void ctrace_task_stack_finish(struct ctrace_task_stack *stack);

#endif
