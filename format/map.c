/* SPDX-License-Identifier: MIT */
/* A hash map with open addressing, kept at most half full. */

#include "format/map.h"

#include <stdlib.h>

void ctrace_map_finish(struct ctrace_map *map)
{
	free(map->slots);
	*map = (struct ctrace_map){0};
}

static struct ctrace_map_slot *find(const struct ctrace_map *map, uint64_t key)
{
	uint32_t mask = map->slot_count - 1;
	uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);

	for (uint32_t i = (uint32_t)(hash >> 32) & mask;; i = (i + 1) & mask) {
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
