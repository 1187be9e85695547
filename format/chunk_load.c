/* SPDX-License-Identifier: MIT */
/* Loading one chunk: reading it again, checking that it is the same, decompressing it. */

#include "format/opened.h"
#include "format/pread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum ctrace_status reserve(struct ctrace_chunk *chunk, size_t size)
{
	if (size <= chunk->memory_bytes) {
		return CTRACE_OK;
	}
	void *memory = realloc(chunk->memory, size);
	if (memory == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	chunk->memory = memory;
	chunk->memory_bytes = size;
	return CTRACE_OK;
}

/* The header must still be the one that was there when the trace was opened. */
static bool is_same_chunk(const struct ctrace_chunk_entry *entry,
			  const struct ctrace_chunk_header *header)
{
	return header->type == entry->type && header->flags == entry->flags &&
	       header->stream == entry->stream && header->seq == entry->seq &&
	       header->events == entry->events && header->base == entry->base &&
	       header->span == entry->span && header->raw == entry->raw &&
	       header->stored == entry->stored && header->payload_crc == entry->payload_crc;
}

static enum ctrace_status read_chunk(uint8_t *bytes, const struct ctrace_trace *trace,
				     const struct ctrace_chunk_entry *entry, uint32_t index,
				     struct ctrace_error *error)
{
	size_t size = CTRACE_CHUNK_HEADER_BYTES + (size_t)entry->stored;
	int64_t got = ctrace_pread_all(trace->fd, bytes, size, entry->offset);

	if (got < 0) {
		return ctrace_error_set(error, CTRACE_ERR_IO, entry->offset, index,
					"cannot read the file: %s", strerror(errno));
	}
	if ((size_t)got < size) {
		return ctrace_error_set(error, CTRACE_ERR_CUT, entry->offset, index,
					"the file became shorter while it was read");
	}
	struct ctrace_chunk_header header = ctrace_chunk_header_fields(bytes);
	if (!is_same_chunk(entry, &header)) {
		return ctrace_error_set(error, CTRACE_ERR_DAMAGED, entry->offset, index,
					"the file changed while it was read");
	}
	return CTRACE_OK;
}

enum ctrace_status ctrace_chunk_load(struct ctrace_chunk *chunk, const struct ctrace_trace *trace,
				     uint32_t index, struct ctrace_error *error)
{
	const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, index);

	chunk->entry = NULL;
	chunk->payload = NULL;
	if (entry == NULL) {
		return ctrace_error_set(error, CTRACE_ERR_USAGE, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					"there is no chunk %u", index);
	}
	if (reserve(chunk, (size_t)entry->raw + CTRACE_CHUNK_HEADER_BYTES + entry->stored) !=
	    CTRACE_OK) {
		return ctrace_error_set(error, CTRACE_ERR_NO_MEMORY, entry->offset, index,
					"no memory for the chunk's %u bytes", entry->raw);
	}
	uint8_t *raw = chunk->memory, *stored = raw + entry->raw;
	enum ctrace_status status = read_chunk(stored, trace, entry, index, error);
	if (status == CTRACE_OK) {
		struct ctrace_chunk_header header = ctrace_chunk_header_fields(stored);
		status = ctrace_chunk_payload_decode(&header, stored + CTRACE_CHUNK_HEADER_BYTES,
						     raw, entry->offset, index, error);
	}
	if (status == CTRACE_OK) {
		chunk->entry = entry;
		chunk->index = index;
		chunk->payload = raw;
	}
	return status;
}

void ctrace_chunk_unload(struct ctrace_chunk *chunk)
{
	free(chunk->memory);
	*chunk = (struct ctrace_chunk){0};
}
