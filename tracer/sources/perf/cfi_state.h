/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CFI_STATE_H
#define CTRACE_CFI_STATE_H

/* What a thread was made of when a sample was taken, as far as it was copied; and what becomes of
 * it on the way to its callers. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of x86-64's registers in DWARF. */
#define CTRACE_CFI_FRAME_POINTER  6u
#define CTRACE_CFI_STACK_POINTER  7u
#define CTRACE_CFI_RETURN_ADDRESS 16u

/* A copy of the stack, and the three registers that unwinding needs. */
struct ctrace_cfi_state {
	uint64_t instruction, frame_pointer, stack_pointer;
	/* Of a thread that slept, nobody tells it; until a frame is met in which it was saved. */
	bool lacks_frame_pointer;
	const uint8_t *stack; /* what lay at `stack_begin`; borrows */
	uint64_t stack_begin, stack_size;
};

/* The eight bytes at an address. False: they were not copied. */
bool ctrace_cfi_read(const struct ctrace_cfi_state *state, uint64_t address, uint64_t *value);

enum ctrace_cfi_result {
	CTRACE_CFI_CALLER,	/* the state is the caller's */
	CTRACE_CFI_INTERRUPTED, /* the same, and the caller was interrupted: a signal's frame */
	CTRACE_CFI_OUTERMOST,	/* there is no caller */
	CTRACE_CFI_UNKNOWN,	/* no information, or the stack was not copied so far */
	CTRACE_CFI_LACKING,	/* the way there goes by the frame pointer, which is lacking */
};

#endif
