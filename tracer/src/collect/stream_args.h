/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STREAM_ARGS_H
#define CTRACE_STREAM_ARGS_H

/*
 * Words and strings of a record in a stretch of a ring, and the arguments of a site, which are made
 * of these: a word each, of a string its size and behind it its bytes (emit.c).
 *
 * Thread: the collector's.
 */

#include "tracer/src/collect/stream.h"

static inline uint64_t ctrace_stretch_word(const struct ctrace_stretch *stretch, uint64_t position)
{
	return *(const uint64_t *)(const void *)(stretch->data + (position & stretch->mask));
}

struct ctrace_string_copy {
	char bytes[CTRACE_STRING_ARG_BYTES_MAX];
};

/* Of the string whose size stands at `position`; at most CTRACE_STRING_ARG_BYTES_MAX. */
size_t ctrace_stretch_string_size(const struct ctrace_stretch *stretch, uint64_t position);
/* Its bytes, which are at `position`, in one piece: in the ring or in `copy`. */
const char *ctrace_stretch_string(const struct ctrace_stretch *stretch, uint64_t position,
				  size_t size, struct ctrace_string_copy *copy);

/* Bytes in the ring, and at most in column 3, of the arguments at `position`. More than any ring if
 * a string is too long for an emit to have written it. */
uint64_t ctrace_args_measure(const struct ctrace_stretch *stretch, uint64_t position,
			     const struct ctrace_entry *entry, size_t *column_bytes);
/* Behind an event of the block. */
void ctrace_args_put(struct ctrace_block *block, const struct ctrace_stretch *stretch,
		     uint64_t position, const struct ctrace_entry *entry);

#endif
