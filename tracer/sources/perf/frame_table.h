/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FRAME_TABLE_H
#define CTRACE_FRAME_TABLE_H

/*
 * Call frame information read by hand: from the sections .eh_frame_hdr and .eh_frame of
 * a file of x86-64, as the Linux Standard Base and DWARF lay them out, for programs in which no
 * library shall be loaded. No byte is trusted.
 *
 *     ctrace_frame_find(&bytes, address, &row)     what is said of the code at this address
 *       ctrace_frame_step(&row, &state)            the state becomes the caller's
 *
 * tests/unit/test_frame_table.c holds it against elfutils, address by address.
 */

#include "tracer/sources/perf/cfi_state.h"

/* Both sections, and what may lie between them, as they are in the file. */
struct ctrace_frame_bytes {
	const uint8_t *bytes; /* NULL: there is none */
	uint64_t address;     /* of the first byte, as the file counts */
	uint64_t size;
	uint64_t header; /* address of .eh_frame_hdr */
};

enum ctrace_frame_rule_kind {
	CTRACE_FRAME_SAME,	 /* the caller's is ours */
	CTRACE_FRAME_UNDEFINED,	 /* there is none */
	CTRACE_FRAME_OFFSET,	 /* it was saved at the frame address + offset */
	CTRACE_FRAME_VAL_OFFSET, /* it is the frame address + offset */
	CTRACE_FRAME_REGISTER,	 /* it is a register + offset */
	CTRACE_FRAME_EXPRESSION, /* it was saved where the expression says */
	CTRACE_FRAME_VAL_EXPRESSION,
};

struct ctrace_frame_rule {
	enum ctrace_frame_rule_kind kind;
	uint32_t number; /* of a register; or an expression's size */
	int64_t offset;
	const uint8_t *expression; /* borrows of the bytes */
};

struct ctrace_frame_way {
	struct ctrace_frame_rule frame_address; /* REGISTER or VAL_EXPRESSION */
	struct ctrace_frame_rule frame_pointer, stack_pointer, return_address;
	bool is_signal; /* its caller was interrupted */
};

/* False: nothing is said of it, or what is said cannot be understood. Allocates: no. */
bool ctrace_frame_find(const struct ctrace_frame_bytes *bytes, uint64_t address,
		       struct ctrace_frame_way *row);

/* The state stays as it is unless there is a caller. Allocates: no. */
enum ctrace_cfi_result ctrace_frame_step(const struct ctrace_frame_way *row,
					 struct ctrace_cfi_state *state);

#endif
