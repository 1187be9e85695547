/* SPDX-License-Identifier: MIT */
/* Splitting lines of the text form in place. */

#include "format/token.h"

#include "format/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	if (digit >= 'a' && digit <= 'f') {
		return digit - 'a' + 10;
	}
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* One escape at *from (behind the backslash). -1: unknown. Moves on. */
static int unescape(const char **from)
{
	char letter = *(*from)++;

	switch (letter) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case '"':
	case '\\':
		return letter;
	case 'x':
		if (hex_digit((*from)[0]) < 0 || hex_digit((*from)[1]) < 0) {
			return -1;
		}
		*from += 2;
		return hex_digit((*from)[-2]) * 16 + hex_digit((*from)[-1]);
	default:
		return -1;
	}
}

/* A quoted text, unescaped in place. *at stands behind the first quote, then behind the last. */
static const char *take_quoted(char **at, struct ctrace_word *word)
{
	const char *from = *at;
	char *to = *at;

	word->text = to;
	word->is_quoted = true;
	while (*from != '"') {
		int byte = (unsigned char)*from++;
		if (byte == '\0') {
			return "a quote is not closed";
		}
		if (byte == '\\') {
			byte = unescape(&from);
		}
		if (byte < 0) {
			return "an escape is none of \\n \\t \\r \\\" \\\\ \\xNN";
		}
		*to++ = (char)byte;
	}
	word->size = (size_t)(to - word->text);
	*at += from + 1 - *at;
	*to = '\0';
	return NULL;
}

static const char *take_word(char **at, struct ctrace_word *word)
{
	char *start = *at;

	*word = (struct ctrace_word){.text = start};
	if (*start == '"') {
		(*at)++;
		return take_quoted(at, word);
	}
	*at += strcspn(*at, " \t\n#=\"");
	if (**at == '=') {
		word->key = start;
		*(*at)++ = '\0';
		if (**at == '"') {
			(*at)++;
			return take_quoted(at, word);
		}
		word->text = *at;
		*at += strcspn(*at, " \t\n#\"");
	}
	word->size = (size_t)(*at - word->text);
	return NULL;
}

const char *ctrace_line_split(struct ctrace_line *line, char *text)
{
	char *at = text;

	line->count = 0;
	line->next = 0;
	for (;;) {
		at += strspn(at, " \t\r\n");
		if (*at == '\0' || *at == '#') {
			return NULL;
		}
		if (line->count == CTRACE_WORDS_MAX) {
			return "too many words in a line";
		}
		const char *wrong = take_word(&at, &line->words[line->count++]);
		if (wrong != NULL) {
			return wrong;
		}
		if (*at == '#') {
			*at = '\0';
			return NULL;
		}
		if (*at != '\0' && strchr(" \t\r\n", *at) == NULL) {
			return "a blank is missing between two words";
		}
		if (*at != '\0') {
			*at++ = '\0';
		}
	}
}

bool ctrace_word_number(const struct ctrace_word *word, uint64_t *number)
{
	bool is_hex = strncmp(word->text, "0x", 2) == 0;
	char *end;

	errno = 0;
	*number = strtoull(word->text, &end, is_hex ? 16 : 10);
	return errno == 0 && hex_digit(word->text[0]) >= 0 && *end == '\0' && end != word->text;
}

bool ctrace_word_hex(const struct ctrace_word *word, struct ctrace_buffer *bytes)
{
	if (word->size % 2 != 0) {
		return false;
	}
	for (size_t i = 0; i < word->size; i += 2) {
		int high = hex_digit(word->text[i]), low = hex_digit(word->text[i + 1]);
		if (high < 0 || low < 0) {
			return false;
		}
		ctrace_buffer_u8(bytes, (uint8_t)(high * 16 + low));
	}
	return true;
}
