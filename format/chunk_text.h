/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHUNK_TEXT_H
#define CTRACE_CHUNK_TEXT_H

/*
 * One chunk of the text form on its way to bytes (the words are in text.h).
 * What a line does not say is computed, what it says is taken even if it lies:
 * so every broken chunk can be written down.
 *
 *     ctrace_chunk_text_begin(&text, line)       the `chunk` line
 *       ctrace_chunk_text_line(&text, line)      its rows or events
 *       ctrace_chunk_text_pack(&text, …)         as bytes in the packer
 *     ctrace_chunk_text_finish(&text)
 */

#include "format/buffer.h"
#include "format/chunk.h"
#include "format/token.h"

/* Fields of the chunk header that a text can override. */
enum ctrace_chunk_field {
	CTRACE_HEAD_SYNC,
	CTRACE_HEAD_SIZE,
	CTRACE_HEAD_TYPE,
	CTRACE_HEAD_FLAGS,
	CTRACE_HEAD_RESERVED,
	CTRACE_HEAD_STREAM,
	CTRACE_HEAD_SEQ,
	CTRACE_HEAD_EVENTS,
	CTRACE_HEAD_BASE,
	CTRACE_HEAD_SPAN,
	CTRACE_HEAD_RAW,
	CTRACE_HEAD_STORED,
	CTRACE_HEAD_PAYLOAD_CRC,
	CTRACE_HEAD_CRC,
	CTRACE_CHUNK_FIELDS,
};

const char *ctrace_chunk_field_name(enum ctrace_chunk_field field);
uint64_t ctrace_chunk_field_get(const struct ctrace_chunk_header *header,
				enum ctrace_chunk_field field);
void ctrace_chunk_field_set(struct ctrace_chunk_header *header, enum ctrace_chunk_field field,
			    uint64_t value);

struct ctrace_chunk_text {
	bool is_given[CTRACE_CHUNK_FIELDS];
	uint64_t given[CTRACE_CHUNK_FIELDS];
	unsigned type;
	bool is_lz4, is_optional, is_auto_index;

	struct ctrace_buffer rows; /* tables */
	struct ctrace_buffer open; /* events: the list of open spans without its count */
	struct ctrace_buffer ops, times, args; /* events: the columns */
	uint64_t open_count, ops_size, times_size;
	bool is_open_count_given, is_columns_given;
	uint32_t count; /* rows or events so far */
	uint64_t span;	/* sum of the times so far */

	struct ctrace_buffer payload, stored; /* hex instead of all that */
	bool has_payload, has_stored;
};

/* NULL: good; otherwise what is wrong with the line. */
const char *ctrace_chunk_text_begin(struct ctrace_chunk_text *text, struct ctrace_line *line);
const char *ctrace_chunk_text_line(struct ctrace_chunk_text *text, struct ctrace_line *line);

/*
 * The chunk's bytes in packer->chunk, its header in *header. `seq` and `base`
 * stand in where the text gives none; `index` are the rows of `chunk INDEX auto`.
 */
enum ctrace_status ctrace_chunk_text_pack(struct ctrace_chunk_text *text,
					  struct ctrace_packer *packer, uint32_t seq, uint64_t base,
					  const struct ctrace_buffer *index, uint32_t index_rows,
					  struct ctrace_chunk_header *header);
void ctrace_chunk_text_finish(struct ctrace_chunk_text *text); /* zeroed is fine */

#endif
