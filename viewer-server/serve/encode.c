/* SPDX-License-Identifier: MIT */
/* One function per column list of API.md's tile table. */

#include "viewer-server/serve/encode.h"

#include <string.h>

#define MAGIC		  0x5443u
#define VERSION		  1u
#define TYPE_TILES	  1u
#define TILE_HEADER_BYTES 32u
#define FLAG_DENSE	  1u
#define FLAG_LONG_UNIT	  2u

/* Where the next value goes; `from` is a multiple of 8 in the message. */
struct pen {
	uint8_t *from, *at;
};

static void put_u16(struct pen *pen, uint16_t value)
{
	pen->at[0] = (uint8_t)value;
	pen->at[1] = (uint8_t)(value >> 8);
	pen->at += 2;
}

static void put_u32(struct pen *pen, uint32_t value)
{
	put_u16(pen, (uint16_t)value);
	put_u16(pen, (uint16_t)(value >> 16));
}

static void put_f64(struct pen *pen, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	put_u32(pen, (uint32_t)bits);
	put_u32(pen, (uint32_t)(bits >> 32));
}

static void pad(struct pen *pen)
{
	while ((size_t)(pen->at - pen->from) % 8 != 0) {
		*pen->at++ = 0;
	}
}

/* A column: `value` of every element of `array` as `item`, then padding to 8 bytes. */
#define COLUMN(pen, put, count, item, array, value)                                                \
	do {                                                                                       \
		for (uint32_t i_ = 0; i_ < (count); i_++) {                                        \
			item = &(array)[i_];                                                       \
			put((pen), (value));                                                       \
		}                                                                                  \
		pad(pen);                                                                          \
	} while (0)

static double real_duration(const struct ctrace_tile_real *real)
{
	return (real->flags & CTRACE_REAL_UNFINISHED) != 0 ? -1 : (double)real->duration;
}

static void put_reals(struct pen *pen, const struct ctrace_tile *tile)
{
	const struct ctrace_tile_real *r;
	COLUMN(pen, put_f64, tile->real_count, r, tile->real, (double)r->start);
	COLUMN(pen, put_f64, tile->real_count, r, tile->real, real_duration(r));
	COLUMN(pen, put_u32, tile->real_count, r, tile->real, r->index);
	COLUMN(pen, put_u32, tile->real_count, r, tile->real, r->name);
	COLUMN(pen, put_u16, tile->real_count, r, tile->real, r->flags);
}

/* What is not nothing is seen, and what is not full is not drawn as full. */
static uint16_t coverage(uint64_t busy, uint8_t level)
{
	uint64_t width = UINT64_C(1) << level;
	if (busy == 0 || busy >= width) {
		return busy == 0 ? 0 : 65535;
	}
	double share = (double)busy / (double)width * 65535.0 + 0.5;
	return share < 1 ? 1 : share > 65534 ? 65534 : (uint16_t)share;
}

static uint32_t longest(uint64_t ns, bool is_long_unit)
{
	uint64_t value = is_long_unit ? (ns + 1023) / 1024 : ns;
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static bool has_long_unit(const struct ctrace_tile *tile)
{
	for (uint32_t i = 0; i < tile->bucket_count; i++) {
		if (tile->buckets[i].longest > UINT32_MAX) {
			return true;
		}
	}
	return false;
}

static void put_positions(struct pen *pen, const struct ctrace_tile *tile, uint16_t flags)
{
	const struct ctrace_tile_bucket *b;
	if ((flags & FLAG_DENSE) == 0) {
		COLUMN(pen, put_u16, tile->bucket_count, b, tile->buckets, b->position);
	}
}

static void put_span_buckets(struct pen *pen, const struct ctrace_tile *tile, uint16_t flags)
{
	bool is_long = (flags & FLAG_LONG_UNIT) != 0;
	uint32_t m = tile->bucket_count;
	const struct ctrace_tile_bucket *b;
	put_positions(pen, tile, flags);
	COLUMN(pen, put_u16, m, b, tile->buckets, coverage(b->busy, tile->level));
	COLUMN(pen, put_u32, m, b, tile->buckets, b->count);
	COLUMN(pen, put_u32, m, b, tile->buckets, longest(b->longest, is_long));
	COLUMN(pen, put_u32, m, b, tile->buckets, b->longest_index);
	COLUMN(pen, put_u32, m, b, tile->buckets, b->longest_name);
}

static void put_instant_buckets(struct pen *pen, const struct ctrace_tile *tile, uint16_t flags)
{
	uint32_t m = tile->bucket_count;
	const struct ctrace_tile_bucket *b;
	COLUMN(pen, put_f64, m, b, tile->buckets, (double)b->first_time);
	put_positions(pen, tile, flags);
	COLUMN(pen, put_u16, m, b, tile->buckets, b->flags);
	COLUMN(pen, put_u32, m, b, tile->buckets, b->count);
	COLUMN(pen, put_u32, m, b, tile->buckets, b->longest_index);
	COLUMN(pen, put_u32, m, b, tile->buckets, b->longest_name);
}

static void put_counter_buckets(struct pen *pen, const struct ctrace_tile *tile, uint16_t flags)
{
	uint32_t m = tile->bucket_count;
	const struct ctrace_tile_bucket *b;
	put_f64(pen, tile->before);
	COLUMN(pen, put_f64, m, b, tile->buckets, b->min);
	COLUMN(pen, put_f64, m, b, tile->buckets, b->max);
	COLUMN(pen, put_f64, m, b, tile->buckets, b->first);
	COLUMN(pen, put_f64, m, b, tile->buckets, b->last);
	COLUMN(pen, put_f64, m, b, tile->buckets, b->mean);
	put_positions(pen, tile, flags);
	COLUMN(pen, put_u32, m, b, tile->buckets, b->count);
}
#undef COLUMN

static uint16_t flags_of(const struct ctrace_tile *tile)
{
	unsigned flags = tile->bucket_count == CTRACE_TILE_BUCKETS ? FLAG_DENSE : 0;
	if (tile->kind == CTRACE_TILE_SPANS && has_long_unit(tile)) {
		flags |= FLAG_LONG_UNIT;
	}
	return (uint16_t)flags;
}

static void put_tile_header(struct pen *pen, const struct ctrace_tile *tile, uint16_t flags,
			    uint32_t bytes)
{
	put_u32(pen, tile->lane);
	put_u32(pen, tile->number);
	*pen->at++ = tile->level;
	*pen->at++ = (uint8_t)tile->kind;
	put_u16(pen, flags);
	put_u32(pen, bytes);
	put_u32(pen, tile->kind == CTRACE_TILE_SPANS ? tile->real_count : 0);
	put_u32(pen, tile->bucket_count);
	put_u32(pen, 0);
	put_u32(pen, 0);
}

size_t ctrace_encode_tile(const struct ctrace_tile *tile, uint8_t *out)
{
	uint16_t flags = flags_of(tile);
	struct pen pen = {out, out + TILE_HEADER_BYTES};
	switch (tile->kind) {
	case CTRACE_TILE_SPANS:
		put_reals(&pen, tile);
		put_span_buckets(&pen, tile, flags);
		break;
	case CTRACE_TILE_INSTANTS:
		put_instant_buckets(&pen, tile, flags);
		break;
	case CTRACE_TILE_COUNTER:
		put_counter_buckets(&pen, tile, flags);
		break;
	}
	size_t bytes = (size_t)(pen.at - out);
	pen.at = out;
	put_tile_header(&pen, tile, flags, (uint32_t)bytes);
	return bytes;
}

void ctrace_encode_tiles_header(const struct ctrace_tiles_header *header,
				uint8_t out[CTRACE_TILES_HEADER_BYTES])
{
	struct pen pen = {out, out};
	put_u16(&pen, MAGIC);
	*pen.at++ = VERSION;
	*pen.at++ = TYPE_TILES;
	put_u32(&pen, header->bytes);
	put_u32(&pen, header->seq);
	put_u32(&pen, header->tiles);
	put_u32(&pen, header->generation);
	memset(pen.at, 0, 12);
}
