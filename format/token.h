/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TOKEN_H
#define CTRACE_TOKEN_H

/*
 * Lines of the text form as words. A word is `text` or `key=text`; a text in
 * double quotes may hold anything, with \n \t \r \\ \" and \xNN for bytes.
 * `#` outside quotes begins a comment.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTRACE_WORDS_MAX 48

struct ctrace_word {
	const char *key;  /* NULL without `=` */
	const char *text; /* NUL-terminated; may hold NULs inside when quoted */
	size_t size;
	bool is_quoted;
};

struct ctrace_line {
	struct ctrace_word words[CTRACE_WORDS_MAX];
	unsigned count; /* 0: empty, or only a comment */
	unsigned next;	/* for readers: the word they are at */
};

/* Splits `text` (which is changed and must outlive the line). NULL, or what is wrong. */
const char *ctrace_line_split(struct ctrace_line *line, char *text);

/* A decimal or 0x number. False: it is none. */
bool ctrace_word_number(const struct ctrace_word *word, uint64_t *number);

struct ctrace_buffer;
/* An even number of hex digits, appended as bytes. False: it is none. */
bool ctrace_word_hex(const struct ctrace_word *word, struct ctrace_buffer *bytes);

#endif
