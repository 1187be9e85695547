/* SPDX-License-Identifier: MIT */
/* The lines inside a chunk of the text form: events, and pieces in hex. */

#include "format/chunk_words.h"

#include "format/rows.h"
#include "format/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "text" stands inline; @ID in the table. */
static const char *put_str(struct ctrace_buffer *args, const struct ctrace_word *word)
{
	struct ctrace_word number = {.text = word->text + 1};
	uint64_t id;

	if (word->is_quoted) {
		ctrace_buffer_varint(args, (uint64_t)word->size << 1 | 1);
		ctrace_buffer_put(args, word->text, word->size);
		return NULL;
	}
	if (word->text[0] != '@' || !ctrace_word_number(&number, &id)) {
		return "a string is neither \"quoted\" nor @ID";
	}
	ctrace_buffer_varint(args, id << 1);
	return NULL;
}

static const char *put_i64(struct ctrace_buffer *args, const struct ctrace_word *word)
{
	char *end;

	errno = 0;
	long long number = strtoll(word->text, &end, 0);
	ctrace_buffer_varint(args, ctrace_zigzag_encode(number));
	return errno != 0 || *end != '\0' || end == word->text ? CTRACE_BAD_NUMBER : NULL;
}

/* A decimal, or `bits:0x…` where that would not come back the same. */
static const char *put_f64(struct ctrace_buffer *args, const struct ctrace_word *word)
{
	struct ctrace_word bits_word = {.text = word->text + 5};
	uint64_t bits;
	char *end;

	if (strncmp(word->text, "bits:", 5) == 0) {
		if (!ctrace_word_number(&bits_word, &bits)) {
			return CTRACE_BAD_NUMBER;
		}
	} else {
		double value = strtod(word->text, &end);
		if (*end != '\0' || end == word->text) {
			return CTRACE_BAD_NUMBER;
		}
		memcpy(&bits, &value, sizeof(bits));
	}
	ctrace_buffer_le(args, bits, 8);
	return NULL;
}

static const char *put_varint(struct ctrace_buffer *args, const struct ctrace_word *word)
{
	uint64_t number;

	if (!ctrace_word_number(word, &number)) {
		return CTRACE_BAD_NUMBER;
	}
	ctrace_buffer_varint(args, number);
	return NULL;
}

static const char *put_u8(struct ctrace_buffer *args, const struct ctrace_word *word)
{
	uint64_t number;

	if (!ctrace_word_number(word, &number)) {
		return CTRACE_BAD_NUMBER;
	}
	ctrace_buffer_u8(args, (uint8_t)number);
	return NULL;
}

/* One `type=value` of an event's arguments. */
static const char *put_arg(struct ctrace_buffer *args, const struct ctrace_word *word)
{
	if (word->key == NULL) {
		return "an argument is not TYPE=VALUE";
	}
	if (strcmp(word->key, "bytes") == 0) {
		return ctrace_word_hex(word, args) ? NULL : "`bytes` is not hex";
	}
	switch (ctrace_arg_type_by_name(word->key)) {
	case CTRACE_ARG_I64:
		return put_i64(args, word);
	case CTRACE_ARG_F64:
		return put_f64(args, word);
	case CTRACE_ARG_BOOL:
		return put_u8(args, word);
	case CTRACE_ARG_STR:
		return put_str(args, word);
	case CTRACE_ARG_U64:
	case CTRACE_ARG_PTR:
	case CTRACE_ARG_HEX:
		return put_varint(args, word);
	default:
		return "an argument's type is none of i64 u64 f64 bool str ptr hex bytes";
	}
}

static const char *put_args(struct ctrace_chunk_text *text, struct ctrace_line *line)
{
	while (line->next < line->count) {
		const char *wrong = put_arg(&text->args, &line->words[line->next++]);
		if (wrong != NULL) {
			return wrong;
		}
	}
	return NULL;
}

static const char *put_field(struct ctrace_buffer *fields, const struct ctrace_word *word,
			     enum ctrace_field_type type)
{
	switch (type) {
	case CTRACE_FIELD_STR:
		return put_str(fields, word);
	case CTRACE_FIELD_U8:
		return put_u8(fields, word);
	case CTRACE_FIELD_ZIGZAG:
		return put_i64(fields, word);
	default:
		return put_varint(fields, word);
	}
}

/* Fields by position, then `more=HEX`. A kind by number has only `more`. */
static const char *put_plain(struct ctrace_chunk_text *text, struct ctrace_line *line,
			     uint64_t kind)
{
	struct ctrace_field described[CTRACE_FIELDS_MAX];
	unsigned count = ctrace_kind_fields(kind, described);
	struct ctrace_buffer fields = {0};
	const char *wrong = NULL;

	for (unsigned i = 0; line->next < line->count && wrong == NULL; line->next++, i++) {
		const struct ctrace_word *word = &line->words[line->next];
		if (word->key != NULL) {
			bool is_hex =
				strcmp(word->key, "more") == 0 && ctrace_word_hex(word, &fields);
			wrong = is_hex ? NULL : "after the fields only more=HEX may follow";
		} else if (i < count) {
			wrong = put_field(&fields, word, described[i].type);
		} else {
			wrong = "more fields than the kind has";
		}
	}
	ctrace_buffer_varint(&text->ops, 2);
	ctrace_buffer_varint(&text->ops, kind);
	ctrace_buffer_bytes(&text->args, fields.bytes, fields.size);
	ctrace_buffer_finish(&fields);
	return wrong;
}

static const char *put_end(struct ctrace_chunk_text *text, struct ctrace_line *line)
{
	const char *wrong = NULL;

	if (line->next == line->count) {
		ctrace_buffer_u8(&text->ops, 0);
		return NULL;
	}
	ctrace_buffer_varint(&text->ops, 1);
	ctrace_buffer_varint(&text->ops, ctrace_line_number(line, &wrong));
	return wrong;
}

static const char *put_site_event(struct ctrace_chunk_text *text, struct ctrace_line *line)
{
	const char *wrong = NULL;

	ctrace_buffer_varint(&text->ops, ctrace_line_number(line, &wrong) + 8);
	return wrong != NULL ? wrong : put_args(text, line);
}

/* `+DELTA what …` */
static const char *take_event(struct ctrace_chunk_text *text, struct ctrace_line *line)
{
	struct ctrace_word delta_word = {.text = line->words[0].text + 1};
	const char *wrong = NULL;
	uint64_t delta, op;

	if (!ctrace_word_number(&delta_word, &delta)) {
		return CTRACE_BAD_NUMBER;
	}
	ctrace_buffer_varint(&text->times, delta);
	text->span += delta;
	text->count++;
	line->next = 1;
	const struct ctrace_word *what = ctrace_line_word(line, &wrong);
	if (wrong != NULL) {
		return wrong;
	}
	if (what->key != NULL) {
		if (strcmp(what->key, "op") != 0 || !ctrace_word_number(what, &op)) {
			return "an event is neither a kind nor op=NUMBER";
		}
		ctrace_buffer_varint(&text->ops, op);
		return put_args(text, line);
	}
	if (strcmp(what->text, "end") == 0) {
		return put_end(text, line);
	}
	if (strcmp(what->text, "plain") == 0) {
		uint64_t kind = ctrace_line_kind(ctrace_line_word(line, &wrong), &wrong);
		return wrong != NULL ? wrong : put_plain(text, line, kind);
	}
	const struct ctrace_kind_info *info = ctrace_kind_info(ctrace_kind_by_name(what->text));
	if (strcmp(what->text, "event") == 0 || (info != NULL && info->how == CTRACE_HOW_SITE)) {
		return put_site_event(text, line);
	}
	if (info == NULL || info->how != CTRACE_HOW_PLAIN) {
		return "an event is neither a kind, nor end, event, plain, op=NUMBER";
	}
	return put_plain(text, line, ctrace_kind_by_name(what->text));
}

static const char *take_open(struct ctrace_chunk_text *text, struct ctrace_line *line)
{
	const char *wrong = NULL;

	line->next = 1;
	ctrace_buffer_varint(&text->open, ctrace_line_number(line, &wrong));
	ctrace_buffer_varint(&text->open, ctrace_line_keyed(line, "age", &wrong));
	text->open_count += !text->is_open_count_given;
	return wrong;
}

static const char *take_hex(struct ctrace_buffer *bytes, struct ctrace_line *line)
{
	for (unsigned i = 1; i < line->count; i++) {
		if (!ctrace_word_hex(&line->words[i], bytes)) {
			return "a word is not hex";
		}
	}
	return NULL;
}

const char *ctrace_chunk_text_line(struct ctrace_chunk_text *text, struct ctrace_line *line)
{
	const char *word = line->words[0].text;
	const char *wrong = NULL;

	if (word[0] == '+') {
		return take_event(text, line);
	}
	if (ctrace_chunk_text_row(text, line, &wrong)) {
		return wrong;
	}
	if (strcmp(word, "open") == 0) {
		return take_open(text, line);
	}
	if (strcmp(word, "payload") == 0) {
		text->has_payload = true;
		return take_hex(&text->payload, line);
	}
	if (strcmp(word, "stored") == 0) {
		text->has_stored = true;
		return take_hex(&text->stored, line);
	}
	if (strcmp(word, "ops") == 0) {
		return take_hex(&text->ops, line);
	}
	if (strcmp(word, "times") == 0) {
		return take_hex(&text->times, line);
	}
	if (strcmp(word, "args") == 0) {
		return take_hex(&text->args, line);
	}
	if (strcmp(word, "columns") == 0) {
		text->is_columns_given = true;
		text->ops_size = ctrace_line_keyed(line, "ops", &wrong);
		text->times_size = ctrace_line_keyed(line, "times", &wrong);
		return wrong;
	}
	if (strcmp(word, "open-count") == 0) {
		text->is_open_count_given = true;
		line->next = 1;
		uint64_t count = ctrace_line_number(line, &wrong);
		text->open_count = count;
		return wrong;
	}
	return "the line begins with no word of a chunk";
}
