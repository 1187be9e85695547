/* SPDX-License-Identifier: MIT */
/* A hash map with open addressing, kept at most half full. */

#include "format/map.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/* The kernel gives each process 16 random bytes; of these the C library uses some, which then are
 * not told. */
static uint64_t draw_factor(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM); /* NOLINT: an address */
	uint64_t words[2] = {0};

	if (random != NULL) {
		memcpy(words, random, sizeof(words));
	}
	words[0] = (words[0] ^ words[1] >> 7) * UINT64_C(0xbf58476d1ce4e5b9);
	return (words[0] ^ words[0] >> 31) | 1;
}

uint64_t ctrace_map_hash(uint64_t key)
{
	/* All threads find the same one; relaxed, since nothing else depends on it. */
	static _Atomic uint64_t factor;
	uint64_t own = atomic_load_explicit(&factor, memory_order_relaxed);
	uint64_t hash;

	if (own == 0) {
		own = draw_factor();
		atomic_store_explicit(&factor, own, memory_order_relaxed);
	}
	hash = key * own;
	return (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

void ctrace_map_finish(struct ctrace_map *map)
{
	free(map->slots);
	*map = (struct ctrace_map){0};
}

static struct ctrace_map_slot *find(const struct ctrace_map *map, uint64_t key)
{
	uint32_t mask = map->slot_count - 1;

	for (uint32_t i = (uint32_t)(ctrace_map_hash(key) >> 32) & mask;; i = (i + 1) & mask) {
		struct ctrace_map_slot *slot = &map->slots[i];
		if (slot->value == CTRACE_MAP_NONE || slot->key == key) {
			return slot;
		}
	}
}

static bool grow(struct ctrace_map *map)
{
	if (map->count < map->slot_count / 2) {
		return true;
	}
	struct ctrace_map bigger = {
		.slot_count = map->slot_count == 0 ? 64 : map->slot_count * 2,
		.count = map->count,
	};
	bigger.slots = malloc(bigger.slot_count * sizeof(*bigger.slots));
	if (bigger.slots == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < bigger.slot_count; i++) {
		bigger.slots[i] = (struct ctrace_map_slot){.value = CTRACE_MAP_NONE};
	}
	for (uint32_t i = 0; i < map->slot_count; i++) {
		if (map->slots[i].value != CTRACE_MAP_NONE) {
			*find(&bigger, map->slots[i].key) = map->slots[i];
		}
	}
	free(map->slots);
	*map = bigger;
	return true;
}

uint32_t ctrace_map_get(const struct ctrace_map *map, uint64_t key)
{
	return map->slot_count == 0 ? CTRACE_MAP_NONE : find(map, key)->value;
}

bool ctrace_map_put(struct ctrace_map *map, uint64_t key, uint32_t value)
{
	if (!grow(map)) {
		return false;
	}
	struct ctrace_map_slot *slot = find(map, key);
	map->count += slot->value == CTRACE_MAP_NONE;
	*slot = (struct ctrace_map_slot){.key = key, .value = value};
	return true;
}
