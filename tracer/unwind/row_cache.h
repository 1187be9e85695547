/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ROW_CACHE_H
#define CTRACE_ROW_CACHE_H

/*
 * Rows of call frame information by their addresses, of the whole process: 65,536 of them, one word
 * each, in buckets of eight that are a cache line.
 *
 *     34 bits of the mixed address | 7 bits of the generation | 23 bits: the row
 *
 * Addresses have 47 bits; they are mixed by a multiplication that can be undone, 13 bits say the
 * bucket and the others stand in the word. So a word that matches is of this address and of no
 * other.
 *
 *              |  get | put | forget
 *     get      |  ok  | ok  |   ok      a word is written whole, and says by itself whose it is and
 *     put      |  ok  | ok  |   1       of which generation; all orders are relaxed
 *     forget   |  ok  |  1  |   ok
 *     1: a row that was made before and comes after is of a generation that is over. Each 128th
 * time all words are wiped, so who puts would have to stand still between for 128 modules to go.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include "tracer/unwind/unwind_row.h"

#include <stdatomic.h>

#define CTRACE_ROW_BUCKETS (1u << 13)
#define CTRACE_ROW_WAYS	   8u
/* Rows of longer frames are not kept, and are made anew: those of 128 KiB and more. */
#define CTRACE_ROW_BITS	       23u
#define CTRACE_ROW_GENERATIONS 128u

#pragma GCC visibility push(hidden)
extern _Atomic uint64_t ctrace_row_words[CTRACE_ROW_BUCKETS][CTRACE_ROW_WAYS];
extern _Atomic uint32_t ctrace_row_generation_now;

/* Keep the row of this address, made in this generation; but not while a module goes. */
void ctrace_row_put(uintptr_t address, uint32_t generation, uint64_t row);

/*
 * A module is about to go, or has gone: rows of its code are not true any more, and all are
 * forgotten. One that comes while another goes may come to lie where that was.
 */
void ctrace_rows_module_goes(void);
void ctrace_rows_module_is_gone(void);
void ctrace_rows_module_comes(void);
#pragma GCC visibility pop

static inline uint32_t ctrace_row_generation(void)
{
	return atomic_load_explicit(&ctrace_row_generation_now, memory_order_relaxed);
}

/* The address in another form: 13 bits of bucket, 34 of what is in the word. */
static inline uint64_t ctrace_row_mix(uintptr_t address)
{
	return address * UINT64_C(0x9e3779b97f4a7c15) & (UINT64_MAX >> 17);
}

/* A word without its row. */
static inline uint64_t ctrace_row_key(uint64_t mixed, uint32_t generation)
{
	return mixed << 30 | (uint64_t)(generation % CTRACE_ROW_GENERATIONS) << CTRACE_ROW_BITS;
}

/* CTRACE_ROW_NONE: it is not there. Addresses above 2^47 are none of programs. */
static inline uint64_t ctrace_row_get(uintptr_t address, uint32_t generation)
{
	uint64_t mixed = ctrace_row_mix(address);
	uint64_t key = ctrace_row_key(mixed, generation);
	_Atomic uint64_t *bucket = ctrace_row_words[mixed >> 34];

	for (unsigned i = 0; i < CTRACE_ROW_WAYS; i++) {
		uint64_t rest = key ^ atomic_load_explicit(&bucket[i], memory_order_relaxed);

		if (rest >> CTRACE_ROW_BITS == 0 && rest != 0) {
			return rest;
		}
	}
	return CTRACE_ROW_NONE;
}

#endif
