/* SPDX-License-Identifier: MIT */

/* Rows by address; see row_cache.h. */

#include "tracer/unwind/row_cache.h"

#include <stdbool.h>

_Alignas(64) _Atomic uint64_t ctrace_row_words[CTRACE_ROW_BUCKETS][CTRACE_ROW_WAYS];
_Atomic uint32_t ctrace_row_generation_now;
static _Atomic uint32_t
	going; /* modules, at this moment; counted before the loader takes its lock */

/* Is this place empty, or of a generation that is over? */
static bool is_free(uint64_t word, uint64_t key)
{
	const uint64_t generation = (uint64_t)(CTRACE_ROW_GENERATIONS - 1) << CTRACE_ROW_BITS;

	return word == 0 || ((word ^ key) & generation) != 0;
}

/* A row that is made while a module goes may be of what went, and be found by who comes there
 * before dlclose has returned: it is not kept. */
static bool is_kept(uintptr_t address, uint64_t row)
{
	return row >> CTRACE_ROW_BITS == 0 && address >> 47 == 0 &&
	       atomic_load_explicit(&going, memory_order_relaxed) == 0;
}

void ctrace_row_put(uintptr_t address, uint32_t generation, uint64_t row)
{
	uint64_t mixed = ctrace_row_mix(address);
	uint64_t key = ctrace_row_key(mixed, generation);
	_Atomic uint64_t *bucket = ctrace_row_words[mixed >> 34];
	unsigned way = 0;

	if (!is_kept(address, row)) {
		return;
	}
	while (way < CTRACE_ROW_WAYS &&
	       !is_free(atomic_load_explicit(&bucket[way], memory_order_relaxed), key)) {
		way++;
	}
	/* A full one loses one that the address chooses. */
	way = way < CTRACE_ROW_WAYS ? way : (unsigned)(mixed % CTRACE_ROW_WAYS);
	atomic_store_explicit(&bucket[way], key | row, memory_order_relaxed);
}

static void wipe(void)
{
	for (unsigned i = 0; i < CTRACE_ROW_BUCKETS * CTRACE_ROW_WAYS; i++) {
		_Atomic uint64_t *word =
			&ctrace_row_words[i / CTRACE_ROW_WAYS][i % CTRACE_ROW_WAYS];

		/* Pages that were never written stay away. */
		if (atomic_load_explicit(word, memory_order_relaxed) != 0) {
			atomic_store_explicit(word, 0, memory_order_relaxed);
		}
	}
}

static void forget(void)
{
	uint32_t before =
		atomic_fetch_add_explicit(&ctrace_row_generation_now, 1, memory_order_relaxed);

	if ((before + 1) % CTRACE_ROW_GENERATIONS == 0) {
		wipe();
	}
}

void ctrace_rows_module_goes(void)
{
	atomic_fetch_add_explicit(&going, 1, memory_order_relaxed);
	forget();
}

void ctrace_rows_module_is_gone(void)
{
	forget();
	atomic_fetch_sub_explicit(&going, 1, memory_order_relaxed);
}

void ctrace_rows_module_comes(void)
{
	if (atomic_load_explicit(&going, memory_order_relaxed) != 0) {
		forget();
	}
}
