/* SPDX-License-Identifier: MIT */

/* Which blocks were chosen and are alive; see alloc_live.h. */

#include "tracer/preload/alloc_live.h"

#include <stddef.h>
#include <string.h>

#define WAYS	8u
#define BUCKETS (CTRACE_LIVE_BLOCKS_MAX / WAYS)
/* From here on a count is not exact, and stays. */
#define STICKS 0x7fu

uint8_t ctrace_live_filter[1u << CTRACE_LIVE_FILTER_BITS];

static _Alignas(64) uintptr_t table[BUCKETS][WAYS];

static uint8_t *filter_of(const void *block)
{
	return &ctrace_live_filter[ctrace_live_hash(block) >> (64 - CTRACE_LIVE_FILTER_BITS)];
}

/* The two buckets where a block may be. */
static uintptr_t *bucket_of(const void *block, unsigned which)
{
	uint64_t hash = ctrace_live_hash(block);

	return table[(which == 0 ? hash >> 20 : hash >> 3 ^ hash >> 34) & (BUCKETS - 1)];
}

/* The first place that holds `is` takes `becomes`. */
static bool swap(const void *block, uintptr_t is, uintptr_t becomes)
{
	for (unsigned i = 0; i < 2 * WAYS; i++) {
		uintptr_t *place = &bucket_of(block, i / WAYS)[i % WAYS];
		uintptr_t found = is;

		if (__atomic_load_n(place, __ATOMIC_RELAXED) == is &&
		    __atomic_compare_exchange_n(place, &found, becomes, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED)) {
			return true;
		}
	}
	return false;
}

static void count(uint8_t *filter, uint8_t step)
{
	if (__atomic_load_n(filter, __ATOMIC_RELAXED) < STICKS) {
		__atomic_fetch_add(filter, step, __ATOMIC_RELAXED);
	}
}

bool ctrace_live_add(const void *block)
{
	count(filter_of(block), 1);
	if (swap(block, 0, (uintptr_t)block)) {
		return true;
	}
	count(filter_of(block), (uint8_t)-1);
	return false;
}

bool ctrace_live_remove(const void *block)
{
	if (!swap(block, (uintptr_t)block, 0)) {
		return false;
	}
	count(filter_of(block), (uint8_t)-1);
	return true;
}

void ctrace_live_mark(const void *block)
{
	__atomic_store_n(filter_of(block), STICKS, __ATOMIC_RELAXED);
}

void ctrace_live_mark_all(void)
{
	memset(ctrace_live_filter, STICKS, sizeof(ctrace_live_filter));
}
