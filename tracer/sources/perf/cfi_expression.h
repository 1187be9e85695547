/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CFI_EXPRESSION_H
#define CTRACE_CFI_EXPRESSION_H

/*
 * What a thread was made of when a sample was taken, as far as it was copied, and
 * the small programs by which call frame information finds the caller in it.
 */

#include <elfutils/libdw.h>
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
	const uint8_t *stack; /* what lay at `stack_begin`; borrows */
	uint64_t stack_begin, stack_size;
};

/* The eight bytes at an address. False: they were not copied. */
bool ctrace_cfi_read(const struct ctrace_cfi_state *state, uint64_t address, uint64_t *value);

/*
 * Run an expression as libdw gives it. `cfa` is the canonical frame address, for expressions that
 * use it. The result is where the value stands, or the value itself, which is what *value gets in
 * both cases. False: an operation or register we do not know, or memory that was not copied.
 */
bool ctrace_cfi_value(const struct ctrace_cfi_state *state, const Dwarf_Op *operations,
		      size_t count, uint64_t cfa, uint64_t *value);
/* The same for the frame address, which is the result itself. */
bool ctrace_cfi_address(const struct ctrace_cfi_state *state, const Dwarf_Op *operations,
			size_t count, uint64_t *address);

#endif
