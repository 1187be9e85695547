/* SPDX-License-Identifier: MIT */
/* The file header and the trailer as bytes and back. */

#include "format/header.h"

#include "format/crc32c.h"
#include "format/wire.h"

#include <string.h>

static const uint8_t file_magic[8] = {0x89, 'C', 'T', 'R', 'A', 'C', 'E', '\n'};
static const uint8_t trailer_magic[4] = {'C', 'T', 'E', '\n'};

/* SPEC 3: "1 to 10^12". */
#define TICKS_PER_SECOND_MAX UINT64_C(1000000000000)

struct ctrace_file_header ctrace_file_header_default(void)
{
	return (struct ctrace_file_header){
		.major = CTRACE_MAJOR,
		.minor = CTRACE_MINOR,
		.size = CTRACE_FILE_HEADER_BYTES,
	};
}

void ctrace_file_header_encode(uint8_t bytes[CTRACE_FILE_HEADER_BYTES],
			       const struct ctrace_file_header *header)
{
	memcpy(bytes, file_magic, sizeof(file_magic));
	ctrace_put_le(bytes + 8, header->major, 2);
	ctrace_put_le(bytes + 10, header->minor, 2);
	ctrace_put_le(bytes + 12, header->size, 2);
	ctrace_put_le(bytes + 14, header->reserved, 2);
	ctrace_put_le(bytes + 16, header->incompatible, 4);
	ctrace_put_le(bytes + 20, header->compatible, 4);
	memcpy(bytes + 24, header->session, sizeof(header->session));
	ctrace_put_le(bytes + 40, header->base_ticks, 8);
	ctrace_put_le(bytes + 48, header->ticks_per_second, 8);
	bytes[56] = header->clock_kind;
	memcpy(bytes + 57, header->reserved_end, sizeof(header->reserved_end));
	ctrace_put_le(bytes + 60, ctrace_crc32c(bytes, 60), 4);
}

struct ctrace_file_header ctrace_file_header_fields(const uint8_t bytes[CTRACE_FILE_HEADER_BYTES])
{
	struct ctrace_file_header header = {
		.major = (uint16_t)ctrace_get_le(bytes + 8, 2),
		.minor = (uint16_t)ctrace_get_le(bytes + 10, 2),
		.size = (uint16_t)ctrace_get_le(bytes + 12, 2),
		.reserved = (uint16_t)ctrace_get_le(bytes + 14, 2),
		.incompatible = (uint32_t)ctrace_get_le(bytes + 16, 4),
		.compatible = (uint32_t)ctrace_get_le(bytes + 20, 4),
		.base_ticks = ctrace_get_le(bytes + 40, 8),
		.ticks_per_second = ctrace_get_le(bytes + 48, 8),
		.clock_kind = bytes[56],
		.crc = (uint32_t)ctrace_get_le(bytes + 60, 4),
	};

	memcpy(header.session, bytes + 24, sizeof(header.session));
	memcpy(header.reserved_end, bytes + 57, sizeof(header.reserved_end));
	return header;
}

static enum ctrace_status refuse(struct ctrace_error *error, uint64_t offset, const char *what,
				 uint64_t value, const char *rule)
{
	return ctrace_error_set(error, CTRACE_ERR_DAMAGED, offset, CTRACE_NO_CHUNK,
				"file header: %s is %llu, %s", what, (unsigned long long)value,
				rule);
}

/* Rules of a header whose checksum and version are good. */
static enum ctrace_status check_fields(const struct ctrace_file_header *header,
				       struct ctrace_error *error)
{
	static const uint8_t zeros[3];

	if (header->size != CTRACE_FILE_HEADER_BYTES) {
		return refuse(error, 12, "header size", header->size, "it must be 64");
	}
	if (header->reserved != 0) {
		return refuse(error, 14, "the reserved field", header->reserved, "it must be 0");
	}
	if (header->incompatible != 0) {
		return ctrace_error_set(error, CTRACE_ERR_VERSION, 16, CTRACE_NO_CHUNK,
					"needs a reader that knows the features 0x%x of the file "
					"header; get a newer ctrace",
					header->incompatible);
	}
	if (header->base_ticks > CTRACE_TICKS_MAX) {
		return refuse(error, 40, "base ticks", header->base_ticks, "the limit is 2^62-1");
	}
	if (header->ticks_per_second < 1 || header->ticks_per_second > TICKS_PER_SECOND_MAX) {
		return refuse(error, 48, "ticks per second", header->ticks_per_second,
			      "it must be 1 to 10^12");
	}
	if (header->clock_kind < CTRACE_CLOCK_TSC || header->clock_kind > CTRACE_CLOCK_ARTIFICIAL) {
		return refuse(error, 56, "clock kind", header->clock_kind, "it must be 1 to 5");
	}
	if (memcmp(header->reserved_end, zeros, sizeof(zeros)) != 0) {
		return refuse(error, 57, "the reserved field", header->reserved_end[0],
			      "all three bytes must be 0");
	}
	return CTRACE_OK;
}

enum ctrace_status ctrace_file_header_decode(struct ctrace_file_header *header,
					     const uint8_t *bytes, uint64_t size,
					     struct ctrace_error *error)
{
	if (size == 0) {
		return ctrace_error_set(error, CTRACE_ERR_NOT_TRACE, CTRACE_NO_OFFSET,
					CTRACE_NO_CHUNK, "the file is empty, not a ctrace file");
	}
	uint64_t magic_size = size < sizeof(file_magic) ? size : sizeof(file_magic);
	if (memcmp(bytes, file_magic, magic_size) != 0) {
		return ctrace_error_set(error, CTRACE_ERR_NOT_TRACE, 0, CTRACE_NO_CHUNK,
					"not a ctrace file: it does not begin with the magic "
					"\\x89CTRACE\\n");
	}
	if (size < CTRACE_FILE_HEADER_BYTES) {
		return ctrace_error_set(error, CTRACE_ERR_CUT, size, CTRACE_NO_CHUNK,
					"cut inside the file header: %llu bytes of 64",
					(unsigned long long)size);
	}
	*header = ctrace_file_header_fields(bytes);
	uint32_t crc = ctrace_crc32c(bytes, 60);
	if (crc != header->crc) {
		return ctrace_error_set(error, CTRACE_ERR_DAMAGED, 0, CTRACE_NO_CHUNK,
					"file header: checksum is %08x, its bytes give %08x",
					header->crc, crc);
	}
	if (header->major != CTRACE_MAJOR) {
		return ctrace_error_set(error, CTRACE_ERR_VERSION, 8, CTRACE_NO_CHUNK,
					"format version %u.%u; this ctrace reads version %u; get "
					"a newer ctrace",
					header->major, header->minor, CTRACE_MAJOR);
	}
	return check_fields(header, error);
}

void ctrace_trailer_encode(uint8_t bytes[CTRACE_TRAILER_BYTES],
			   const struct ctrace_trailer *trailer)
{
	ctrace_put_le(bytes, trailer->index_offset, 8);
	ctrace_put_le(bytes + 8, trailer->lost, 8);
	ctrace_put_le(bytes + 16, trailer->chunks, 4);
	ctrace_put_le(bytes + 20, trailer->reserved, 4);
	ctrace_put_le(bytes + 24, ctrace_crc32c(bytes, 24), 4);
	memcpy(bytes + 28, trailer_magic, sizeof(trailer_magic));
}

struct ctrace_trailer ctrace_trailer_fields(const uint8_t bytes[CTRACE_TRAILER_BYTES])
{
	return (struct ctrace_trailer){
		.index_offset = ctrace_get_le(bytes, 8),
		.lost = ctrace_get_le(bytes + 8, 8),
		.chunks = (uint32_t)ctrace_get_le(bytes + 16, 4),
		.reserved = (uint32_t)ctrace_get_le(bytes + 20, 4),
		.crc = (uint32_t)ctrace_get_le(bytes + 24, 4),
		.magic = (uint32_t)ctrace_get_le(bytes + 28, 4),
	};
}

bool ctrace_trailer_is_here(const uint8_t bytes[CTRACE_TRAILER_BYTES])
{
	return memcmp(bytes + 28, trailer_magic, sizeof(trailer_magic)) == 0;
}

bool ctrace_trailer_is_good(const uint8_t bytes[CTRACE_TRAILER_BYTES])
{
	struct ctrace_trailer trailer = ctrace_trailer_fields(bytes);

	return ctrace_trailer_is_here(bytes) && trailer.crc == ctrace_crc32c(bytes, 24);
}
