/* SPDX-License-Identifier: MIT */
/* From texts to numbers: an open-addressing hash table that owns copies of its texts. */

#include "format/strings.h"

#include "format/limits.h"

#include <stdlib.h>
#include <string.h>

struct ctrace_string_slot {
	char *bytes; /* owns; NULL: the slot is empty */
	uint32_t size, id;
	uint64_t hash;
};

void ctrace_strings_finish(struct ctrace_strings *strings)
{
	for (uint32_t i = 0; i < strings->slot_count; i++) {
		free(strings->slots[i].bytes);
	}
	free(strings->slots);
	*strings = (struct ctrace_strings){0};
}

/* FNV-1a, then one multiply to bring high bits down to where the mask looks. */
static uint64_t hash_of(const char *bytes, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ (uint8_t)bytes[i]) * UINT64_C(0x100000001b3);
	}
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* The slot that holds these bytes, or the empty one where they belong. */
static struct ctrace_string_slot *find(const struct ctrace_strings *strings, uint64_t hash,
				       const char *bytes, size_t size)
{
	uint32_t mask = strings->slot_count - 1;

	for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
		struct ctrace_string_slot *slot = &strings->slots[i];
		if (slot->bytes == NULL) {
			return slot;
		}
		if (slot->hash == hash && slot->size == size &&
		    memcmp(slot->bytes, bytes, size) == 0) {
			return slot;
		}
	}
}

/* Keep at least half of the slots empty. */
static bool grow(struct ctrace_strings *strings)
{
	if (strings->count < strings->slot_count / 2) {
		return true;
	}
	struct ctrace_strings bigger = *strings;
	bigger.slot_count = strings->slot_count == 0 ? 256 : strings->slot_count * 2;
	bigger.slots = calloc(bigger.slot_count, sizeof(*bigger.slots));
	if (bigger.slots == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < strings->slot_count; i++) {
		const struct ctrace_string_slot *slot = &strings->slots[i];
		if (slot->bytes != NULL) {
			*find(&bigger, slot->hash, slot->bytes, slot->size) = *slot;
		}
	}
	free(strings->slots);
	*strings = bigger;
	return true;
}

uint32_t ctrace_strings_id(struct ctrace_strings *strings, const char *bytes, size_t size,
			   bool *is_new)
{
	*is_new = false;
	if (!grow(strings)) {
		return 0;
	}
	uint64_t hash = hash_of(bytes, size);
	struct ctrace_string_slot *slot = find(strings, hash, bytes, size);
	if (slot->bytes != NULL) {
		return slot->id;
	}
	if (strings->count == CTRACE_STRINGS_MAX ||
	    size > CTRACE_STRINGS_TOTAL_BYTES_MAX - strings->total_bytes) {
		return 0;
	}
	char *copy = malloc(size);
	if (copy == NULL) {
		return 0;
	}
	memcpy(copy, bytes, size);
	strings->count++;
	strings->total_bytes += size;
	*slot = (struct ctrace_string_slot){
		.bytes = copy, .size = (uint32_t)size, .id = strings->count, .hash = hash};
	*is_new = true;
	return strings->count;
}
