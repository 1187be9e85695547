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
	uint32_t passing; /* its age; 0: it stays */
};

void ctrace_strings_finish(struct ctrace_strings *strings)
{
	for (uint32_t i = 0; i < strings->slot_count; i++) {
		free(strings->slots[i].bytes);
	}
	free(strings->slots);
	free(strings->free_ids);
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

/* What is left of the texts, in a table of so many slots. */
static bool move_to(struct ctrace_strings *strings, uint32_t slot_count)
{
	struct ctrace_strings other = *strings;

	other.slot_count = slot_count;
	other.slots = calloc(slot_count, sizeof(*other.slots));
	if (other.slots == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < strings->slot_count; i++) {
		const struct ctrace_string_slot *slot = &strings->slots[i];
		if (slot->bytes != NULL) {
			*find(&other, slot->hash, slot->bytes, slot->size) = *slot;
		}
	}
	free(strings->slots);
	*strings = other;
	return true;
}

/* Keep at least half of the slots empty. */
static bool grow(struct ctrace_strings *strings)
{
	if (strings->count < strings->slot_count / 2) {
		return true;
	}
	return move_to(strings, strings->slot_count == 0 ? 256 : strings->slot_count * 2);
}

/* ---- one text ---- */

static bool has_room(const struct ctrace_strings *strings, size_t size)
{
	return (strings->free_count > 0 || strings->count < CTRACE_STRINGS_MAX) &&
	       size <= CTRACE_STRINGS_TOTAL_BYTES_MAX - strings->total_bytes;
}

static bool define(struct ctrace_strings *strings, struct ctrace_string_slot *slot,
		   struct ctrace_string_slot text, const char *bytes)
{
	text.bytes = malloc(text.size);
	if (text.bytes == NULL) {
		return false;
	}
	memcpy(text.bytes, bytes, text.size);
	strings->total_bytes += text.size;
	*slot = text;
	return true;
}

static uint32_t next_id(const struct ctrace_strings *strings)
{
	return strings->free_count > 0 ? strings->free_ids[strings->free_count - 1]
				       : strings->count + 1;
}

static void take_id(struct ctrace_strings *strings, uint32_t id)
{
	if (strings->free_count > 0) {
		strings->free_count--;
	} else {
		strings->count = id;
	}
}

/* The slot of these bytes, made if it is not there; NULL: it cannot be. */
static struct ctrace_string_slot *need(struct ctrace_strings *strings, const char *bytes,
				       size_t size, bool *is_new)
{
	struct ctrace_string_slot *slot;
	uint64_t hash = hash_of(bytes, size);
	uint32_t id;

	*is_new = false;
	if (!grow(strings)) {
		return NULL;
	}
	slot = find(strings, hash, bytes, size);
	if (slot->bytes != NULL) {
		return slot;
	}
	id = next_id(strings);
	if (!has_room(strings, size) ||
	    !define(strings, slot,
		    (struct ctrace_string_slot){.size = (uint32_t)size, .id = id, .hash = hash},
		    bytes)) {
		return NULL;
	}
	take_id(strings, id);
	*is_new = true;
	return slot;
}

uint32_t ctrace_strings_id(struct ctrace_strings *strings, const char *bytes, size_t size,
			   bool *is_new)
{
	struct ctrace_string_slot *slot = need(strings, bytes, size, is_new);

	if (slot == NULL) {
		return 0;
	}
	slot->passing = 0;
	return slot->id;
}

uint32_t ctrace_strings_passing_id(struct ctrace_strings *strings, const char *bytes, size_t size,
				   uint32_t age, bool *is_new)
{
	struct ctrace_string_slot *slot = need(strings, bytes, size, is_new);

	if (slot == NULL) {
		return 0;
	}
	if (*is_new || slot->passing != 0) {
		slot->passing = age;
	}
	return slot->id;
}

bool ctrace_strings_has(const struct ctrace_strings *strings, const char *bytes, size_t size)
{
	return strings->slot_count > 0 &&
	       find(strings, hash_of(bytes, size), bytes, size)->bytes != NULL;
}

bool ctrace_strings_put(struct ctrace_strings *strings, uint32_t id, const char *bytes, size_t size)
{
	uint64_t hash = hash_of(bytes, size);

	if (strings->count < id) {
		strings->count = id;
	}
	while (strings->count >= strings->slot_count / 2) {
		if (!grow(strings)) {
			return false;
		}
	}
	return define(strings, find(strings, hash, bytes, size),
		      (struct ctrace_string_slot){.size = (uint32_t)size, .id = id, .hash = hash},
		      bytes);
}

/* ---- all of them ---- */

static bool need_free_id(struct ctrace_strings *strings)
{
	uint32_t room = strings->free_room != 0 ? 2 * strings->free_room : 256;
	uint32_t *more;

	if (strings->free_count < strings->free_room) {
		return true;
	}
	more = realloc(strings->free_ids, room * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	strings->free_ids = more;
	strings->free_room = room;
	return true;
}

static bool is_over(const struct ctrace_string_slot *slot, const uint8_t *needed, uint32_t age)
{
	return slot->bytes != NULL && slot->passing != 0 && slot->passing < age &&
	       (needed[slot->id / 8] >> slot->id % 8 & 1) == 0;
}

void ctrace_strings_forget(struct ctrace_strings *strings, const uint8_t *needed, uint32_t age)
{
	struct ctrace_string_slot *all = strings->slots;

	/* A table with holes finds nothing: those that stay are put in anew. */
	if (strings->slot_count == 0) {
		return;
	}
	strings->slots = calloc(strings->slot_count, sizeof(*all));
	if (strings->slots == NULL) {
		strings->slots = all;
		return;
	}
	for (uint32_t i = 0; i < strings->slot_count; i++) {
		const struct ctrace_string_slot *slot = &all[i];

		if (is_over(slot, needed, age) && need_free_id(strings)) {
			strings->free_ids[strings->free_count++] = slot->id;
			strings->total_bytes -= slot->size;
			free(slot->bytes);
		} else if (slot->bytes != NULL) {
			*find(strings, slot->hash, slot->bytes, slot->size) = *slot;
		}
	}
	free(all);
}

void ctrace_strings_each(const struct ctrace_strings *strings, ctrace_strings_fn *each,
			 void *context)
{
	for (uint32_t i = 0; i < strings->slot_count; i++) {
		const struct ctrace_string_slot *slot = &strings->slots[i];

		if (slot->bytes != NULL) {
			each(context, slot->id, slot->bytes, slot->size);
		}
	}
}
