/* SPDX-License-Identifier: MIT */

/* A table of blocks with open places; what is taken out leaves none behind. See heap_blocks.h. */

#include "viewer-server/model/memory/heap_blocks.h"

#include "format/map.h"

#include <stdlib.h>

#define FIRST_PLACES 1024u

static uint64_t hash_of(const struct ctrace_heap_block *block)
{
	uint64_t hash = ctrace_map_hash(block->pid + ctrace_map_hash(block->pool));

	hash = ctrace_map_hash(block->address + hash);
	return hash ^ hash >> 32;
}

static bool is_same(const struct ctrace_heap_block *a, const struct ctrace_heap_block *b)
{
	return a->address == b->address && a->pid == b->pid && a->pool == b->pool;
}

/* Where it is, or would be. There is an empty place always. */
static uint64_t place_of(const struct ctrace_heap_blocks *blocks,
			 const struct ctrace_heap_block *name)
{
	uint64_t mask = blocks->place_count - 1, at = hash_of(name) & mask;

	while (blocks->places[at].is_there && !is_same(&blocks->places[at], name)) {
		at = (at + 1) & mask;
	}
	return at;
}

static bool grow(struct ctrace_heap_blocks *blocks)
{
	struct ctrace_heap_blocks larger = *blocks;

	larger.place_count = blocks->place_count != 0 ? 2 * blocks->place_count : FIRST_PLACES;
	larger.places = calloc(larger.place_count, sizeof(*larger.places));
	if (larger.places == NULL) {
		return false;
	}
	for (uint64_t i = 0; i < blocks->place_count; i++) {
		if (blocks->places[i].is_there) {
			larger.places[place_of(&larger, &blocks->places[i])] = blocks->places[i];
		}
	}
	free(blocks->places);
	*blocks = larger;
	return true;
}

const struct ctrace_heap_block *ctrace_heap_blocks_find(const struct ctrace_heap_blocks *blocks,
							const struct ctrace_heap_block *name)
{
	const struct ctrace_heap_block *found;

	if (blocks->count == 0) {
		return NULL;
	}
	found = &blocks->places[place_of(blocks, name)];
	return found->is_there ? found : NULL;
}

bool ctrace_heap_blocks_add(struct ctrace_heap_blocks *blocks,
			    const struct ctrace_heap_block *block)
{
	uint64_t at;

	blocks->is_full = blocks->count_max != 0 && blocks->count >= blocks->count_max;
	if (blocks->is_full || (2 * blocks->count >= blocks->place_count && !grow(blocks))) {
		return false;
	}
	at = place_of(blocks, block);
	blocks->count += !blocks->places[at].is_there;
	blocks->places[at] = *block;
	blocks->places[at].is_there = true;
	return true;
}

/* Who stands behind an empty place and belongs before it moves there, and so on. */
static void close_gap(struct ctrace_heap_blocks *blocks, uint64_t gap)
{
	uint64_t mask = blocks->place_count - 1;

	for (uint64_t at = (gap + 1) & mask; blocks->places[at].is_there; at = (at + 1) & mask) {
		uint64_t home = hash_of(&blocks->places[at]) & mask;

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			blocks->places[gap] = blocks->places[at];
			gap = at;
		}
	}
	blocks->places[gap] = (struct ctrace_heap_block){.is_there = false};
}

bool ctrace_heap_blocks_take(struct ctrace_heap_blocks *blocks,
			     const struct ctrace_heap_block *name, struct ctrace_heap_block *taken)
{
	uint64_t at;

	if (blocks->count == 0) {
		return false;
	}
	at = place_of(blocks, name);
	if (!blocks->places[at].is_there) {
		return false;
	}
	*taken = blocks->places[at];
	blocks->count--;
	close_gap(blocks, at);
	return true;
}

void ctrace_heap_blocks_finish(struct ctrace_heap_blocks *blocks)
{
	free(blocks->places);
	*blocks = (struct ctrace_heap_blocks){.count = 0};
}
