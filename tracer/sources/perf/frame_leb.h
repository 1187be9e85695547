/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FRAME_LEB_H
#define CTRACE_FRAME_LEB_H

/* DWARF's numbers of any length (LEB128), which unlike the trace's need not be as short as they
 * can. */

#include "format/wire.h"

static inline uint64_t ctrace_leb_read(struct ctrace_wire *wire, unsigned *bits)
{
	uint64_t value = 0;
	uint8_t byte = 0x80;

	for (*bits = 0; (byte & 0x80) != 0 && wire->fault == CTRACE_WIRE_GOOD; *bits += 7) {
		byte = ctrace_wire_u8(wire);
		value |= *bits < 64 ? (uint64_t)(byte & 0x7f) << *bits : 0;
	}
	return value;
}

static inline uint64_t ctrace_leb_unsigned(struct ctrace_wire *wire)
{
	unsigned bits;

	return ctrace_leb_read(wire, &bits);
}

static inline int64_t ctrace_leb_signed(struct ctrace_wire *wire)
{
	unsigned bits;
	uint64_t value = ctrace_leb_read(wire, &bits);

	if (bits > 0 && bits < 64 && (value >> (bits - 1) & 1) != 0) {
		value |= UINT64_MAX << bits;
	}
	return (int64_t)value;
}

#endif
