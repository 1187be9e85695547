/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_WIRE_H
#define CTRACE_WIRE_H

/*
 * Numbers as bytes and back (SPEC 2). Every read of untrusted bytes goes
 * through struct ctrace_wire, which knows its end: lengths from a file are
 * never added or multiplied anywhere else.
 *
 *     struct ctrace_wire wire = ctrace_wire_over(bytes, size);
 *     id = ctrace_wire_varint(&wire);
 *     text = ctrace_wire_bytes(&wire, &text_size);
 *     if (wire.fault != CTRACE_WIRE_GOOD) …     wire.at is where it broke
 *
 * A fault sticks: later reads give 0 and do not move. So one test after many
 * reads is enough.
 *
 * The put calls do not check: their callers reserve the most a call can write.
 */

#include "format/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What ctrace_put_varint may touch, however short its number turns out. */
#define CTRACE_VARINT_ROOM 16u

enum ctrace_wire_fault {
	CTRACE_WIRE_GOOD,
	CTRACE_WIRE_SHORT,     /* the bytes end inside the value */
	CTRACE_WIRE_LONG_FORM, /* a varint not in its shortest form */
	CTRACE_WIRE_TOO_BIG,   /* a varint of more than 64 bits */
};

struct ctrace_wire {
	const uint8_t *at, *end;
	enum ctrace_wire_fault fault;
};

/* What a fault is called in an error's text. */
const char *ctrace_wire_fault_name(enum ctrace_wire_fault fault);

static inline struct ctrace_wire ctrace_wire_over(const uint8_t *bytes, size_t size)
{
	return (struct ctrace_wire){.at = bytes, .end = bytes + size};
}

static inline size_t ctrace_wire_left(const struct ctrace_wire *wire)
{
	return (size_t)(wire->end - wire->at);
}

static inline uint64_t ctrace_wire_fail(struct ctrace_wire *wire, enum ctrace_wire_fault fault)
{
	if (wire->fault == CTRACE_WIRE_GOOD) {
		wire->fault = fault;
	}
	return 0;
}

/* The next `size` bytes as they stand, or NULL. */
static inline const uint8_t *ctrace_wire_take(struct ctrace_wire *wire, uint64_t size)
{
	const uint8_t *bytes = wire->at;

	if (wire->fault != CTRACE_WIRE_GOOD || size > ctrace_wire_left(wire)) {
		ctrace_wire_fail(wire, CTRACE_WIRE_SHORT);
		return NULL;
	}
	wire->at += size;
	return bytes;
}

static inline uint64_t ctrace_get_le(const uint8_t *bytes, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = size; i-- > 0;) {
		value = value << 8 | bytes[i];
	}
	return value;
}

static inline uint64_t ctrace_wire_le(struct ctrace_wire *wire, unsigned size)
{
	const uint8_t *bytes = ctrace_wire_take(wire, size);

	return bytes == NULL ? 0 : ctrace_get_le(bytes, size);
}

static inline uint8_t ctrace_wire_u8(struct ctrace_wire *wire)
{
	return (uint8_t)ctrace_wire_le(wire, 1);
}

static inline uint16_t ctrace_wire_u16(struct ctrace_wire *wire)
{
	return (uint16_t)ctrace_wire_le(wire, 2);
}

static inline uint32_t ctrace_wire_u32(struct ctrace_wire *wire)
{
	return (uint32_t)ctrace_wire_le(wire, 4);
}

static inline uint64_t ctrace_wire_u64(struct ctrace_wire *wire)
{
	return ctrace_wire_le(wire, 8);
}

/* Varints of two bytes and more. */
uint64_t ctrace_wire_varint_slow(struct ctrace_wire *wire);

static inline uint64_t ctrace_wire_varint(struct ctrace_wire *wire)
{
	if (wire->at < wire->end && *wire->at < 0x80 && wire->fault == CTRACE_WIRE_GOOD) {
		return *wire->at++;
	}
	return ctrace_wire_varint_slow(wire);
}

/*
 * The varint at `at`, where eight bytes can be read, and its end; NULL if it
 * is longer than that or not in its shortest form. Without a branch between one byte and two, nor
 * between the longer ones, for columns whose lengths change at random.
 */
static inline const uint8_t *ctrace_get_varint_8(const uint8_t *at, uint64_t *value)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
		word = __builtin_bswap64(word);
	}
	uint64_t stops = ~word & UINT64_C(0x8080808080808080);
	if (__builtin_expect(stops == 0, 0)) {
		return NULL;
	}
	/* One byte or two, which sites and the times of busy threads are. */
	if (__builtin_expect((stops & 0x8080) != 0, 1)) {
		unsigned has_more = (unsigned)word >> 7 & 1;
		unsigned is_more = (word & 0x7f00) != 0;
		if (__builtin_expect(has_more > is_more, 0)) {
			return NULL;
		}
		*value = (word & 0x7f) | (word >> 1 & 0x3f80 & -(uint64_t)has_more);
		return at + 1 + has_more;
	}
	/* All bits up to the stop bit of the last byte. */
	uint64_t mask = stops ^ (stops - 1);
	unsigned size = ((unsigned)__builtin_ctzll(stops) + 1) / 8;
	word &= mask;
	if (__builtin_expect(size > 1 && word >> (8 * (size - 1)) == 0, 0)) {
		return NULL;
	}
	word &= UINT64_C(0x7f7f7f7f7f7f7f7f);
	/* Seven bits to the byte become one number: pairs, fours, eights. */
	word = (word & UINT64_C(0x007f007f007f007f)) | (word & UINT64_C(0x7f007f007f007f00)) >> 1;
	word = (word & UINT64_C(0x00003fff00003fff)) | (word & UINT64_C(0x3fff00003fff0000)) >> 2;
	*value = (word & 0xfffffff) | (word & UINT64_C(0x0fffffff00000000)) >> 4;
	return at + size;
}

static inline int64_t ctrace_zigzag_decode(uint64_t value)
{
	return (int64_t)(value >> 1 ^ -(value & 1));
}

static inline uint64_t ctrace_zigzag_encode(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t ctrace_wire_zigzag(struct ctrace_wire *wire)
{
	return ctrace_zigzag_decode(ctrace_wire_varint(wire));
}

/* A varint length and that many bytes. */
static inline const uint8_t *ctrace_wire_bytes(struct ctrace_wire *wire, uint64_t *size)
{
	*size = ctrace_wire_varint(wire);
	return ctrace_wire_take(wire, *size);
}

/* The same as a cursor of its own, which is faulty if this one is. */
static inline struct ctrace_wire ctrace_wire_row(struct ctrace_wire *wire)
{
	uint64_t size;
	const uint8_t *bytes = ctrace_wire_bytes(wire, &size);
	struct ctrace_wire row = {.at = wire->at, .end = wire->at, .fault = wire->fault};

	if (bytes != NULL) {
		row.at = bytes;
	}
	return row;
}

static inline uint8_t *ctrace_put_le(uint8_t *at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		at[i] = (uint8_t)(value >> 8 * i);
	}
	return at + size;
}

/* One store where the processor is little-endian, as all we know are. */
static inline uint8_t *ctrace_put_u64(uint8_t *at, uint64_t value)
{
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
		value = __builtin_bswap64(value);
	}
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static inline unsigned ctrace_varint_size(uint64_t value)
{
	unsigned top_bit = 63u - (unsigned)__builtin_clzll(value | 1);

	return (top_bit * 9 + 73) / 64;
}

uint8_t *ctrace_put_varint_long(uint8_t *at, uint64_t value); /* any value */

/* Three to ten bytes. Branch-free below 2^56: at random lengths a loop would mispredict every third
 * number. */
static inline uint8_t *ctrace_put_varint_wide(uint8_t *at, uint64_t value)
{
	if (__builtin_expect(value >> 56 != 0, 0)) {
		return ctrace_put_varint_long(at, value);
	}
	unsigned size = ctrace_varint_size(value);
	uint64_t more = UINT64_C(0x8080808080808080) & ((UINT64_C(1) << 8 * (size - 1)) - 1);

	/* Seven bits to the byte: first two halves of 28, then four of 14, then eight of 7. */
	value = (value & 0xfffffffu) | (value & UINT64_C(0xfffffff0000000)) << 4;
	value = (value & UINT64_C(0x00003fff00003fff)) | (value & UINT64_C(0x0fffc0000fffc000))
								 << 2;
	value = (value & UINT64_C(0x007f007f007f007f)) | (value & UINT64_C(0x3f803f803f803f80))
								 << 1;
	value |= more;
	ctrace_put_u64(at, value);
	return at + size;
}

/*
 * Writes the varint and returns its end; may touch CTRACE_VARINT_ROOM bytes.
 * One byte or two, which sites and the times of busy threads are, without a branch between the two.
 */
static inline uint8_t *ctrace_put_varint(uint8_t *at, uint64_t value)
{
	if (__builtin_expect(value >= 1u << 14, 0)) {
		return ctrace_put_varint_wide(at, value);
	}
	unsigned has_more = value > 0x7f;
	at[0] = (uint8_t)(value | has_more << 7);
	at[1] = (uint8_t)(value >> 7);
	return at + 1 + has_more;
}

#endif
