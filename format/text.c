/* SPDX-License-Identifier: MIT */
/*
 * From a file to the text form. Each chunk is written in the most readable way
 * that assembles to exactly its bytes: as rows or events, else its payload in
 * hex, else its stored bytes. That is not reasoned about but tried: the text of
 * each chunk goes through the assembler before it goes out.
 */

#include "format/text.h"

#include "format/chunk_text.h"
#include "format/header.h"
#include "format/pread.h"
#include "format/rows.h"
#include "format/salvage.h"
#include "format/text_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEX_LINE_BYTES 32u

/* How a chunk's payload is put into words, best first. */
enum style { STYLE_WORDS, STYLE_PAYLOAD, STYLE_STORED, STYLES };

struct dumper {
	FILE *out;
	int fd;
	const struct ctrace_trace *trace;
	struct ctrace_error *error;
	uint64_t at, end;
	struct ctrace_packer packer;
	struct ctrace_buffer index; /* of the chunks so far, to see whether `auto` says it */
	uint32_t index_rows, chunks;
	uint64_t index_offset;
	unsigned last_type;
	struct ctrace_buffer memory;
	uint8_t *stored,
		*raw; /* of the chunk at hand, in memory: with its header in front; decompressed */
	bool has_raw;
	struct ctrace_chunk_header header;
};

static void put_hex_lines(FILE *out, const char *word, const uint8_t *bytes, size_t size)
{
	size_t at = 0;

	do {
		size_t part = size - at < HEX_LINE_BYTES ? size - at : HEX_LINE_BYTES;
		fprintf(out, "%s ", word);
		ctrace_text_hex(out, bytes + at, part);
		fputc('\n', out);
		at += part;
	} while (at < size);
}

static void put_chunk_line(const struct dumper *dumper, FILE *out,
			   const struct ctrace_chunk_header *computed)
{
	const struct ctrace_chunk_header *header = &dumper->header;
	const char *name = ctrace_chunk_type_name(header->type);

	if (name != NULL) {
		fprintf(out, "chunk %s", name);
	} else {
		fprintf(out, "chunk %u", header->type);
	}
	if (header->stream != 0) {
		fprintf(out, " stream=%u", header->stream);
	}
	fprintf(out, " seq=%u", header->seq);
	if (header->base != 0) {
		fprintf(out, " base=%" PRIu64, header->base);
	}
	if ((header->flags & CTRACE_CHUNK_LZ4) != 0) {
		fputs(" lz4", out);
	}
	if ((header->flags & CTRACE_CHUNK_OPTIONAL) != 0) {
		fputs(" optional", out);
	}
	for (unsigned i = 0; computed != NULL && i < CTRACE_CHUNK_FIELDS; i++) {
		enum ctrace_chunk_field field = (enum ctrace_chunk_field)i;
		uint64_t value = ctrace_chunk_field_get(header, field);
		if (value != ctrace_chunk_field_get(computed, field)) {
			fprintf(out, " %s=%" PRIu64, ctrace_chunk_field_name(field), value);
		}
	}
}

static bool is_auto_index(const struct dumper *dumper)
{
	return dumper->header.type == CTRACE_CHUNK_INDEX && dumper->has_raw &&
	       dumper->header.raw == dumper->index.size && dumper->index.size > 0 &&
	       memcmp(dumper->raw, dumper->index.bytes, dumper->index.size) == 0;
}

static void put_chunk(const struct dumper *dumper, FILE *out, enum style style,
		      const struct ctrace_chunk_header *computed)
{
	const struct ctrace_chunk_header *header = &dumper->header;
	const struct ctrace_text_words words = {
		.trace = dumper->trace, .header = header, .raw = dumper->raw};

	put_chunk_line(dumper, out, computed);
	if (style == STYLE_WORDS && is_auto_index(dumper)) {
		fputs(" auto\n", out);
		return;
	}
	fputc('\n', out);
	if (style == STYLE_STORED) {
		put_hex_lines(out, "  stored", dumper->stored + CTRACE_CHUNK_HEADER_BYTES,
			      header->stored);
	} else if (style == STYLE_PAYLOAD) {
		put_hex_lines(out, "  payload", dumper->raw, header->raw);
	} else if (header->type == CTRACE_CHUNK_EVENTS) {
		ctrace_text_put_events(&words, out);
	} else {
		ctrace_text_put_rows(&words, out);
	}
}

/* Assemble a chunk's text; the result is in the packer. False: it is no good text. */
static bool assemble(struct dumper *dumper, char *text, struct ctrace_chunk_header *header)
{
	struct ctrace_chunk_text chunk = {0};
	struct ctrace_line line;
	const char *wrong = NULL;
	bool is_first = true;

	for (char *at = text; wrong == NULL && *at != '\0'; is_first = false) {
		char *end = strchrnul(at, '\n');
		char *next = *end == '\0' ? end : end + 1;
		*end = '\0';
		wrong = ctrace_line_split(&line, at);
		if (wrong == NULL && line.count > 0) {
			wrong = is_first ? ctrace_chunk_text_begin(&chunk, &line)
					 : ctrace_chunk_text_line(&chunk, &line);
		}
		at = next;
	}
	bool is_good =
		wrong == NULL &&
		ctrace_chunk_text_pack(&chunk, &dumper->packer, 0,
				       ctrace_trace_info(dumper->trace)->base_ticks, &dumper->index,
				       dumper->index_rows, header) == CTRACE_OK;
	ctrace_chunk_text_finish(&chunk);
	return is_good;
}

/* The text in that style, or NULL without memory. The caller frees it. */
static char *make_text(const struct dumper *dumper, enum style style,
		       const struct ctrace_chunk_header *computed, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (out == NULL) {
		return NULL;
	}
	put_chunk(dumper, out, style, computed);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* Try a style: first to learn which header fields are computed differently, then with those given.
 */
static bool try_style(struct dumper *dumper, enum style style)
{
	struct ctrace_chunk_header computed, again;
	size_t size, bytes = CTRACE_CHUNK_HEADER_BYTES + (size_t)dumper->header.stored;
	char *first = make_text(dumper, style, NULL, &size);
	bool is_good = first != NULL && assemble(dumper, first, &computed);

	free(first);
	char *text = is_good ? make_text(dumper, style, &computed, &size) : NULL;
	char *trial = text == NULL ? NULL : strdup(text);
	is_good = trial != NULL && assemble(dumper, trial, &again) &&
		  dumper->packer.chunk_size == bytes &&
		  memcmp(dumper->packer.chunk, dumper->stored, bytes) == 0;
	if (is_good) {
		fwrite(text, 1, size, dumper->out);
	}
	free(text);
	free(trial);
	return is_good;
}

static bool fail(struct dumper *dumper, enum ctrace_status status, const char *what)
{
	ctrace_error_set(dumper->error, status, dumper->at, CTRACE_NO_CHUNK, "%s%s%s", what,
			 status == CTRACE_ERR_IO ? ": " : "",
			 status == CTRACE_ERR_IO ? strerror(errno) : "");
	return false;
}

static bool read_bytes(struct dumper *dumper, uint8_t *bytes, size_t size)
{
	int64_t got = ctrace_pread_all(dumper->fd, bytes, size, dumper->at);

	if (got == (int64_t)size) {
		return true;
	}
	return fail(dumper, got < 0 ? CTRACE_ERR_IO : CTRACE_ERR_CUT,
		    got < 0 ? "cannot read the file" : "the file became shorter while it was read");
}

static void remember(struct dumper *dumper)
{
	const struct ctrace_chunk_header *header = &dumper->header;
	struct ctrace_index_row row = {
		.offset = dumper->at,
		.type = header->type,
		.stream = header->stream,
		.base = header->base,
		.span = header->span,
		.events = header->events,
		.stored = header->stored,
	};

	if (header->type != CTRACE_CHUNK_INDEX) {
		ctrace_row_put_index(&dumper->index, &row);
		dumper->index_rows++;
	} else if (dumper->last_type != CTRACE_CHUNK_INDEX) {
		dumper->index_offset = dumper->at;
	}
	dumper->last_type = header->type;
	dumper->chunks++;
}

/* The chunk at `at`, whose header's checksum is good and which the file holds whole. */
static bool dump_chunk(struct dumper *dumper)
{
	struct ctrace_chunk_header *header = &dumper->header;
	size_t size = CTRACE_CHUNK_HEADER_BYTES + (size_t)header->stored;
	size_t raw = header->raw <= CTRACE_CHUNK_PAYLOAD_MAX ? header->raw : 0;

	dumper->stored = ctrace_buffer_reserve(&dumper->memory, size + raw);
	if (dumper->stored == NULL) {
		return fail(dumper, CTRACE_ERR_NO_MEMORY, "no memory for a chunk");
	}
	dumper->raw = dumper->stored + size;
	if (!read_bytes(dumper, dumper->stored, size)) {
		return false;
	}
	dumper->has_raw =
		header->raw <= CTRACE_CHUNK_PAYLOAD_MAX &&
		ctrace_chunk_payload_decode(header, dumper->stored + CTRACE_CHUNK_HEADER_BYTES,
					    dumper->raw, 0, 0, NULL) == CTRACE_OK;
	bool has_words = dumper->has_raw && ctrace_chunk_type_is_known(header->type);
	bool is_done = (has_words && try_style(dumper, STYLE_WORDS)) ||
		       (dumper->has_raw && try_style(dumper, STYLE_PAYLOAD)) ||
		       try_style(dumper, STYLE_STORED);
	if (!is_done) {
		return fail(dumper, CTRACE_ERR_NO_MEMORY, "no memory for a chunk's text");
	}
	remember(dumper);
	dumper->at += size;
	return true;
}

/* Bytes that are no chunk, up to `end`. */
static bool dump_bytes(struct dumper *dumper, uint64_t end)
{
	uint8_t bytes[HEX_LINE_BYTES];

	while (dumper->at < end) {
		size_t size = end - dumper->at < sizeof(bytes) ? (size_t)(end - dumper->at)
							       : sizeof(bytes);
		if (!read_bytes(dumper, bytes, size)) {
			return false;
		}
		put_hex_lines(dumper->out, "bytes", bytes, size);
		dumper->at += size;
	}
	return true;
}

static bool dump_next(struct dumper *dumper)
{
	uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES];
	uint64_t left = dumper->end - dumper->at;

	if (left < CTRACE_CHUNK_HEADER_BYTES) {
		return dump_bytes(dumper, dumper->end);
	}
	if (!read_bytes(dumper, bytes, sizeof(bytes))) {
		return false;
	}
	dumper->header = ctrace_chunk_header_fields(bytes);
	if (ctrace_chunk_header_is_here(bytes) &&
	    dumper->header.stored <= CTRACE_CHUNK_PAYLOAD_MAX &&
	    dumper->header.stored <= left - CTRACE_CHUNK_HEADER_BYTES) {
		return dump_chunk(dumper);
	}
	uint64_t next = ctrace_salvage_next(dumper->fd, dumper->at + 1, dumper->end,
					    ctrace_trace_info(dumper->trace)->base_ticks);
	fprintf(dumper->out, "# %" PRIu64 " bytes from %" PRIu64 " on are no chunk\n",
		next - dumper->at, dumper->at);
	return dump_bytes(dumper, next);
}

static bool dump_header(struct dumper *dumper)
{
	uint8_t bytes[CTRACE_FILE_HEADER_BYTES];

	if (!read_bytes(dumper, bytes, sizeof(bytes))) {
		return false;
	}
	struct ctrace_file_header header = ctrace_file_header_fields(bytes);
	fputs("ctrace-text 1\nheader", dumper->out);
	if (header.minor != CTRACE_MINOR) {
		fprintf(dumper->out, " minor=%u", header.minor);
	}
	if (header.compatible != 0) {
		fprintf(dumper->out, " compatible=0x%x", header.compatible);
	}
	fputs(" session=", dumper->out);
	ctrace_text_hex(dumper->out, header.session, sizeof(header.session));
	fprintf(dumper->out, " base=%" PRIu64 " rate=%" PRIu64 " clock=%u\n", header.base_ticks,
		header.ticks_per_second, header.clock_kind);
	dumper->at = CTRACE_FILE_HEADER_BYTES;
	return true;
}

/* The trailer stands in the last bytes if it is there at all. */
static bool find_trailer(struct dumper *dumper, uint8_t bytes[CTRACE_TRAILER_BYTES],
			 bool *has_trailer)
{
	*has_trailer = false;
	if (dumper->end - dumper->at < CTRACE_TRAILER_BYTES) {
		return true;
	}
	uint64_t begin = dumper->at;
	dumper->at = dumper->end - CTRACE_TRAILER_BYTES;
	bool is_read = read_bytes(dumper, bytes, CTRACE_TRAILER_BYTES);
	dumper->at = begin;
	*has_trailer = is_read && ctrace_trailer_is_good(bytes);
	if (*has_trailer) {
		dumper->end -= CTRACE_TRAILER_BYTES;
	}
	return is_read;
}

static void put_trailer(const struct dumper *dumper, const uint8_t bytes[CTRACE_TRAILER_BYTES])
{
	struct ctrace_trailer trailer = ctrace_trailer_fields(bytes);

	fprintf(dumper->out, "trailer lost=%" PRIu64, trailer.lost);
	if (trailer.index_offset != dumper->index_offset) {
		fprintf(dumper->out, " index=%" PRIu64, trailer.index_offset);
	}
	if (trailer.chunks != dumper->chunks) {
		fprintf(dumper->out, " chunks=%u", trailer.chunks);
	}
	if (trailer.reserved != 0) {
		fprintf(dumper->out, " reserved=%u", trailer.reserved);
	}
	fputc('\n', dumper->out);
}

static bool dump_file(struct dumper *dumper)
{
	uint8_t trailer[CTRACE_TRAILER_BYTES];
	bool has_trailer;

	if (!dump_header(dumper) || !find_trailer(dumper, trailer, &has_trailer)) {
		return false;
	}
	while (dumper->at < dumper->end) {
		if (!dump_next(dumper)) {
			return false;
		}
	}
	if (has_trailer) {
		put_trailer(dumper, trailer);
	}
	if (fflush(dumper->out) != 0 || ferror(dumper->out)) {
		return fail(dumper, CTRACE_ERR_IO, "cannot write the text");
	}
	return true;
}

enum ctrace_status ctrace_text_dump(FILE *out, int fd, const struct ctrace_trace *trace,
				    struct ctrace_error *error)
{
	struct ctrace_error own = {0};
	struct dumper dumper = {
		.out = out,
		.fd = fd,
		.trace = trace,
		.error = &own,
		.end = ctrace_trace_info(trace)->file_bytes,
	};
	bool is_done = ctrace_packer_init(&dumper.packer) == CTRACE_OK && dump_file(&dumper);

	ctrace_buffer_finish(&dumper.memory);
	ctrace_packer_finish(&dumper.packer);
	ctrace_buffer_finish(&dumper.index);
	if (is_done) {
		return CTRACE_OK;
	}
	if (own.status == CTRACE_OK) {
		fail(&dumper, CTRACE_ERR_NO_MEMORY, "no memory for the dump");
	}
	return ctrace_error_set(error, own.status, own.offset, own.chunk, "%s", own.text);
}
