/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BUFFER_H
#define CTRACE_BUFFER_H

/*
 * Bytes that grow: rows of a table on their way out, the payload of a chunk.
 * A zeroed buffer is empty. Running out of memory sticks in `is_failed`, so
 * one test after many puts is enough.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_buffer {
	uint8_t *bytes;
	size_t size, capacity;
	bool is_failed;
};

void ctrace_buffer_finish(struct ctrace_buffer *buffer);

/* Room for `size` more bytes at the end, or NULL. The caller writes there, then adds to
 * buffer->size. */
uint8_t *ctrace_buffer_reserve(struct ctrace_buffer *buffer, size_t size);

void ctrace_buffer_put(struct ctrace_buffer *buffer, const void *bytes, size_t size);
void ctrace_buffer_u8(struct ctrace_buffer *buffer, uint8_t value);
void ctrace_buffer_le(struct ctrace_buffer *buffer, uint64_t value, unsigned size);
void ctrace_buffer_varint(struct ctrace_buffer *buffer, uint64_t value);
/* A varint length and that many bytes. */
void ctrace_buffer_bytes(struct ctrace_buffer *buffer, const void *bytes, size_t size);

#endif
