/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_BUDGET_H
#define CTRACE_RING_BUDGET_H

/*
 * What all rings of the process may take together. Beyond it no ring is made and
 * none grows; the events are counted as lost.
 *
 * All calls: Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */

#include <stdbool.h>
#include <stddef.h>

void ctrace_ring_budget_set(size_t bytes);

/* False, and nothing taken, if it would be more than the bound. */
bool ctrace_ring_budget_take(size_t bytes);
void ctrace_ring_budget_give(size_t bytes);

/* Taken now. */
size_t ctrace_ring_budget_taken(void);

/* In a forked child: none of it is ours. */
void ctrace_ring_budget_fork_child(void);

#endif
