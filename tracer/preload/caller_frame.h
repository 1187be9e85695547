/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_CALLER_FRAME_H
#define CTRACE_PRELOAD_CALLER_FRAME_H

/*
 * Where the program stands that has called one of our wrappers. The rare half of a wrapper is
 * jumped to, so that its caller is the program and not the wrapper:
 *
 *     CTRACE_RARE int rare_half(int x)
 *     {
 *             const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
 *             …
 *     }
 *
 *     CTRACE_WRAPPER CTRACE_JUMPS int function(int x)
 *     {
 *             …
 *             CTRACE_JUMP_TO rare_half(x);
 *     }
 *
 * Where a compiler makes a call of the jump nothing breaks: the innermost function is then ours.
 */

#include <stdint.h>

/* Registers as they are once the call has returned. */
struct ctrace_caller_frame {
	uintptr_t caller, stack_pointer, frame_pointer;
};

#if defined(__clang__)
#define CTRACE_JUMP_TO __attribute__((musttail)) return
#define CTRACE_JUMPS
#else
#define CTRACE_JUMP_TO return
#define CTRACE_JUMPS   __attribute__((optimize("O2")))
#endif

#define CTRACE_RARE __attribute__((noinline)) static

/* Of the function that uses it: it then keeps a frame pointer, above which its caller stood. */
#define CTRACE_FRAME_OF_CALLER()                                                                   \
	{                                                                                          \
		.caller = ((const uintptr_t *)__builtin_frame_address(0))[1],                      \
		.stack_pointer = (uintptr_t)__builtin_frame_address(0) + 2 * sizeof(uintptr_t),    \
		.frame_pointer = ((const uintptr_t *)__builtin_frame_address(0))[0],               \
	}

#endif
