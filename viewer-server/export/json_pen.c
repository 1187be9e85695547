/* SPDX-License-Identifier: MIT */
/* Room is made, and json_text.h writes; see json_pen.h. */

#include "viewer-server/export/json_pen.h"

#include "viewer-server/export/json_text.h"

#include <stdarg.h>
#include <stdio.h>

void ctrace_json_put(struct ctrace_buffer *json, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	int size = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	ctrace_buffer_put(json, text, (size_t)size);
}

void ctrace_json_put_string(struct ctrace_buffer *json, struct ctrace_bytes text)
{
	size_t room = CTRACE_JSON_STRING_BYTES(text.size) + CTRACE_JSON_SLACK;
	char *start = (char *)ctrace_buffer_reserve(json, room);

	if (start != NULL) {
		json->size += (size_t)(ctrace_json_string(start, text.bytes, text.size) - start);
	}
}

void ctrace_json_put_key(struct ctrace_buffer *json, struct ctrace_bytes text)
{
	size_t room = CTRACE_JSON_STRING_BYTES(text.size) + CTRACE_JSON_SLACK;
	char *start = (char *)ctrace_buffer_reserve(json, room);

	if (start != NULL) {
		*start = '"';
		char *end = ctrace_json_escape_key(start + 1, text.bytes, text.size);
		*end++ = '"';
		json->size += (size_t)(end - start);
	}
}

static char *make_room(struct ctrace_buffer *json)
{
	return (char *)ctrace_buffer_reserve(json, CTRACE_JSON_NUMBER_BYTES + CTRACE_JSON_SLACK);
}

void ctrace_json_put_number(struct ctrace_buffer *json, uint64_t value)
{
	char *start = make_room(json);

	if (start != NULL) {
		json->size += (size_t)(ctrace_json_u64(start, value) - start);
	}
}

void ctrace_json_put_signed(struct ctrace_buffer *json, int64_t value)
{
	char *start = make_room(json);

	if (start != NULL) {
		json->size += (size_t)(ctrace_json_i64(start, value) - start);
	}
}

void ctrace_json_put_micros(struct ctrace_buffer *json, uint64_t ns)
{
	char *start = make_room(json);

	if (start != NULL) {
		json->size += (size_t)(ctrace_json_micros(start, ns) - start);
	}
}
