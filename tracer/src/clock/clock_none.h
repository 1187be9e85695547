/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CLOCK_NONE_H
#define CTRACE_CLOCK_NONE_H

/* A processor whose counter we do not know: always the kernel's clock. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/kinds.h"

#define CTRACE_COUNTER_KIND CTRACE_CLOCK_MONOTONIC_RAW

static inline uint64_t ctrace_counter_read(void)
{
	return 0;
}

static inline bool ctrace_counter_is_invariant(void)
{
	return false;
}

static inline const char *const *ctrace_counter_sources(void)
{
	static const char *const sources[] = {0};

	return sources;
}

static inline uint64_t ctrace_counter_nominal(void)
{
	return 0;
}

static inline uintptr_t ctrace_stack_pointer(void)
{
	return (uintptr_t)__builtin_frame_address(0);
}

static inline void ctrace_stack_note(_Atomic uintptr_t *at)
{
	atomic_store_explicit(at, ctrace_stack_pointer(), memory_order_relaxed);
}

#endif
