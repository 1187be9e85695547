/* SPDX-License-Identifier: MIT */
/* From the text form to a file: what stands outside of chunks, and the order of chunks. */

#include "format/chunk_text.h"
#include "format/header.h"
#include "format/map.h"
#include "format/rows.h"
#include "format/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct assembler {
	struct ctrace_buffer *out;
	struct ctrace_chunk_text chunk;
	bool is_in_chunk;
	struct ctrace_packer packer;
	struct ctrace_map next_seq;
	struct ctrace_buffer index; /* rows of all chunks that are not INDEX, so far */
	uint32_t index_rows, chunks;
	uint64_t index_offset;
	unsigned last_type;
	uint64_t base;
};

static const char no_memory[] = "no memory for it";

/* SPEC 4: a stream's EVENTS are counted, and tables; types unknown to 1.0 count for themselves. */
static uint32_t next_seq(const struct assembler *assembler)
{
	uint32_t stream = (uint32_t)assembler->chunk.given[CTRACE_HEAD_STREAM];
	uint32_t seq = ctrace_map_get(&assembler->next_seq, stream);

	return seq == CTRACE_MAP_NONE || !ctrace_chunk_type_is_known(assembler->chunk.type) ? 0
											    : seq;
}

/* What chunks behind this one must know of it: its number and its row of the index. */
static const char *remember_chunk(struct assembler *assembler,
				  const struct ctrace_chunk_header *header)
{
	struct ctrace_index_row row = {
		.offset = assembler->out->size,
		.type = header->type,
		.stream = header->stream,
		.base = header->base,
		.span = header->span,
		.events = header->events,
		.stored = header->stored,
	};

	if (header->type != CTRACE_CHUNK_INDEX) {
		ctrace_row_put_index(&assembler->index, &row);
		assembler->index_rows++;
	} else if (assembler->last_type != CTRACE_CHUNK_INDEX) {
		assembler->index_offset = assembler->out->size;
	}
	assembler->last_type = header->type;
	assembler->chunks++;
	if (!ctrace_chunk_type_is_known(header->type)) {
		return NULL;
	}
	return ctrace_map_put(&assembler->next_seq, header->stream, header->seq + 1) ? NULL
										     : no_memory;
}

/* The chunk that the lines so far described. */
static const char *close_chunk(struct assembler *assembler)
{
	struct ctrace_chunk_text *text = &assembler->chunk;
	struct ctrace_chunk_header header;

	if (!assembler->is_in_chunk) {
		return NULL;
	}
	assembler->is_in_chunk = false;
	enum ctrace_status status = ctrace_chunk_text_pack(
		text, &assembler->packer, next_seq(assembler), assembler->base, &assembler->index,
		assembler->index_rows, &header);
	ctrace_chunk_text_finish(text);
	if (status != CTRACE_OK) {
		return status == CTRACE_ERR_LIMIT ? "the chunk is over 2 MiB" : no_memory;
	}
	const char *wrong = remember_chunk(assembler, &header);
	ctrace_buffer_put(assembler->out, assembler->packer.chunk, assembler->packer.chunk_size);
	return wrong;
}

static const struct ctrace_word *keyed(const struct ctrace_line *line, const char *key)
{
	for (unsigned i = 0; i < line->count; i++) {
		if (line->words[i].key != NULL && strcmp(line->words[i].key, key) == 0) {
			return &line->words[i];
		}
	}
	return NULL;
}

/* The number behind `key=`, or `otherwise`. */
static uint64_t number_or(const struct ctrace_line *line, const char *key, uint64_t otherwise,
			  const char **wrong)
{
	const struct ctrace_word *word = keyed(line, key);
	uint64_t number;

	if (word == NULL) {
		return otherwise;
	}
	if (!ctrace_word_number(word, &number)) {
		*wrong = "a number is missing or none";
		return otherwise;
	}
	return number;
}

static void put_session(uint8_t session[16], const struct ctrace_line *line, const char **wrong)
{
	const struct ctrace_word *word = keyed(line, "session");
	struct ctrace_buffer bytes = {0};

	if (word != NULL) {
		if (!ctrace_word_hex(word, &bytes) || bytes.size != 16) {
			*wrong = "the session is not 32 hex digits";
		} else {
			memcpy(session, bytes.bytes, 16);
		}
	}
	ctrace_buffer_finish(&bytes);
}

static const char *put_header(struct assembler *assembler, const struct ctrace_line *line)
{
	struct ctrace_file_header header = ctrace_file_header_default();
	uint8_t bytes[CTRACE_FILE_HEADER_BYTES];
	const char *wrong = NULL;

	header.major = (uint16_t)number_or(line, "major", header.major, &wrong);
	header.minor = (uint16_t)number_or(line, "minor", header.minor, &wrong);
	header.size = (uint16_t)number_or(line, "size", header.size, &wrong);
	header.reserved = (uint16_t)number_or(line, "reserved", 0, &wrong);
	header.incompatible = (uint32_t)number_or(line, "incompatible", 0, &wrong);
	header.compatible = (uint32_t)number_or(line, "compatible", 0, &wrong);
	put_session(header.session, line, &wrong);
	header.base_ticks = number_or(line, "base", 0, &wrong);
	header.ticks_per_second = number_or(line, "rate", 1000000000, &wrong);
	header.clock_kind = (uint8_t)number_or(line, "clock", CTRACE_CLOCK_ARTIFICIAL, &wrong);
	header.reserved_end[0] = (uint8_t)number_or(line, "reserved_end", 0, &wrong);
	ctrace_file_header_encode(bytes, &header);
	if (keyed(line, "crc") != NULL) {
		ctrace_put_le(bytes + 60, number_or(line, "crc", 0, &wrong), 4);
	}
	if (keyed(line, "magic") != NULL) {
		bytes[0] = (uint8_t)number_or(line, "magic", 0, &wrong);
	}
	assembler->base = header.base_ticks;
	ctrace_buffer_put(assembler->out, bytes, sizeof(bytes));
	return wrong;
}

static const char *put_trailer(struct assembler *assembler, const struct ctrace_line *line)
{
	uint8_t bytes[CTRACE_TRAILER_BYTES];
	const char *wrong = NULL;
	struct ctrace_trailer trailer = {
		.index_offset = number_or(line, "index", assembler->index_offset, &wrong),
		.lost = number_or(line, "lost", 0, &wrong),
		.chunks = (uint32_t)number_or(line, "chunks", assembler->chunks, &wrong),
		.reserved = (uint32_t)number_or(line, "reserved", 0, &wrong),
	};

	ctrace_trailer_encode(bytes, &trailer);
	if (keyed(line, "crc") != NULL) {
		ctrace_put_le(bytes + 24, number_or(line, "crc", 0, &wrong), 4);
	}
	ctrace_buffer_put(assembler->out, bytes, sizeof(bytes));
	return wrong;
}

static const char *put_bytes(struct assembler *assembler, const struct ctrace_line *line)
{
	for (unsigned i = 1; i < line->count; i++) {
		if (!ctrace_word_hex(&line->words[i], assembler->out)) {
			return "a word is not hex";
		}
	}
	return NULL;
}

static bool two_numbers(const struct ctrace_line *line, uint64_t *first, uint64_t *second)
{
	return line->count == 3 && ctrace_word_number(&line->words[1], first) &&
	       ctrace_word_number(&line->words[2], second);
}

static const char *flip(struct assembler *assembler, const struct ctrace_line *line)
{
	uint64_t offset, bit;

	if (!two_numbers(line, &offset, &bit) || offset >= assembler->out->size || bit > 7) {
		return "`flip` wants an offset in the file and a bit of 0 to 7";
	}
	assembler->out->bytes[offset] ^= (uint8_t)(1u << bit);
	return NULL;
}

static const char *patch(struct assembler *assembler, const struct ctrace_line *line)
{
	struct ctrace_buffer bytes = {0};
	uint64_t offset;
	bool is_good = line->count == 3 && ctrace_word_number(&line->words[1], &offset) &&
		       ctrace_word_hex(&line->words[2], &bytes) && offset <= assembler->out->size &&
		       bytes.size <= assembler->out->size - offset;

	if (is_good && bytes.size > 0) {
		memcpy(assembler->out->bytes + offset, bytes.bytes, bytes.size);
	}
	ctrace_buffer_finish(&bytes);
	return is_good ? NULL : "`patch` wants an offset and hex that fit in the file";
}

static const char *cut(struct assembler *assembler, const struct ctrace_line *line)
{
	uint64_t size;

	if (line->count != 2 || !ctrace_word_number(&line->words[1], &size) ||
	    size > assembler->out->size) {
		return "`cut` wants a number of bytes that the file has";
	}
	assembler->out->size -= size;
	return NULL;
}

static const char *check_version(struct assembler *assembler, const struct ctrace_line *line)
{
	(void)assembler;
	bool is_one = line->count == 2 && strcmp(line->words[1].text, "1") == 0;
	return is_one ? NULL : "this ctrace reads the text form of version 1";
}

/* clang-format off */
static const struct {
	const char *word;
	const char *(*take)(struct assembler *assembler, const struct ctrace_line *line);
} file_words[] = {
	{"ctrace-text", check_version}, {"header", put_header}, {"trailer", put_trailer}, {"bytes", put_bytes},
	{"flip", flip}, {"patch", patch}, {"cut", cut},
};
/* clang-format on */

static const char *take_line(struct assembler *assembler, struct ctrace_line *line)
{
	const char *word = line->words[0].text;

	if (strcmp(word, "chunk") == 0) {
		const char *wrong = close_chunk(assembler);
		if (wrong != NULL) {
			return wrong;
		}
		assembler->is_in_chunk = true;
		return ctrace_chunk_text_begin(&assembler->chunk, line);
	}
	for (size_t i = 0; i < sizeof(file_words) / sizeof(file_words[0]); i++) {
		if (strcmp(word, file_words[i].word) == 0) {
			const char *wrong = close_chunk(assembler);
			return wrong != NULL ? wrong : file_words[i].take(assembler, line);
		}
	}
	if (!assembler->is_in_chunk) {
		return "the line begins with no word of the text form";
	}
	return ctrace_chunk_text_line(&assembler->chunk, line);
}

static enum ctrace_status complain(struct ctrace_error *error, unsigned number, const char *wrong)
{
	enum ctrace_status status = wrong == no_memory ? CTRACE_ERR_NO_MEMORY : CTRACE_ERR_USAGE;

	return ctrace_error_set(error, status, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK, "line %u: %s",
				number, wrong);
}

static enum ctrace_status take_text(struct assembler *assembler, FILE *text,
				    struct ctrace_error *error)
{
	struct ctrace_line line;
	char *bytes = NULL;
	size_t capacity = 0;
	unsigned number = 0;
	const char *wrong = NULL;

	while (wrong == NULL && getline(&bytes, &capacity, text) >= 0) {
		number++;
		wrong = ctrace_line_split(&line, bytes);
		if (wrong == NULL && line.count > 0) {
			wrong = take_line(assembler, &line);
		}
	}
	if (wrong == NULL) {
		wrong = close_chunk(assembler);
	}
	free(bytes);
	if (wrong == NULL && (assembler->out->is_failed || assembler->index.is_failed)) {
		wrong = no_memory;
	}
	return wrong == NULL ? CTRACE_OK : complain(error, number, wrong);
}

enum ctrace_status ctrace_text_assemble(FILE *text, struct ctrace_buffer *bytes,
					struct ctrace_error *error)
{
	struct assembler assembler = {.out = bytes};
	enum ctrace_status status = ctrace_packer_init(&assembler.packer);

	if (status == CTRACE_OK) {
		status = take_text(&assembler, text, error);
	}
	if (status == CTRACE_OK && ferror(text)) {
		status = ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					  "cannot read it: %s", strerror(errno));
	}
	ctrace_chunk_text_finish(&assembler.chunk);
	ctrace_packer_finish(&assembler.packer);
	ctrace_map_finish(&assembler.next_seq);
	ctrace_buffer_finish(&assembler.index);
	return status;
}
