/* SPDX-License-Identifier: MIT */
/* Growing bytes. */

#include "format/buffer.h"

#include "format/wire.h"

#include <stdlib.h>
#include <string.h>

void ctrace_buffer_finish(struct ctrace_buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct ctrace_buffer){0};
}

uint8_t *ctrace_buffer_reserve(struct ctrace_buffer *buffer, size_t size)
{
	if (buffer->is_failed) {
		return NULL;
	}
	if (buffer->bytes == NULL || size > buffer->capacity - buffer->size) {
		size_t capacity = buffer->capacity + buffer->capacity / 2 + size + 64;
		uint8_t *bytes = realloc(buffer->bytes, capacity);
		if (bytes == NULL) {
			buffer->is_failed = true;
			return NULL;
		}
		buffer->bytes = bytes;
		buffer->capacity = capacity;
	}
	return buffer->bytes + buffer->size;
}

void ctrace_buffer_put(struct ctrace_buffer *buffer, const void *bytes, size_t size)
{
	uint8_t *at = ctrace_buffer_reserve(buffer, size);

	if (at != NULL && size > 0) {
		memcpy(at, bytes, size);
		buffer->size += size;
	}
}

void ctrace_buffer_u8(struct ctrace_buffer *buffer, uint8_t value)
{
	ctrace_buffer_put(buffer, &value, 1);
}

void ctrace_buffer_le(struct ctrace_buffer *buffer, uint64_t value, unsigned size)
{
	uint8_t bytes[8];

	ctrace_put_le(bytes, value, size);
	ctrace_buffer_put(buffer, bytes, size);
}

void ctrace_buffer_varint(struct ctrace_buffer *buffer, uint64_t value)
{
	uint8_t *at = ctrace_buffer_reserve(buffer, CTRACE_VARINT_ROOM);

	if (at != NULL) {
		buffer->size += (size_t)(ctrace_put_varint(at, value) - at);
	}
}

void ctrace_buffer_bytes(struct ctrace_buffer *buffer, const void *bytes, size_t size)
{
	ctrace_buffer_varint(buffer, size);
	ctrace_buffer_put(buffer, bytes, size);
}
