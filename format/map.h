/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MAP_H
#define CTRACE_MAP_H

/* From a 64-bit number to a 32-bit one: streams, process ids, hashes of keys. A zeroed map is
 * empty. */

#include <stdbool.h>
#include <stdint.h>

#define CTRACE_MAP_NONE UINT32_MAX

struct ctrace_map_slot {
	uint64_t key;
	uint32_t value; /* CTRACE_MAP_NONE: the slot is empty */
};

struct ctrace_map {
	struct ctrace_map_slot *slots;
	uint32_t slot_count; /* a power of two, or 0 */
	uint32_t count;
};

/*
 * A hash of the number, another one in each process: who writes a trace cannot know which numbers
 * would meet in one place of a table. Its upper bits are the better ones.
 */
uint64_t ctrace_map_hash(uint64_t key);

void ctrace_map_finish(struct ctrace_map *map);
/* CTRACE_MAP_NONE if the key is not there. */
uint32_t ctrace_map_get(const struct ctrace_map *map, uint64_t key);
/* Add or replace. False: no memory. */
bool ctrace_map_put(struct ctrace_map *map, uint64_t key, uint32_t value);

#endif
