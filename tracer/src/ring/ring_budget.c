/* SPDX-License-Identifier: MIT */

/* See ring_budget.h. */

#include "tracer/src/ring/ring_budget.h"

#include "tracer/src/limits.h"

#include <stdatomic.h>

static _Atomic size_t bound = (size_t)CTRACE_MEMORY_MB_DEFAULT << 20;
static _Atomic size_t taken;

void ctrace_ring_budget_set(size_t bytes)
{
	atomic_store_explicit(&bound, bytes, memory_order_relaxed);
}

bool ctrace_ring_budget_take(size_t bytes)
{
	size_t before = atomic_fetch_add_explicit(&taken, bytes, memory_order_relaxed);

	if (before + bytes <= atomic_load_explicit(&bound, memory_order_relaxed)) {
		return true;
	}
	ctrace_ring_budget_give(bytes);
	return false;
}

void ctrace_ring_budget_give(size_t bytes)
{
	atomic_fetch_sub_explicit(&taken, bytes, memory_order_relaxed);
}

size_t ctrace_ring_budget_taken(void)
{
	return atomic_load_explicit(&taken, memory_order_relaxed);
}

void ctrace_ring_budget_fork_child(void)
{
	atomic_store_explicit(&taken, 0, memory_order_relaxed);
}
