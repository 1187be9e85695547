/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHUNK_WORDS_H
#define CTRACE_CHUNK_WORDS_H

/*
 * Words of a line inside a chunk of the text form, for chunk_rows.c and chunk_words.c only. Where a
 * word is not what it should be, *wrong becomes a text that says so.
 */

#include "format/chunk_text.h"

#define CTRACE_BAD_NUMBER "a number is missing or none"

/* The number of the next word, which has no key. */
uint64_t ctrace_line_number(struct ctrace_line *line, const char **wrong);
/* The number behind `key=`, 0 if there is no such word. */
uint64_t ctrace_line_keyed(struct ctrace_line *line, const char *key, const char **wrong);
const struct ctrace_word *ctrace_line_word(struct ctrace_line *line, const char **wrong);
/* A kind by its name or number. */
uint64_t ctrace_line_kind(const struct ctrace_word *word, const char **wrong);

/* A row of varints: the number behind the row's word, then these. */
struct ctrace_row_keys {
	const char *names[9]; /* up to the first NULL */
	const char *byte;     /* one of them that is a u8, or NULL */
	unsigned width;	      /* bytes of a number of fixed size instead; 0: varints */
};
void ctrace_line_put_numbers(struct ctrace_buffer *rows, struct ctrace_line *line,
			     const struct ctrace_row_keys *keys, const char **wrong);

/* True if the line is a row of a table of SPEC 7.9 to 7.13. */
bool ctrace_chunk_text_kernel_row(struct ctrace_buffer *rows, struct ctrace_line *line,
				  const char **wrong);
/* True if the line is a row of a table; *wrong then tells how it went. */
bool ctrace_chunk_text_row(struct ctrace_chunk_text *text, struct ctrace_line *line,
			   const char **wrong);

#endif
