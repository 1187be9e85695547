/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CLOCK_X86_H
#define CTRACE_CLOCK_X86_H

/* The time stamp counter. No fence: 9.5 ns instead of 42, and the order within a thread holds
 * anyway. */

#include <cpuid.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <x86intrin.h>

#include "format/kinds.h"

#define CTRACE_COUNTER_KIND CTRACE_CLOCK_TSC

static inline uint64_t ctrace_counter_read(void)
{
	return __rdtsc();
}

/* Does the processor promise that it runs at one speed, in every power state? */
static inline bool ctrace_counter_is_invariant(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007u, &a, &b, &c, &d) != 0 && (d & (1u << 8)) != 0;
}

/* Is this clock source of the kernel derived from the counter, and the same on all processors? */
static inline const char *const *ctrace_counter_sources(void)
{
	static const char *const sources[] = {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", 0};

	return sources;
}

/* The counter's nominal speed if the processor says it, else 0. */
static inline uint64_t ctrace_counter_nominal(void)
{
	return 0;
}

static inline uintptr_t ctrace_stack_pointer(void)
{
	uintptr_t here;

	__asm__ volatile("mov %%rsp, %0" : "=r"(here));
	return here;
}

/* Store it: one instruction, where a load into a register and a store are two. */
static inline void ctrace_stack_note(_Atomic uintptr_t *at)
{
	__asm__ volatile("mov %%rsp, %0" : "=m"(*at));
}

#endif
