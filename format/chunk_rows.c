/* SPDX-License-Identifier: MIT */
/* The rows of a table in the text form. */

#include "format/chunk_words.h"

#include "format/rows.h"
#include "format/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The number of the next word, which has no key. */
uint64_t ctrace_line_number(struct ctrace_line *line, const char **wrong)
{
	uint64_t number = 0;

	if (line->next >= line->count || line->words[line->next].key != NULL ||
	    !ctrace_word_number(&line->words[line->next], &number)) {
		*wrong = CTRACE_BAD_NUMBER;
	}
	line->next++;
	return number;
}

/* The number behind `key=`, 0 if there is no such word. */
uint64_t ctrace_line_keyed(struct ctrace_line *line, const char *key, const char **wrong)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < line->count; i++) {
		const struct ctrace_word *word = &line->words[i];
		if (word->key != NULL && strcmp(word->key, key) == 0 &&
		    !ctrace_word_number(word, &number)) {
			*wrong = CTRACE_BAD_NUMBER;
		}
	}
	return number;
}

const struct ctrace_word *ctrace_line_word(struct ctrace_line *line, const char **wrong)
{
	static const struct ctrace_word none = {.text = ""};

	if (line->next >= line->count) {
		*wrong = "a word is missing at the end of the line";
		return &none;
	}
	return &line->words[line->next++];
}

static void put_string(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	struct ctrace_string_row row = {.id = ctrace_line_number(line, wrong)};
	const struct ctrace_word *word = ctrace_line_word(line, wrong);

	row.bytes = (const uint8_t *)word->text;
	row.size = word->size;
	ctrace_row_put_string(rows, &row);
}

static void put_meta(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	const struct ctrace_word *key = ctrace_line_word(line, wrong),
				 *value = ctrace_line_word(line, wrong);
	struct ctrace_meta_row row = {
		.key = (const uint8_t *)key->text,
		.key_size = key->size,
		.value = (const uint8_t *)value->text,
		.value_size = value->size,
	};

	ctrace_row_put_meta(rows, &row);
}

/* `arg=TYPE:NAME`, TYPE by name or number. */
static const char *put_site_arg(struct ctrace_buffer *fields, const struct ctrace_word *word)
{
	const char *colon = strchr(word->text, ':');
	char type_text[16] = "";
	uint64_t type, name;

	if (colon == NULL || (size_t)(colon - word->text) >= sizeof(type_text)) {
		return "an argument is not TYPE:NAME";
	}
	memcpy(type_text, word->text, (size_t)(colon - word->text));
	struct ctrace_word type_word = {.text = type_text}, name_word = {.text = colon + 1};
	type = ctrace_arg_type_by_name(type_text);
	if (type == 0 && !ctrace_word_number(&type_word, &type)) {
		return "an argument's type is neither a name nor a number";
	}
	if (!ctrace_word_number(&name_word, &name)) {
		return CTRACE_BAD_NUMBER;
	}
	ctrace_buffer_u8(fields, (uint8_t)type);
	ctrace_buffer_varint(fields, name);
	return NULL;
}

uint64_t ctrace_line_kind(const struct ctrace_word *word, const char **wrong)
{
	uint64_t kind = ctrace_kind_by_name(word->text);

	if (kind == CTRACE_KIND_NONE && !ctrace_word_number(word, &kind)) {
		*wrong = "a kind is neither a name nor a number";
	}
	return kind;
}

/* Written field by field, not by ctrace_row_put_site: a text may say what a site cannot. */
static void put_site(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	struct ctrace_buffer fields = {0}, args = {0};
	uint64_t count = 0;

	ctrace_buffer_varint(&fields, ctrace_line_number(line, wrong));
	ctrace_buffer_varint(&fields, ctrace_line_kind(ctrace_line_word(line, wrong), wrong));
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "name", wrong));
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "category", wrong));
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "file", wrong));
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "function", wrong));
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "line", wrong));
	for (unsigned i = 0; i < line->count && *wrong == NULL; i++) {
		if (line->words[i].key != NULL && strcmp(line->words[i].key, "arg") == 0) {
			*wrong = put_site_arg(&args, &line->words[i]);
			count++;
		}
	}
	uint64_t given = ctrace_line_keyed(line, "args", wrong);
	ctrace_buffer_varint(&fields, given > 0 ? given : count);
	ctrace_buffer_put(&fields, args.bytes, args.size);
	ctrace_buffer_bytes(rows, fields.bytes, fields.size);
	ctrace_buffer_finish(&fields);
	ctrace_buffer_finish(&args);
}

static void put_key(struct ctrace_buffer *fields, struct ctrace_line *line,
		    const struct ctrace_row_keys *keys, const char *key, const char **wrong)
{
	uint64_t number = ctrace_line_keyed(line, key, wrong);

	if (keys->byte != NULL && strcmp(key, keys->byte) == 0) {
		ctrace_buffer_u8(fields, (uint8_t)number);
	} else if (keys->width > 0) {
		ctrace_buffer_le(fields, number, keys->width);
	} else {
		ctrace_buffer_varint(fields, number);
	}
}

void ctrace_line_put_numbers(struct ctrace_buffer *rows, struct ctrace_line *line,
			     const struct ctrace_row_keys *keys, const char **wrong)
{
	struct ctrace_buffer fields = {0};
	uint64_t number = ctrace_line_number(line, wrong);

	if (keys->width > 0) {
		ctrace_buffer_le(&fields, number, keys->width);
	} else {
		ctrace_buffer_varint(&fields, number);
	}
	for (unsigned i = 0; keys->names[i] != NULL; i++) {
		put_key(&fields, line, keys, keys->names[i], wrong);
	}
	ctrace_buffer_bytes(rows, fields.bytes, fields.size);
	ctrace_buffer_finish(&fields);
}

static void put_process(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	static const struct ctrace_row_keys keys = {.names = {"parent", "name", "start"}};

	ctrace_line_put_numbers(rows, line, &keys, wrong);
}

static void put_thread(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	static const struct ctrace_row_keys keys = {
		.names = {"pid", "tid", "name", "start", "written", "lost", "state", "clamped"},
		.byte = "state",
	};

	ctrace_line_put_numbers(rows, line, &keys, wrong);
}

static void put_clock(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	static const struct ctrace_row_keys keys = {
		.names = {"raw", "monotonic", "boottime", "realtime", "uncertainty"},
		.width = 8,
	};

	ctrace_line_put_numbers(rows, line, &keys, wrong);
}

static void put_index(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	struct ctrace_index_row row = {
		.offset = ctrace_line_number(line, wrong),
		.type = (uint16_t)ctrace_line_keyed(line, "type", wrong),
		.zero = (uint16_t)ctrace_line_keyed(line, "zero", wrong),
		.stream = (uint32_t)ctrace_line_keyed(line, "stream", wrong),
		.base = ctrace_line_keyed(line, "base", wrong),
		.span = ctrace_line_keyed(line, "span", wrong),
		.events = (uint32_t)ctrace_line_keyed(line, "events", wrong),
		.stored = (uint32_t)ctrace_line_keyed(line, "stored", wrong),
	};

	ctrace_row_put_index(rows, &row);
}

static void put_row(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	struct ctrace_buffer fields = {0};

	if (line->next < line->count && !ctrace_word_hex(&line->words[line->next], &fields)) {
		*wrong = "a row is not hex";
	}
	ctrace_buffer_bytes(rows, fields.bytes, fields.size);
	ctrace_buffer_finish(&fields);
}

/* clang-format off */
static const struct {
	const char *word;
	void (*put)(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong);
} row_words[] = {
	{"string", put_string}, {"meta", put_meta},   {"site", put_site},   {"process", put_process},
	{"thread", put_thread}, {"clock", put_clock}, {"index", put_index}, {"row", put_row},
};
/* clang-format on */

/* `more=HEX`: bytes inside the row behind its known fields. The row is the last of `rows`. */
static const char *add_more(struct ctrace_buffer *rows, size_t row_at,
			    const struct ctrace_line *line)
{
	struct ctrace_buffer whole = {0};
	const char *wrong = NULL;

	for (unsigned i = 0; i < line->count; i++) {
		if (line->words[i].key == NULL || strcmp(line->words[i].key, "more") != 0) {
			continue;
		}
		struct ctrace_wire wire =
			ctrace_wire_over(rows->bytes + row_at, rows->size - row_at);
		uint64_t size;
		const uint8_t *fields = ctrace_wire_bytes(&wire, &size);
		ctrace_buffer_put(&whole, fields, size);
		if (!ctrace_word_hex(&line->words[i], &whole)) {
			wrong = "`more` is not hex";
		}
		rows->size = row_at;
		ctrace_buffer_bytes(rows, whole.bytes, whole.size);
		ctrace_buffer_finish(&whole);
	}
	return wrong;
}

/* The row itself. False: the line begins with no word of a row. */
static bool put_any_row(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	line->next = 1;
	for (size_t i = 0; i < sizeof(row_words) / sizeof(row_words[0]); i++) {
		if (strcmp(line->words[0].text, row_words[i].word) == 0) {
			row_words[i].put(rows, line, wrong);
			return true;
		}
	}
	return ctrace_chunk_text_kernel_row(rows, line, wrong);
}

bool ctrace_chunk_text_row(struct ctrace_chunk_text *text, struct ctrace_line *line,
			   const char **wrong)
{
	size_t row_at = text->rows.size;

	if (line->words[0].key != NULL || !put_any_row(&text->rows, line, wrong)) {
		return false;
	}
	text->count++;
	if (*wrong == NULL && !text->rows.is_failed) {
		*wrong = add_more(&text->rows, row_at, line);
	}
	return true;
}
