/* SPDX-License-Identifier: MIT */
/* A table with open places; what is taken out leaves none behind. See live_blocks.h. */

#include "viewer-server/model/memory/live_blocks.h"

#include "format/map.h"

#include <stdlib.h>

#define FIRST_PLACES 1024u

static uint64_t hash_of(uint32_t owner, uint64_t address)
{
	uint64_t hash = ctrace_map_hash(address + ctrace_map_hash(owner));

	return hash ^ hash >> 32;
}

/* Where it is, or would be. There is an empty place always. */
static uint64_t place_of(const struct ctrace_live_blocks *blocks, uint32_t owner, uint64_t address)
{
	uint64_t mask = blocks->place_count - 1, at = hash_of(owner, address) & mask;

	while (blocks->places[at].owner != 0 &&
	       (blocks->places[at].address != address || blocks->places[at].owner != owner)) {
		at = (at + 1) & mask;
	}
	return at;
}

static bool grow(struct ctrace_live_blocks *blocks)
{
	struct ctrace_live_blocks larger = {
		.place_count = blocks->place_count != 0 ? 2 * blocks->place_count : FIRST_PLACES,
		.count = blocks->count,
	};

	larger.places = calloc(larger.place_count, sizeof(*larger.places));
	if (larger.places == NULL) {
		return false;
	}
	for (uint64_t i = 0; i < blocks->place_count; i++) {
		const struct ctrace_live_block *block = &blocks->places[i];

		if (block->owner != 0) {
			larger.places[place_of(&larger, block->owner, block->address)] = *block;
		}
	}
	free(blocks->places);
	*blocks = larger;
	return true;
}

bool ctrace_live_blocks_put(struct ctrace_live_blocks *blocks,
			    const struct ctrace_live_block *block, struct ctrace_live_block *former,
			    bool *is_failed)
{
	struct ctrace_live_block *place;
	bool is_known;

	if (4 * blocks->count >= 3 * blocks->place_count && !grow(blocks)) {
		*is_failed = true;
		return false;
	}
	place = &blocks->places[place_of(blocks, block->owner, block->address)];
	is_known = place->owner != 0;
	*former = *place;
	*place = *block;
	blocks->count += !is_known;
	return is_known;
}

/* Who stands behind an empty place and belongs before it moves there, and so on. */
static void close_gap(struct ctrace_live_blocks *blocks, uint64_t gap)
{
	uint64_t mask = blocks->place_count - 1;

	for (uint64_t at = (gap + 1) & mask; blocks->places[at].owner != 0; at = (at + 1) & mask) {
		const struct ctrace_live_block *block = &blocks->places[at];
		uint64_t home = hash_of(block->owner, block->address) & mask;

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			blocks->places[gap] = *block;
			gap = at;
		}
	}
	blocks->places[gap].owner = 0;
}

bool ctrace_live_blocks_take(struct ctrace_live_blocks *blocks, uint32_t owner, uint64_t address,
			     struct ctrace_live_block *taken)
{
	uint64_t at;

	if (blocks->count == 0) {
		return false;
	}
	at = place_of(blocks, owner, address);
	if (blocks->places[at].owner == 0) {
		return false;
	}
	*taken = blocks->places[at];
	blocks->count--;
	close_gap(blocks, at);
	return true;
}

void ctrace_live_blocks_fetch(const struct ctrace_live_blocks *blocks, uint32_t owner,
			      uint64_t address)
{
	if (blocks->place_count > 0) {
		__builtin_prefetch(
			&blocks->places[hash_of(owner, address) & (blocks->place_count - 1)], 1);
	}
}

bool ctrace_live_blocks_has(const struct ctrace_live_blocks *blocks, uint32_t owner,
			    uint64_t address)
{
	return blocks->count > 0 && blocks->places[place_of(blocks, owner, address)].owner != 0;
}

void ctrace_live_blocks_finish(struct ctrace_live_blocks *blocks)
{
	free(blocks->places);
	*blocks = (struct ctrace_live_blocks){.count = 0};
}
