/* SPDX-License-Identifier: MIT */

/* A bump allocator over mapped blocks; see copies.h. */

#include "tracer/src/sites/copies.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_BYTES    (256u << 10)
#define TAKE_BYTES_MAX (64u << 10)

struct block {
	_Atomic size_t used;
};

static _Atomic(struct block *) current;

static struct block *map_block(void)
{
	struct block *made =
		mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (made == MAP_FAILED) {
		return NULL;
	}
	atomic_store_explicit(&made->used, 16, memory_order_relaxed);
	return made;
}

/* Put a fresh block in place of `full`; another thread's will do as well. */
static struct block *next_block(struct block *full)
{
	struct block *made = map_block();

	if (made == NULL) {
		return NULL;
	}
	/* [A] release: the block's first word before its address. */
	if (!atomic_compare_exchange_strong_explicit(&current, &full, made, memory_order_acq_rel,
						     memory_order_acquire)) {
		munmap(made, BLOCK_BYTES);
		return full;
	}
	return made;
}

void *ctrace_copies_take(size_t size)
{
	/* [A] acquire. */
	struct block *block = atomic_load_explicit(&current, memory_order_acquire);
	size_t bytes = (size + 15) & ~(size_t)15;
	size_t at = BLOCK_BYTES;

	if (size > TAKE_BYTES_MAX) {
		return NULL;
	}
	if (block != NULL) {
		at = atomic_fetch_add_explicit(&block->used, bytes, memory_order_relaxed);
	}
	while (at + bytes > BLOCK_BYTES) {
		block = next_block(block);
		if (block == NULL) {
			return NULL;
		}
		at = atomic_fetch_add_explicit(&block->used, bytes, memory_order_relaxed);
	}
	return (uint8_t *)block + at;
}

const char *ctrace_copies_copy(const char *bytes, size_t size)
{
	char *copy = ctrace_copies_take(size + 1);

	if (copy != NULL) {
		memcpy(copy, bytes, size);
		copy[size] = '\0';
	}
	return copy;
}
