/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TEXT_WORDS_H
#define CTRACE_TEXT_WORDS_H

/* A good payload in the words of the text form: the part of a dump that people read. */

#include "format/chunk.h"
#include "format/reader.h"
#include "format/wire.h"

#include <stdio.h>

struct ctrace_text_words {
	const struct ctrace_trace *trace; /* for names and sites */
	const struct ctrace_chunk_header *header;
	const uint8_t *raw; /* the payload, header->raw bytes */
};

/*
 * The rows of a table, the events of a thread: one line each. What breaks a
 * rule is left out; the caller tries whether the lines give the payload again.
 */
void ctrace_text_put_rows(const struct ctrace_text_words *words, FILE *out);
void ctrace_text_put_events(const struct ctrace_text_words *words, FILE *out);
/* One row of a table of SPEC 7.9 to 7.13, without the line's end. */
void ctrace_text_put_kernel_row(const struct ctrace_text_words *words, FILE *out,
				struct ctrace_wire row);

/* "quoted" as the text form reads it back; any bytes. */
void ctrace_text_quote(FILE *out, const char *bytes, size_t size);
void ctrace_text_hex(FILE *out, const uint8_t *bytes, size_t size);
/* A name behind a line, for people. */
void ctrace_text_comment(FILE *out, struct ctrace_bytes name);

#endif
