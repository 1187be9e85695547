/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STRINGS_H
#define CTRACE_STRINGS_H

/*
 * A writer's string table (SPEC 7.2): each text gets a number once, from 1 up
 * in the order of first use. The reader's side is in tables.h.
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
};

void ctrace_strings_finish(struct ctrace_strings *strings);

/*
 * The id of these bytes (at most CTRACE_STRING_BYTES_MAX of them, not none).
 * *is_new tells whether it was defined by this call. 0: a limit of limits.h or
 * memory is at its end, nothing was defined.
 */
uint32_t ctrace_strings_id(struct ctrace_strings *strings, const char *bytes, size_t size,
			   bool *is_new);

#endif
