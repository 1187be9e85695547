/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CLOCK_ARM64_H
#define CTRACE_CLOCK_ARM64_H

/* The generic timer's virtual count: 1 GHz from v8.6 on, 19 to 100 MHz before. No isb, as no fence
 * on x86. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/kinds.h"

#define CTRACE_COUNTER_KIND CTRACE_CLOCK_ARM

static inline uint64_t ctrace_counter_read(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}

static inline bool ctrace_counter_is_invariant(void)
{
	return true;
}

static inline const char *const *ctrace_counter_sources(void)
{
	static const char *const sources[] = {"arch_sys_counter", 0};

	return sources;
}

static inline uint64_t ctrace_counter_nominal(void)
{
	uint64_t frequency;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	return frequency;
}

static inline uintptr_t ctrace_stack_pointer(void)
{
	uintptr_t here;

	__asm__ volatile("mov %0, sp" : "=r"(here));
	return here;
}

static inline void ctrace_stack_note(_Atomic uintptr_t *at)
{
	atomic_store_explicit(at, ctrace_stack_pointer(), memory_order_relaxed);
}

#endif
