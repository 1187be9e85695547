/* SPDX-License-Identifier: MIT */
/* Errors as values: filling them, naming them, and one line of them for people. */

#include "format/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum ctrace_status ctrace_error_set(struct ctrace_error *error, enum ctrace_status status,
				    uint64_t offset, uint32_t chunk, const char *format, ...)
{
	va_list args;

	if (error == NULL || error->status != CTRACE_OK) {
		return status;
	}
	error->status = status;
	error->offset = offset;
	error->chunk = chunk;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return status;
}

const char *ctrace_status_name(enum ctrace_status status)
{
	switch (status) {
	case CTRACE_OK:
		return "ok";
	case CTRACE_END:
		return "end";
	case CTRACE_ERR_NOT_TRACE:
		return "not a trace";
	case CTRACE_ERR_VERSION:
		return "needs a newer reader";
	case CTRACE_ERR_DAMAGED:
		return "damaged";
	case CTRACE_ERR_CUT:
		return "cut";
	case CTRACE_ERR_LIMIT:
		return "over a limit";
	case CTRACE_ERR_IO:
		return "input or output failed";
	case CTRACE_ERR_NO_MEMORY:
		return "out of memory";
	case CTRACE_ERR_USAGE:
		return "wrong use";
	case CTRACE_ERR_NOT_FOUND:
		return "not found";
	}
	return "unknown status";
}

/* A line under construction: appending past the end is harmless. */
struct line {
	char *at, *end;
};

static void line_add(struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void line_add(struct line *line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int size = vsnprintf(line->at, (size_t)(line->end - line->at), format, args);
	va_end(args);
	if (size > 0) {
		line->at = size < line->end - line->at ? line->at + size : line->end - 1;
	}
}

/* File names come from the user, but may be any bytes: none may reach the terminal's controls. */
static void line_add_name(struct line *line, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char byte = (unsigned char)*name;
		line_add(line, byte < 0x20 || byte == 0x7f ? "\\x%02X" : "%c", byte);
	}
}

void ctrace_error_line(const struct ctrace_error *error, const char *file, char *text, int size)
{
	if (size <= 0) {
		return;
	}
	struct line line = {.at = text, .end = text + size};

	text[0] = '\0';
	line_add_name(&line, file);
	if (error->offset != CTRACE_NO_OFFSET) {
		line_add(&line, ": byte %" PRIu64, error->offset);
		if (error->chunk != CTRACE_NO_CHUNK) {
			line_add(&line, " (chunk %" PRIu32 ")", error->chunk);
		}
	}
	const char *what = error->text[0] != '\0' ? error->text : ctrace_status_name(error->status);
	line_add(&line, ": %s", what);
}
