/* SPDX-License-Identifier: MIT */
/* The rare halves of wire.h: numbers of several bytes, and names of faults. */

#include "format/wire.h"

const char *ctrace_wire_fault_name(enum ctrace_wire_fault fault)
{
	switch (fault) {
	case CTRACE_WIRE_GOOD:
		return "good";
	case CTRACE_WIRE_SHORT:
		return "ends too early";
	case CTRACE_WIRE_LONG_FORM:
		return "varint is not in its shortest form";
	case CTRACE_WIRE_TOO_BIG:
		return "varint is over 64 bits";
	}
	return "faulty";
}

/* The byte that ends a varint: it may not be an idle zero, nor reach past bit 63. */
static enum ctrace_wire_fault judge_last(uint8_t byte, unsigned index)
{
	if (index > 0 && byte == 0) {
		return CTRACE_WIRE_LONG_FORM;
	}
	if (index == CTRACE_VARINT_BYTES_MAX - 1 && byte > 1) {
		return CTRACE_WIRE_TOO_BIG;
	}
	return CTRACE_WIRE_GOOD;
}

uint64_t ctrace_wire_varint_slow(struct ctrace_wire *wire)
{
	size_t left = ctrace_wire_left(wire);
	uint64_t value = 0;

	if (wire->fault != CTRACE_WIRE_GOOD) {
		return 0;
	}
	for (unsigned i = 0; i < CTRACE_VARINT_BYTES_MAX; i++) {
		if (i == left) {
			return ctrace_wire_fail(wire, CTRACE_WIRE_SHORT);
		}
		uint8_t byte = wire->at[i];
		value |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte < 0x80) {
			wire->fault = judge_last(byte, i);
			if (wire->fault != CTRACE_WIRE_GOOD) {
				return 0;
			}
			wire->at += i + 1;
			return value;
		}
	}
	return ctrace_wire_fail(wire, CTRACE_WIRE_TOO_BIG);
}

uint8_t *ctrace_put_varint_long(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}
