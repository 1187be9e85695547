/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STRINGS_H
#define CTRACE_STRINGS_H

/*
 * A writer's string table (SPEC 7.2): each text gets a number once, from 1 up
 * in the order of first use. The reader's side is in tables.h.
 *
 * A text may be a passing one: of a writer that goes on without end, and forgets rows
 * (kept_rows.h). Once no row has its number, it is forgotten too, and the number is another's.
 *
 * A zeroed table is empty. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_string_slot; /* hash, id, bytes */

struct ctrace_strings {
	struct ctrace_string_slot *slots;
	uint32_t slot_count; /* a power of two, or 0 */
	uint32_t count;	     /* defined so far: the largest id */
	size_t total_bytes;
	uint32_t *free_ids; /* owned: of texts that were forgotten */
	uint32_t free_count, free_room;
};

void ctrace_strings_finish(struct ctrace_strings *strings);

/*
 * The id of these bytes (at most CTRACE_STRING_BYTES_MAX of them, not none).
 * *is_new tells whether it was defined by this call. 0: a limit of limits.h or
 * memory is at its end, nothing was defined.
 */
uint32_t ctrace_strings_id(struct ctrace_strings *strings, const char *bytes, size_t size,
			   bool *is_new);

/* The same of a passing text; `age` is when that is, by the caller's count from 1 up. Asked for by
 * _id as well, it stays. */
uint32_t ctrace_strings_passing_id(struct ctrace_strings *strings, const char *bytes, size_t size,
				   uint32_t age, bool *is_new);

/* Is there an id of these bytes? */
bool ctrace_strings_has(const struct ctrace_strings *strings, const char *bytes, size_t size);

/* Define these bytes under this id, which is nobody's. False without memory. */
bool ctrace_strings_put(struct ctrace_strings *strings, uint32_t id, const char *bytes,
			size_t size);

/* Forget the passing texts of an age below `age` whose bit in `needed` (by id, of count + 1 bits)
 * is not set. Without memory some stay. */
void ctrace_strings_forget(struct ctrace_strings *strings, const uint8_t *needed, uint32_t age);

/* Every text, in no order. */
typedef void ctrace_strings_fn(void *context, uint32_t id, const char *bytes, size_t size);
void ctrace_strings_each(const struct ctrace_strings *strings, ctrace_strings_fn *each,
			 void *context);

#endif
