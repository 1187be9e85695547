/* SPDX-License-Identifier: MIT */
/*
 * A trace on its way out. Rows wait in one buffer per table; sealing a block
 * first writes the rows (so that a table stands before what refers to it, SPEC
 * 5), then the block. What the index needs is kept as its rows.
 */

#include "format/writer.h"

#include "format/block.h"
#include "format/chunk.h"
#include "format/header.h"
#include "format/rows.h"
#include "format/writing.h"

#include <stdlib.h>
#include <string.h>

/* What others refer to stands before them in the file, strings first. */
static const enum ctrace_chunk_type table_order[] = {
	CTRACE_CHUNK_STRINGS, CTRACE_CHUNK_META,    CTRACE_CHUNK_SITES,	 CTRACE_CHUNK_PROCESSES,
	CTRACE_CHUNK_THREADS, CTRACE_CHUNK_BUFFERS, CTRACE_CHUNK_CLOCK,	 CTRACE_CHUNK_SOURCES,
	CTRACE_CHUNK_CALLS,   CTRACE_CHUNK_MODULES, CTRACE_CHUNK_FRAMES, CTRACE_CHUNK_STACKS,
	CTRACE_CHUNK_FILES,
};

/* SPEC 7.7: 40 bytes of fields and one of length. */
#define INDEX_ROW_BYTES 41u
#define INDEX_ROWS_MAX	(CTRACE_CHUNK_PAYLOAD_MAX / INDEX_ROW_BYTES)

enum ctrace_status ctrace_writer_fail(struct ctrace_writer *writer, enum ctrace_status status)
{
	if (writer->status == CTRACE_OK) {
		writer->status = status;
	}
	return writer->status;
}

static enum ctrace_status give(struct ctrace_writer *writer, const void *bytes, size_t size)
{
	enum ctrace_status status = writer->settings.write(writer->settings.sink, bytes, size);

	if (status != CTRACE_OK) {
		return ctrace_writer_fail(writer, status);
	}
	writer->offset += size;
	return CTRACE_OK;
}

static enum ctrace_status give_file_header(struct ctrace_writer *writer)
{
	uint8_t bytes[CTRACE_FILE_HEADER_BYTES];
	struct ctrace_file_header header = ctrace_file_header_default();

	memcpy(header.session, writer->settings.session, sizeof(header.session));
	header.base_ticks = writer->settings.base_ticks;
	header.ticks_per_second = writer->settings.ticks_per_second;
	header.clock_kind = (uint8_t)writer->settings.clock_kind;
	ctrace_file_header_encode(bytes, &header);
	return give(writer, bytes, sizeof(bytes));
}

enum ctrace_status ctrace_writer_init(struct ctrace_writer *writer,
				      const struct ctrace_writer_settings *settings)
{
	*writer = (struct ctrace_writer){.settings = *settings};
	writer->tables = calloc(1, sizeof(*writer->tables));
	if (writer->tables == NULL || ctrace_packer_init(&writer->tables->packer) != CTRACE_OK) {
		ctrace_writer_finish(writer);
		return CTRACE_ERR_NO_MEMORY;
	}
	return settings->keep == NULL ? give_file_header(writer) : CTRACE_OK;
}

void ctrace_writer_finish(struct ctrace_writer *writer)
{
	if (writer == NULL || writer->tables == NULL) {
		return;
	}
	struct ctrace_writer_tables *tables = writer->tables;
	ctrace_strings_finish(&tables->strings);
	for (unsigned i = 0; i < CTRACE_CHUNK_TYPES_END; i++) {
		ctrace_buffer_finish(&tables->pending[i].rows);
	}
	ctrace_buffer_finish(&tables->index);
	ctrace_buffer_finish(&tables->defined);
	ctrace_buffer_finish(&tables->calls);
	ctrace_packer_finish(&tables->packer);
	free(tables);
	*writer = (struct ctrace_writer){0};
}

static void remember_chunk(struct ctrace_writer *writer, const struct ctrace_chunk_header *header)
{
	struct ctrace_index_row row = {
		.offset = writer->offset,
		.type = header->type,
		.stream = header->stream,
		.base = header->base,
		.span = header->span,
		.events = header->events,
		.stored = header->stored,
	};

	ctrace_row_put_index(&writer->tables->index, &row);
}

/* The payload already stands in the packer. */
static enum ctrace_status give_chunk(struct ctrace_writer *writer,
				     struct ctrace_chunk_header *header)
{
	struct ctrace_packer *packer = &writer->tables->packer;
	enum ctrace_status status = ctrace_packer_seal(packer, header, writer->settings.is_plain);

	if (status != CTRACE_OK) {
		return ctrace_writer_fail(writer, status);
	}
	if (header->type != CTRACE_CHUNK_INDEX) {
		remember_chunk(writer, header);
		if (writer->tables->index.is_failed) {
			return ctrace_writer_fail(writer, CTRACE_ERR_NO_MEMORY);
		}
	}
	writer->chunks++;
	return give(writer, packer->chunk, packer->chunk_size);
}

static enum ctrace_status give_table(struct ctrace_writer *writer, enum ctrace_chunk_type type,
				     const uint8_t *rows, size_t size, uint32_t count)
{
	struct ctrace_chunk_header header = ctrace_chunk_header_default();
	uint8_t *payload = ctrace_packer_payload(&writer->tables->packer, size);

	if (payload == NULL) {
		return ctrace_writer_fail(writer, CTRACE_ERR_NO_MEMORY);
	}
	if (size > 0) {
		memcpy(payload, rows, size);
	}
	header.type = (uint16_t)type;
	header.seq = writer->table_seq++;
	header.events = count;
	header.raw = (uint32_t)size;
	return give_chunk(writer, &header);
}

enum ctrace_status ctrace_writer_flush_one(struct ctrace_writer *writer,
					   enum ctrace_chunk_type type)
{
	struct ctrace_waiting_rows *pending = &writer->tables->pending[type];

	if (pending->rows.is_failed) {
		return ctrace_writer_fail(writer, CTRACE_ERR_NO_MEMORY);
	}
	if (pending->count == 0 || writer->settings.keep != NULL) {
		return writer->status;
	}
	enum ctrace_status status =
		give_table(writer, type, pending->rows.bytes, pending->rows.size, pending->count);
	pending->rows.size = 0;
	pending->count = 0;
	return status;
}

enum ctrace_status ctrace_writer_flush_tables(struct ctrace_writer *writer)
{
	for (size_t i = 0; i < sizeof(table_order) / sizeof(table_order[0]); i++) {
		if (writer->status == CTRACE_OK) {
			ctrace_writer_flush_one(writer, table_order[i]);
		}
	}
	return writer->status;
}

/*
 * A chunk begins with its first event, not with the last one of the chunk
 * before: so an idle thread leaves a hole in the directory, not a long chunk.
 * The first time, a varint at the head of its column, then becomes a zero.
 */
static const uint8_t *begin_at_first_event(struct ctrace_block *block)
{
	struct ctrace_wire times =
		ctrace_wire_over(block->times, (size_t)(block->times_at - block->times));
	uint8_t *head = block->times;

	block->base += ctrace_wire_varint(&times);
	head += times.at - block->times - 1;
	*head = 0;
	return head;
}

static uint8_t *put_open_spans(uint8_t *at, const struct ctrace_open_span *open, uint32_t count,
			       uint64_t base)
{
	at = ctrace_put_varint(at, count);
	for (uint32_t i = 0; i < count; i++) {
		at = ctrace_put_varint(at, open[i].site);
		at = ctrace_put_varint(at, base - open[i].begin);
	}
	return at;
}

static uint8_t *put_bytes(uint8_t *at, const uint8_t *bytes, size_t size)
{
	if (size > 0) {
		memcpy(at, bytes, size);
	}
	return at + size;
}

/* The payload of SPEC 8 in the packer; its size, or 0 without memory. */
static size_t put_payload(struct ctrace_packer *packer, const struct ctrace_block *block,
			  const uint8_t *times)
{
	size_t ops_size = (size_t)(block->ops_at - block->ops);
	size_t times_size = (size_t)(block->times_at - times);
	size_t args_size = (size_t)(block->args_at - block->args);
	size_t head_max = (3 + 2 * (size_t)block->open_at_base) * CTRACE_VARINT_BYTES_MAX;
	uint8_t *payload =
		ctrace_packer_payload(packer, head_max + ops_size + times_size + args_size);

	if (payload == NULL) {
		return 0;
	}
	uint8_t *at = put_open_spans(payload, block->base_open, block->open_at_base, block->base);
	at = ctrace_put_varint(at, ops_size);
	at = ctrace_put_varint(at, times_size);
	at = put_bytes(at, block->ops, ops_size);
	at = put_bytes(at, times, times_size);
	at = put_bytes(at, block->args, args_size);
	return (size_t)(at - payload);
}

/* The next chunk of the stream: empty columns, the same open spans. */
static void carry_over(struct ctrace_block *block)
{
	block->written = ctrace_block_written(block);
	block->seq++;
	block->base = block->last;
	block->events = 0;
	block->lost_events = 0;
	block->lost = 0;
	block->lost_since = UINT64_MAX;
	block->ops_at = block->ops;
	block->times_at = block->times;
	block->args_at = block->args;
	block->open_at_base = block->depth;
	memcpy(block->base_open, block->open, block->depth * sizeof(*block->open));
}

/* Of the chunk itself, of the spans open at its base, of what its LOST events tell of. */
static uint64_t oldest_of(const struct ctrace_block *block)
{
	uint64_t oldest = block->base;

	if (block->open_at_base > 0 && block->base_open[0].begin < oldest) {
		oldest = block->base_open[0].begin;
	}
	return block->lost_since < oldest ? block->lost_since : oldest;
}

/* The payload already stands in the packer. */
static enum ctrace_status keep_chunk(struct ctrace_writer *writer, const struct ctrace_block *block,
				     const struct ctrace_chunk_header *header)
{
	struct ctrace_packer *packer = &writer->tables->packer;
	struct ctrace_sealed chunk = {.header = *header,
				      .oldest = oldest_of(block),
				      .lost_events = block->lost_events,
				      .lost = block->lost};
	enum ctrace_status status =
		ctrace_packer_seal(packer, &chunk.header, writer->settings.is_plain);

	if (status == CTRACE_OK) {
		chunk.payload = packer->chunk + CTRACE_CHUNK_HEADER_BYTES;
		status = writer->settings.keep(writer->settings.sink, &chunk);
	}
	return status == CTRACE_OK ? CTRACE_OK : ctrace_writer_fail(writer, status);
}

static enum ctrace_status give_block(struct ctrace_writer *writer, struct ctrace_block *block)
{
	struct ctrace_chunk_header header = ctrace_chunk_header_default();
	const uint8_t *times = begin_at_first_event(block);
	size_t raw = put_payload(&writer->tables->packer, block, times);

	if (raw == 0) {
		return ctrace_writer_fail(writer, CTRACE_ERR_NO_MEMORY);
	}
	header.type = CTRACE_CHUNK_EVENTS;
	header.stream = block->stream;
	header.seq = block->seq;
	header.events = block->events;
	header.base = block->base;
	header.span = block->last - block->base;
	header.raw = (uint32_t)raw;
	if ((writer->settings.keep != NULL ? keep_chunk(writer, block, &header)
					   : give_chunk(writer, &header)) == CTRACE_OK) {
		writer->events += block->events;
		writer->lost += block->lost;
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_seal(struct ctrace_writer *writer, struct ctrace_block *block)
{
	if (block->events == 0) {
		return writer->status;
	}
	if (ctrace_writer_flush_tables(writer) == CTRACE_OK) {
		give_block(writer, block);
	}
	/* Also when nothing could be written: who filled the block counts on its room. */
	carry_over(block);
	return writer->status;
}

bool ctrace_writer_has_site(const struct ctrace_writer *writer, uint32_t id)
{
	const struct ctrace_buffer *defined = &writer->tables->defined;

	return id / 8 < defined->size && (defined->bytes[id / 8] >> id % 8 & 1) != 0;
}

enum ctrace_status ctrace_writer_sealed(struct ctrace_writer *writer,
					const struct ctrace_sealed *chunk, uint32_t seq)
{
	struct ctrace_chunk_header header = chunk->header;
	uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES];

	if (ctrace_writer_flush_tables(writer) != CTRACE_OK) {
		return writer->status;
	}
	header.seq = seq;
	remember_chunk(writer, &header);
	if (writer->tables->index.is_failed) {
		return ctrace_writer_fail(writer, CTRACE_ERR_NO_MEMORY);
	}
	writer->chunks++;
	ctrace_chunk_header_encode(bytes, &header);
	if (give(writer, bytes, sizeof(bytes)) == CTRACE_OK &&
	    give(writer, chunk->payload, header.stored) == CTRACE_OK) {
		writer->events += header.events;
		writer->lost += chunk->lost;
	}
	return writer->status;
}

enum ctrace_status ctrace_writer_restate(struct ctrace_writer *writer, uint32_t stream,
					 uint32_t seq, uint64_t ticks,
					 const struct ctrace_open_span *open, uint32_t depth)
{
	struct ctrace_chunk_header header = ctrace_chunk_header_default();
	uint8_t *payload = NULL, *at;

	if (ctrace_writer_flush_tables(writer) == CTRACE_OK) {
		payload = ctrace_packer_payload(&writer->tables->packer,
						(3 + 2 * (size_t)depth) * CTRACE_VARINT_BYTES_MAX);
	}
	if (payload == NULL) {
		return ctrace_writer_fail(writer, CTRACE_ERR_NO_MEMORY);
	}
	at = put_open_spans(payload, open, depth, ticks);
	at = ctrace_put_varint(at, 0);
	at = ctrace_put_varint(at, 0);
	header.type = CTRACE_CHUNK_EVENTS;
	header.stream = stream;
	header.seq = seq;
	header.base = ticks;
	header.raw = (uint32_t)(at - payload);
	return give_chunk(writer, &header);
}

static enum ctrace_status give_index(struct ctrace_writer *writer)
{
	const struct ctrace_buffer *index = &writer->tables->index;
	size_t left = index->size / INDEX_ROW_BYTES;
	const uint8_t *at = index->bytes;

	do {
		uint32_t count = left < INDEX_ROWS_MAX ? (uint32_t)left : INDEX_ROWS_MAX;
		size_t size = (size_t)count * INDEX_ROW_BYTES;
		if (give_table(writer, CTRACE_CHUNK_INDEX, at, size, count) != CTRACE_OK) {
			return writer->status;
		}
		left -= count;
		at = left > 0 ? at + size : at;
	} while (left > 0);
	return CTRACE_OK;
}

enum ctrace_status ctrace_writer_close(struct ctrace_writer *writer)
{
	uint8_t bytes[CTRACE_TRAILER_BYTES];
	struct ctrace_trailer trailer = {0};

	if (ctrace_writer_flush_tables(writer) != CTRACE_OK) {
		return writer->status;
	}
	trailer.index_offset = writer->offset;
	trailer.lost = writer->lost;
	if (give_index(writer) != CTRACE_OK) {
		return writer->status;
	}
	trailer.chunks = writer->chunks;
	ctrace_trailer_encode(bytes, &trailer);
	return give(writer, bytes, sizeof(bytes));
}
