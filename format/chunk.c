/* SPDX-License-Identifier: MIT */
/* Chunk headers, and payloads between their raw and stored forms. */

#include "format/chunk.h"

#include "format/crc32c.h"
#include "format/wire.h"

#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS_KNOWN (CTRACE_CHUNK_LZ4 | CTRACE_CHUNK_OPTIONAL)

struct ctrace_chunk_header ctrace_chunk_header_default(void)
{
	return (struct ctrace_chunk_header){
		.sync = CTRACE_CHUNK_SYNC,
		.size = CTRACE_CHUNK_HEADER_BYTES,
	};
}

void ctrace_chunk_header_encode(uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES],
				const struct ctrace_chunk_header *header)
{
	ctrace_put_le(bytes, header->sync, 4);
	ctrace_put_le(bytes + 4, header->size, 2);
	ctrace_put_le(bytes + 6, header->type, 2);
	ctrace_put_le(bytes + 8, header->flags, 2);
	ctrace_put_le(bytes + 10, header->reserved, 2);
	ctrace_put_le(bytes + 12, header->stream, 4);
	ctrace_put_le(bytes + 16, header->seq, 4);
	ctrace_put_le(bytes + 20, header->events, 4);
	ctrace_put_le(bytes + 24, header->base, 8);
	ctrace_put_le(bytes + 32, header->span, 8);
	ctrace_put_le(bytes + 40, header->raw, 4);
	ctrace_put_le(bytes + 44, header->stored, 4);
	ctrace_put_le(bytes + 48, header->payload_crc, 4);
	ctrace_put_le(bytes + 52, ctrace_crc32c(bytes, 52), 4);
}

struct ctrace_chunk_header ctrace_chunk_header_fields(
	const uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES])
{
	return (struct ctrace_chunk_header){
		.sync = (uint32_t)ctrace_get_le(bytes, 4),
		.size = (uint16_t)ctrace_get_le(bytes + 4, 2),
		.type = (uint16_t)ctrace_get_le(bytes + 6, 2),
		.flags = (uint16_t)ctrace_get_le(bytes + 8, 2),
		.reserved = (uint16_t)ctrace_get_le(bytes + 10, 2),
		.stream = (uint32_t)ctrace_get_le(bytes + 12, 4),
		.seq = (uint32_t)ctrace_get_le(bytes + 16, 4),
		.events = (uint32_t)ctrace_get_le(bytes + 20, 4),
		.base = ctrace_get_le(bytes + 24, 8),
		.span = ctrace_get_le(bytes + 32, 8),
		.raw = (uint32_t)ctrace_get_le(bytes + 40, 4),
		.stored = (uint32_t)ctrace_get_le(bytes + 44, 4),
		.payload_crc = (uint32_t)ctrace_get_le(bytes + 48, 4),
		.crc = (uint32_t)ctrace_get_le(bytes + 52, 4),
	};
}

bool ctrace_chunk_header_is_here(const uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES])
{
	return ctrace_get_le(bytes, 4) == CTRACE_CHUNK_SYNC &&
	       ctrace_get_le(bytes + 52, 4) == ctrace_crc32c(bytes, 52);
}

bool ctrace_chunk_type_is_known(unsigned type)
{
	return (type >= CTRACE_CHUNK_META && type <= CTRACE_CHUNK_INDEX) ||
	       (type >= CTRACE_CHUNK_BUFFERS && type < CTRACE_CHUNK_TYPES_END);
}

/* Where a header stands, for its errors. */
struct place {
	uint64_t offset;
	uint32_t chunk;
	struct ctrace_error *error;
};

static enum ctrace_status refuse(const struct place *place, enum ctrace_status status,
				 const char *what, uint64_t value, const char *rule)
{
	return ctrace_error_set(place->error, status, place->offset, place->chunk,
				"chunk header: %s is %llu, %s", what, (unsigned long long)value,
				rule);
}

static enum ctrace_status check_is_header(const struct ctrace_chunk_header *header,
					  const uint8_t *bytes, const struct place *place)
{
	uint32_t crc = ctrace_crc32c(bytes, 52);

	if (header->sync != CTRACE_CHUNK_SYNC) {
		return ctrace_error_set(place->error, CTRACE_ERR_DAMAGED, place->offset,
					place->chunk, "no chunk begins here: found %08x, not %08x",
					header->sync, CTRACE_CHUNK_SYNC);
	}
	if (header->crc != crc) {
		return ctrace_error_set(
			place->error, CTRACE_ERR_DAMAGED, place->offset, place->chunk,
			"chunk header: checksum is %08x, its bytes give %08x", header->crc, crc);
	}
	if (header->size != CTRACE_CHUNK_HEADER_BYTES) {
		return refuse(place, CTRACE_ERR_DAMAGED, "size", header->size, "it must be 56");
	}
	if ((header->flags & ~FLAGS_KNOWN) != 0) {
		return refuse(place, CTRACE_ERR_DAMAGED, "flags", header->flags,
			      "only bits 0 and 1 may be set");
	}
	if (header->reserved != 0) {
		return refuse(place, CTRACE_ERR_DAMAGED, "the reserved field", header->reserved,
			      "it must be 0");
	}
	return CTRACE_OK;
}

static enum ctrace_status check_sizes(const struct ctrace_chunk_header *header,
				      const struct place *place)
{
	if (header->raw > CTRACE_CHUNK_PAYLOAD_MAX) {
		return refuse(place, CTRACE_ERR_LIMIT, "raw size", header->raw,
			      "the limit is 1048576");
	}
	if (header->stored > CTRACE_CHUNK_PAYLOAD_MAX) {
		return refuse(place, CTRACE_ERR_LIMIT, "stored size", header->stored,
			      "the limit is 1048576");
	}
	if ((header->flags & CTRACE_CHUNK_LZ4) == 0 && header->stored != header->raw) {
		return refuse(place, CTRACE_ERR_DAMAGED, "stored size", header->stored,
			      "without LZ4 it must equal the raw size");
	}
	if ((header->flags & CTRACE_CHUNK_LZ4) != 0 && header->stored >= header->raw) {
		return refuse(place, CTRACE_ERR_DAMAGED, "stored size", header->stored,
			      "with LZ4 it must be below the raw size");
	}
	if (header->events > header->raw) {
		return refuse(place, CTRACE_ERR_DAMAGED, "number of events", header->events,
			      "it cannot be above the raw size");
	}
	return CTRACE_OK;
}

static enum ctrace_status check_times(const struct ctrace_chunk_header *header, uint64_t file_base,
				      const struct place *place)
{
	bool is_table =
		ctrace_chunk_type_is_known(header->type) && header->type != CTRACE_CHUNK_EVENTS;

	if (is_table && (header->base != 0 || header->span != 0)) {
		return refuse(place, CTRACE_ERR_DAMAGED, "base or span",
			      header->base != 0 ? header->base : header->span,
			      "in a table both must be 0");
	}
	if (is_table && header->stream != 0) {
		return refuse(place, CTRACE_ERR_DAMAGED, "stream", header->stream,
			      "in a table it must be 0");
	}
	if (header->type == CTRACE_CHUNK_EVENTS && header->stream == 0) {
		return refuse(place, CTRACE_ERR_DAMAGED, "stream", 0,
			      "events need a stream of 1 or more");
	}
	if (header->type == CTRACE_CHUNK_EVENTS && header->base < file_base) {
		return refuse(place, CTRACE_ERR_DAMAGED, "base", header->base,
			      "it is before the file's base ticks");
	}
	if (header->span > CTRACE_SPAN_TICKS_MAX) {
		return refuse(place, CTRACE_ERR_LIMIT, "span", header->span, "the limit is 2^62-1");
	}
	if (header->base > CTRACE_TICKS_MAX || header->base + header->span > CTRACE_TICKS_MAX) {
		return refuse(place, CTRACE_ERR_LIMIT, "base", header->base,
			      "with the span it passes the limit of 2^62-1");
	}
	return CTRACE_OK;
}

enum ctrace_status ctrace_chunk_header_decode(struct ctrace_chunk_header *header,
					      const uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES],
					      uint64_t file_base, uint64_t offset, uint32_t chunk,
					      struct ctrace_error *error)
{
	struct place place = {.offset = offset, .chunk = chunk, .error = error};

	*header = ctrace_chunk_header_fields(bytes);
	enum ctrace_status status = check_is_header(header, bytes, &place);
	if (status == CTRACE_OK) {
		status = check_sizes(header, &place);
	}
	if (status == CTRACE_OK) {
		status = check_times(header, file_base, &place);
	}
	return status;
}

static enum ctrace_status check_crc(const struct ctrace_chunk_header *header, const uint8_t *stored,
				    const struct place *place)
{
	uint32_t crc = ctrace_crc32c(stored, header->stored);

	if (crc == header->payload_crc) {
		return CTRACE_OK;
	}
	return ctrace_error_set(place->error, CTRACE_ERR_DAMAGED, place->offset, place->chunk,
				"payload: checksum is %08x, its %u bytes give %08x",
				header->payload_crc, header->stored, crc);
}

enum ctrace_status ctrace_chunk_payload_decode(const struct ctrace_chunk_header *header,
					       const uint8_t *stored, uint8_t *raw, uint64_t offset,
					       uint32_t chunk, struct ctrace_error *error)
{
	struct place place = {.offset = offset, .chunk = chunk, .error = error};
	enum ctrace_status status = check_crc(header, stored, &place);

	if (status != CTRACE_OK) {
		return status;
	}
	if ((header->flags & CTRACE_CHUNK_LZ4) == 0) {
		/* Also for callers that read chunks whose headers break rules. */
		if (header->raw != header->stored) {
			return refuse(&place, CTRACE_ERR_DAMAGED, "stored size", header->stored,
				      "without LZ4 it must equal the raw size");
		}
		if (header->raw > 0) {
			memcpy(raw, stored, header->raw);
		}
		return CTRACE_OK;
	}
	int size = LZ4_decompress_safe((const char *)stored, (char *)raw, (int)header->stored,
				       (int)header->raw);
	if (size < 0) {
		return ctrace_error_set(error, CTRACE_ERR_DAMAGED, offset, chunk,
					"payload: its %u bytes are no LZ4 block of at most %u",
					header->stored, header->raw);
	}
	if ((uint32_t)size != header->raw) {
		return ctrace_error_set(error, CTRACE_ERR_DAMAGED, offset, chunk,
					"payload: decompresses to %d bytes, the header says %u",
					size, header->raw);
	}
	return CTRACE_OK;
}

enum ctrace_status ctrace_packer_init(struct ctrace_packer *packer)
{
	*packer = (struct ctrace_packer){0};
	packer->lz4_state = malloc((size_t)LZ4_sizeofState());
	return packer->lz4_state == NULL ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

void ctrace_packer_finish(struct ctrace_packer *packer)
{
	if (packer == NULL) {
		return;
	}
	free(packer->raw);
	free(packer->packed);
	free(packer->lz4_state);
	*packer = (struct ctrace_packer){0};
}

static bool grow(uint8_t **bytes, size_t *capacity, size_t size)
{
	if (size <= *capacity) {
		return true;
	}
	uint8_t *grown = realloc(*bytes, size);
	if (grown == NULL) {
		return false;
	}
	*bytes = grown;
	*capacity = size;
	return true;
}

uint8_t *ctrace_packer_payload(struct ctrace_packer *packer, size_t raw)
{
	size_t size = CTRACE_CHUNK_HEADER_BYTES + raw + CTRACE_VARINT_ROOM;

	if (!grow(&packer->raw, &packer->raw_capacity, size)) {
		return NULL;
	}
	return packer->raw + CTRACE_CHUNK_HEADER_BYTES;
}

/* Bytes of the LZ4 form, 0 if it would not be smaller. */
static int compress(struct ctrace_packer *packer, uint32_t raw)
{
	return LZ4_compress_fast_extState(
		packer->lz4_state, (const char *)packer->raw + CTRACE_CHUNK_HEADER_BYTES,
		(char *)packer->packed + CTRACE_CHUNK_HEADER_BYTES, (int)raw, (int)raw - 1, 1);
}

enum ctrace_status ctrace_packer_seal(struct ctrace_packer *packer,
				      struct ctrace_chunk_header *header, bool is_plain)
{
	uint8_t *chunk = packer->raw;
	int packed = 0;

	if (!grow(&packer->packed, &packer->packed_capacity,
		  CTRACE_CHUNK_HEADER_BYTES + (size_t)header->raw)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	if (!is_plain && header->raw > 1) {
		packed = compress(packer, header->raw);
	}
	header->flags &= (uint16_t)~CTRACE_CHUNK_LZ4;
	header->stored = header->raw;
	if (packed > 0) {
		chunk = packer->packed;
		header->flags |= CTRACE_CHUNK_LZ4;
		header->stored = (uint32_t)packed;
	}
	header->payload_crc = ctrace_crc32c(chunk + CTRACE_CHUNK_HEADER_BYTES, header->stored);
	ctrace_chunk_header_encode(chunk, header);
	packer->chunk = chunk;
	packer->chunk_size = CTRACE_CHUNK_HEADER_BYTES + (size_t)header->stored;
	return CTRACE_OK;
}
