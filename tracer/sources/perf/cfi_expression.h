/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CFI_EXPRESSION_H
#define CTRACE_CFI_EXPRESSION_H

/* The small programs by which call frame information finds a caller. */

#include "tracer/sources/perf/cfi_state.h"

/* An operation of DWARF: DW_OP_… and its numbers, as libdw has them. */
struct ctrace_cfi_operation {
	uint8_t atom;
	uint64_t number, number2;
};

/*
 * Run an expression. `cfa` is the canonical frame address, for expressions that
 * use it. The result is where the value stands, or the value itself, which is what *value gets in
 * both cases. False: an operation or register we do not know, or memory that was not copied.
 */
bool ctrace_cfi_value(const struct ctrace_cfi_state *state,
		      const struct ctrace_cfi_operation *operations, size_t count, uint64_t cfa,
		      uint64_t *value);
/* The same for the frame address, which is the result itself. */
bool ctrace_cfi_address(const struct ctrace_cfi_state *state,
			const struct ctrace_cfi_operation *operations, size_t count,
			uint64_t *address);

#endif
