/* SPDX-License-Identifier: MIT */
/* A chunk of the text form as bytes: its header line, and its payload put together. The lines are
 * in chunk_words.c. */

#include "format/chunk_text.h"

#include "format/wire.h"

#include <string.h>

static const char bad_number[] = "a number is missing or none";

const char *ctrace_chunk_field_name(enum ctrace_chunk_field field)
{
	static const char *const names[CTRACE_CHUNK_FIELDS] = {
		"sync",	  "size", "type", "flags", "reserved", "stream",      "seq",
		"events", "base", "span", "raw",   "stored",   "payload_crc", "crc",
	};

	return names[field];
}

uint64_t ctrace_chunk_field_get(const struct ctrace_chunk_header *header,
				enum ctrace_chunk_field field)
{
	const uint64_t values[CTRACE_CHUNK_FIELDS] = {
		header->sync,	     header->size,   header->type, header->flags,
		header->reserved,    header->stream, header->seq,  header->events,
		header->base,	     header->span,   header->raw,  header->stored,
		header->payload_crc, header->crc,
	};

	return values[field];
}

void ctrace_chunk_field_set(struct ctrace_chunk_header *header, enum ctrace_chunk_field field,
			    uint64_t value)
{
	switch (field) {
	case CTRACE_HEAD_SYNC:
		header->sync = (uint32_t)value;
		break;
	case CTRACE_HEAD_SIZE:
		header->size = (uint16_t)value;
		break;
	case CTRACE_HEAD_TYPE:
		header->type = (uint16_t)value;
		break;
	case CTRACE_HEAD_FLAGS:
		header->flags = (uint16_t)value;
		break;
	case CTRACE_HEAD_RESERVED:
		header->reserved = (uint16_t)value;
		break;
	case CTRACE_HEAD_STREAM:
		header->stream = (uint32_t)value;
		break;
	case CTRACE_HEAD_SEQ:
		header->seq = (uint32_t)value;
		break;
	case CTRACE_HEAD_EVENTS:
		header->events = (uint32_t)value;
		break;
	case CTRACE_HEAD_BASE:
		header->base = value;
		break;
	case CTRACE_HEAD_SPAN:
		header->span = value;
		break;
	case CTRACE_HEAD_RAW:
		header->raw = (uint32_t)value;
		break;
	case CTRACE_HEAD_STORED:
		header->stored = (uint32_t)value;
		break;
	case CTRACE_HEAD_PAYLOAD_CRC:
		header->payload_crc = (uint32_t)value;
		break;
	case CTRACE_HEAD_CRC:
	case CTRACE_CHUNK_FIELDS:
		header->crc = (uint32_t)value;
		break;
	}
}

void ctrace_chunk_text_finish(struct ctrace_chunk_text *text)
{
	ctrace_buffer_finish(&text->rows);
	ctrace_buffer_finish(&text->open);
	ctrace_buffer_finish(&text->ops);
	ctrace_buffer_finish(&text->times);
	ctrace_buffer_finish(&text->args);
	ctrace_buffer_finish(&text->payload);
	ctrace_buffer_finish(&text->stored);
	*text = (struct ctrace_chunk_text){0};
}

/* A `key=number` of the chunk line. */
static const char *take_field(struct ctrace_chunk_text *text, const struct ctrace_word *word)
{
	for (unsigned i = 0; i < CTRACE_CHUNK_FIELDS; i++) {
		if (strcmp(word->key, ctrace_chunk_field_name((enum ctrace_chunk_field)i)) == 0) {
			text->is_given[i] = true;
			return ctrace_word_number(word, &text->given[i]) ? NULL : bad_number;
		}
	}
	return "the chunk header has no such field";
}

static const char *take_flag(struct ctrace_chunk_text *text, const struct ctrace_word *word)
{
	if (strcmp(word->text, "lz4") == 0) {
		text->is_lz4 = true;
	} else if (strcmp(word->text, "optional") == 0) {
		text->is_optional = true;
	} else if (strcmp(word->text, "auto") == 0) {
		text->is_auto_index = true;
	} else {
		return "a word after `chunk` is none of lz4, optional, auto, key=number";
	}
	return NULL;
}

const char *ctrace_chunk_text_begin(struct ctrace_chunk_text *text, struct ctrace_line *line)
{
	uint64_t number;

	*text = (struct ctrace_chunk_text){0};
	if (line->count < 2) {
		return "the chunk's type is missing";
	}
	text->type = ctrace_chunk_type_by_name(line->words[1].text);
	if (text->type == 0) {
		if (!ctrace_word_number(&line->words[1], &number)) {
			return "the chunk's type is neither a name nor a number";
		}
		text->type = (unsigned)number;
	}
	for (unsigned i = 2; i < line->count; i++) {
		const struct ctrace_word *word = &line->words[i];
		const char *wrong =
			word->key != NULL ? take_field(text, word) : take_flag(text, word);
		if (wrong != NULL) {
			return wrong;
		}
	}
	return NULL;
}

static void put_events(struct ctrace_chunk_text *text, struct ctrace_buffer *payload)
{
	ctrace_buffer_varint(payload, text->open_count);
	ctrace_buffer_put(payload, text->open.bytes, text->open.size);
	ctrace_buffer_varint(payload, text->is_columns_given ? text->ops_size : text->ops.size);
	ctrace_buffer_varint(payload, text->is_columns_given ? text->times_size : text->times.size);
	ctrace_buffer_put(payload, text->ops.bytes, text->ops.size);
	ctrace_buffer_put(payload, text->times.bytes, text->times.size);
	ctrace_buffer_put(payload, text->args.bytes, text->args.size);
}

static bool is_failed(const struct ctrace_chunk_text *text)
{
	return text->rows.is_failed || text->open.is_failed || text->ops.is_failed ||
	       text->times.is_failed || text->args.is_failed || text->payload.is_failed ||
	       text->stored.is_failed;
}

/* All that was given, over all that was computed; then the header's own checksum unless that was
 * given too. */
static void apply_given(const struct ctrace_chunk_text *text, struct ctrace_chunk_header *header,
			uint8_t *bytes)
{
	for (unsigned i = 0; i < CTRACE_CHUNK_FIELDS; i++) {
		if (text->is_given[i]) {
			ctrace_chunk_field_set(header, (enum ctrace_chunk_field)i, text->given[i]);
		}
	}
	uint32_t crc = header->crc;
	ctrace_chunk_header_encode(bytes, header);
	if (text->is_given[CTRACE_HEAD_CRC]) {
		ctrace_put_le(bytes + 52, crc, 4);
	}
	*header = ctrace_chunk_header_fields(bytes);
}

enum ctrace_status ctrace_chunk_text_pack(struct ctrace_chunk_text *text,
					  struct ctrace_packer *packer, uint32_t seq, uint64_t base,
					  const struct ctrace_buffer *index, uint32_t index_rows,
					  struct ctrace_chunk_header *header)
{
	struct ctrace_buffer *payload = &text->payload;

	*header = ctrace_chunk_header_default();
	text->count += text->is_auto_index ? index_rows : 0;
	if (!text->has_payload && !text->has_stored) {
		if (text->type == CTRACE_CHUNK_EVENTS) {
			put_events(text, payload);
		} else {
			if (text->is_auto_index) {
				ctrace_buffer_put(payload, index->bytes, index->size);
			}
			ctrace_buffer_put(payload, text->rows.bytes, text->rows.size);
		}
	}
	const struct ctrace_buffer *bytes = text->has_stored ? &text->stored : payload;
	uint8_t *at = ctrace_packer_payload(packer, bytes->size);
	if (at == NULL || is_failed(text)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	if (bytes->size > CTRACE_CHUNK_PAYLOAD_MAX * 2) {
		return CTRACE_ERR_LIMIT;
	}
	if (bytes->size > 0) {
		memcpy(at, bytes->bytes, bytes->size);
	}
	header->type = (uint16_t)text->type;
	header->flags = text->is_optional ? CTRACE_CHUNK_OPTIONAL : 0;
	header->seq = seq;
	header->events = text->count;
	header->base = text->type == CTRACE_CHUNK_EVENTS ? base : 0;
	header->span = text->span;
	header->raw = (uint32_t)bytes->size;
	enum ctrace_status status =
		ctrace_packer_seal(packer, header, text->has_stored || !text->is_lz4);
	if (status == CTRACE_OK) {
		bool is_packed = (header->flags & CTRACE_CHUNK_LZ4) != 0;
		apply_given(text, header, is_packed ? packer->packed : packer->raw);
	}
	return status;
}
