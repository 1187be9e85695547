/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHUNK_H
#define CTRACE_CHUNK_H

/*
 * A chunk's header and payload (SPEC 4): sealing for writers, opening for readers.
 *
 *     ctrace_packer_init(&packer)
 *       payload = ctrace_packer_payload(&packer, raw)    write `raw` bytes there
 *       ctrace_packer_seal(&packer, &header, is_plain)   compressed, with checksums:
 *       packer.chunk, packer.chunk_size                  the chunk's bytes
 *     ctrace_packer_finish(&packer)
 */

#include "format/kinds.h"
#include "format/limits.h"
#include "format/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTRACE_CHUNK_SYNC UINT32_C(0x43544BC7)

struct ctrace_chunk_header {
	uint32_t sync;
	uint16_t size, type, flags, reserved;
	uint32_t stream, seq, events;
	uint64_t base, span;
	uint32_t raw, stored, payload_crc;
	uint32_t crc; /* of the header; encode computes it */
};

/* A header with sync and size set. */
struct ctrace_chunk_header ctrace_chunk_header_default(void);
void ctrace_chunk_header_encode(uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES],
				const struct ctrace_chunk_header *header);
/* The fields as they stand, unchecked. */
struct ctrace_chunk_header ctrace_chunk_header_fields(
	const uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES]);
/* Sync and checksum: is there a chunk here at all? */
bool ctrace_chunk_header_is_here(const uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES]);
/*
 * Check every rule of SPEC 4. `file_base` is the file header's base ticks,
 * `offset` and `chunk` say where for the error.
 */
enum ctrace_status ctrace_chunk_header_decode(struct ctrace_chunk_header *header,
					      const uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES],
					      uint64_t file_base, uint64_t offset, uint32_t chunk,
					      struct ctrace_error *error);

/* Is this a type of SPEC 5 that this version knows? */
bool ctrace_chunk_type_is_known(unsigned type);

/*
 * Check the stored bytes and decompress them into `raw` (header->raw bytes).
 * The payload of a plain chunk is copied.
 */
enum ctrace_status ctrace_chunk_payload_decode(const struct ctrace_chunk_header *header,
					       const uint8_t *stored, uint8_t *raw, uint64_t offset,
					       uint32_t chunk, struct ctrace_error *error);

struct ctrace_packer {
	uint8_t *raw, *packed; /* each: a header's room, then a payload */
	size_t raw_capacity, packed_capacity;
	void *lz4_state;
	const uint8_t *chunk; /* after seal: the chunk's bytes, borrowed until the next call */
	size_t chunk_size;
};

enum ctrace_status ctrace_packer_init(struct ctrace_packer *packer);
void ctrace_packer_finish(struct ctrace_packer *packer); /* NULL, zeroed, half-made are fine */
/* Where a payload of `raw` bytes goes, with 16 bytes of room behind it; NULL: no memory. */
uint8_t *ctrace_packer_payload(struct ctrace_packer *packer, size_t raw);
/*
 * The payload of header->raw bytes becomes a chunk: LZ4 if that is smaller and
 * not `is_plain`. Sets the header's flags LZ4, stored and checksums.
 */
enum ctrace_status ctrace_packer_seal(struct ctrace_packer *packer,
				      struct ctrace_chunk_header *header, bool is_plain);

#endif
