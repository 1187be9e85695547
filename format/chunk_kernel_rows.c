/* SPDX-License-Identifier: MIT */
/* Rows of the tables that tell of a kernel, in the text form. Written field by field, as all rows
 * of a text: it may say what a row cannot. */

#include "format/chunk_words.h"

#include <string.h>

static bool has_key(const struct ctrace_line *line, const char *key)
{
	for (unsigned i = 0; i < line->count; i++) {
		if (line->words[i].key != NULL && strcmp(line->words[i].key, key) == 0) {
			return true;
		}
	}
	return false;
}

/* `cpu=N`, or nothing where the buffer is of no single CPU. */
static void put_buffer(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	struct ctrace_buffer fields = {0};

	ctrace_buffer_varint(&fields, ctrace_line_number(line, wrong));
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "source", wrong));
	uint64_t cpu = ctrace_line_keyed(line, "cpu", wrong);
	ctrace_buffer_varint(&fields, has_key(line, "cpu") ? cpu + 1 : 0);
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "written", wrong));
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "lost", wrong));
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "clamped", wrong));
	ctrace_buffer_bytes(rows, fields.bytes, fields.size);
	ctrace_buffer_finish(&fields);
}

static void put_module(struct ctrace_buffer *rows, struct ctrace_line *line, const char **wrong)
{
	struct ctrace_buffer fields = {0}, build_id = {0};

	ctrace_buffer_varint(&fields, ctrace_line_number(line, wrong));
	ctrace_buffer_varint(&fields, ctrace_line_keyed(line, "path", wrong));
	for (unsigned i = 0; i < line->count; i++) {
		const struct ctrace_word *word = &line->words[i];
		if (word->key != NULL && strcmp(word->key, "build") == 0 &&
		    !ctrace_word_hex(word, &build_id)) {
			*wrong = "`build` is not hex";
		}
	}
	ctrace_buffer_bytes(&fields, build_id.bytes, build_id.size);
	ctrace_buffer_bytes(rows, fields.bytes, fields.size);
	ctrace_buffer_finish(&build_id);
	ctrace_buffer_finish(&fields);
}

/* clang-format off */
static const struct {
	const char *word;
	struct ctrace_row_keys keys;
} number_rows[] = {
	{"call", {.names = {"layer", "name"}, .byte = "layer"}},
	{"stack", {.names = {"parent", "frame"}}},
	{"frame", {.names = {"module", "address", "function", "file", "line", "flags", "outer"}, .byte = "flags"}},
	{"source", {.names = {"state", "why", "events", "lost", "checks", "misses", "slack"}, .byte = "state"}},
	{"file", {.names = {"fd", "from", "name"}}},
};
/* clang-format on */

bool ctrace_chunk_text_kernel_row(struct ctrace_buffer *rows, struct ctrace_line *line,
				  const char **wrong)
{
	const char *word = line->words[0].text;

	for (size_t i = 0; i < sizeof(number_rows) / sizeof(number_rows[0]); i++) {
		if (strcmp(word, number_rows[i].word) == 0) {
			ctrace_line_put_numbers(rows, line, &number_rows[i].keys, wrong);
			return true;
		}
	}
	if (strcmp(word, "buffer") == 0) {
		put_buffer(rows, line, wrong);
		return true;
	}
	if (strcmp(word, "module") == 0) {
		put_module(rows, line, wrong);
		return true;
	}
	return false;
}
