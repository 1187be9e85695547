/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_HEADER_H
#define CTRACE_HEADER_H

/* The two ends of a file: its header (SPEC 3) and its trailer (SPEC 7.8). */

#include "format/kinds.h"
#include "format/limits.h"
#include "format/status.h"

#include <stdbool.h>
#include <stdint.h>

#define CTRACE_MAJOR 1u
#define CTRACE_MINOR 0u

struct ctrace_file_header {
	uint16_t major, minor, size, reserved;
	uint32_t incompatible, compatible;
	uint8_t session[16];
	uint64_t base_ticks, ticks_per_second;
	uint8_t clock_kind;
	uint8_t reserved_end[3];
	uint32_t crc; /* encode computes it; decode checks it */
};

/* A header of this version with everything else zero. */
struct ctrace_file_header ctrace_file_header_default(void);

void ctrace_file_header_encode(uint8_t bytes[CTRACE_FILE_HEADER_BYTES],
			       const struct ctrace_file_header *header);
/* The fields as they stand, unchecked. */
struct ctrace_file_header ctrace_file_header_fields(const uint8_t bytes[CTRACE_FILE_HEADER_BYTES]);
/* Refuses (SPEC 9.1) what is no trace, damaged, or newer. `size` is how many bytes the file has, if
 * fewer than 64. */
enum ctrace_status ctrace_file_header_decode(struct ctrace_file_header *header,
					     const uint8_t *bytes, uint64_t size,
					     struct ctrace_error *error);

struct ctrace_trailer {
	uint64_t index_offset, lost;
	uint32_t chunks, reserved, crc, magic;
};

void ctrace_trailer_encode(uint8_t bytes[CTRACE_TRAILER_BYTES],
			   const struct ctrace_trailer *trailer);
struct ctrace_trailer ctrace_trailer_fields(const uint8_t bytes[CTRACE_TRAILER_BYTES]);
/* Do these bytes have the trailer's magic? */
bool ctrace_trailer_is_here(const uint8_t bytes[CTRACE_TRAILER_BYTES]);
/* Are its magic and its checksum right? */
bool ctrace_trailer_is_good(const uint8_t bytes[CTRACE_TRAILER_BYTES]);

#endif
