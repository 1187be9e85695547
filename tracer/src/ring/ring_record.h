/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_RECORD_H
#define CTRACE_RING_RECORD_H

/*
 * Records as they stand in a ring (ring.h): what their first word says, and how
 * long they are, which only their site knows.
 */

#include "tracer/src/ring/ring.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* `data` may be any memory of records: position & mask is a place in it. */
static inline uint64_t ctrace_record_word(const uint8_t *data, uint64_t mask, uint64_t position)
{
	/* Atomic since its owner may be overwriting it: discard.h [O]. */
	return atomic_load_explicit(
		(const _Atomic uint64_t *)(const void *)(data + (position & mask)),
		memory_order_relaxed);
}

static inline unsigned ctrace_record_code(uint64_t word)
{
	return (unsigned)word & (CTRACE_END_BIT - 1);
}

/* The record's low 48 bits of ticks, completed to the time nearest to now. */
static inline uint64_t ctrace_record_ticks(uint64_t word, uint64_t now)
{
	int64_t age = (int64_t)((now << 16) - (word & ~UINT64_C(0xffff))) >> 16;

	return now - (uint64_t)age;
}

static inline uint64_t ctrace_record_padded(uint64_t size)
{
	return (size + 7) & ~UINT64_C(7);
}

/* A span's begin or end? Thread: any.  Signal handler: yes. */
bool ctrace_record_is_span(uint64_t word);

/* Bytes of the record at `position`. Thread: any.  Signal handler: yes. */
uint64_t ctrace_record_bytes(const uint8_t *data, uint64_t mask, uint64_t position);

#endif
