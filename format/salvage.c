/* SPDX-License-Identifier: MIT */
/* A search for the sync word, then the test of a whole header. */

#include "format/salvage.h"

#include "format/chunk.h"
#include "format/pread.h"
#include "format/wire.h"

#include <string.h>

#define STEP_BYTES (64u << 10)

/* The first good header that begins within the first `starts` of these bytes; `starts` if none. */
static uint64_t search(const uint8_t *bytes, uint64_t size, uint64_t starts, uint64_t file_base)
{
	uint8_t sync[4];
	struct ctrace_chunk_header header;

	ctrace_put_le(sync, CTRACE_CHUNK_SYNC, sizeof(sync));
	for (uint64_t at = 0; at < starts; at++) {
		const uint8_t *hit = memmem(bytes + at, size - at, sync, sizeof(sync));
		if (hit == NULL) {
			return starts;
		}
		at = (uint64_t)(hit - bytes);
		if (at >= starts) {
			return starts;
		}
		if (ctrace_chunk_header_decode(&header, hit, file_base, 0, 0, NULL) == CTRACE_OK) {
			return at;
		}
	}
	return starts;
}

uint64_t ctrace_salvage_next(int fd, uint64_t from, uint64_t end, uint64_t file_base)
{
	uint8_t bytes[STEP_BYTES];

	while (from < end && end - from >= CTRACE_CHUNK_HEADER_BYTES) {
		uint64_t size = end - from < STEP_BYTES ? end - from : STEP_BYTES;
		if (ctrace_pread_all(fd, bytes, size, from) != (int64_t)size) {
			return end;
		}
		/* Headers that begin too late to be whole are met again in the next step. */
		uint64_t starts = size - CTRACE_CHUNK_HEADER_BYTES + 1;
		uint64_t at = search(bytes, size, starts, file_base);
		if (at < starts) {
			return from + at;
		}
		from += starts;
	}
	return end;
}
