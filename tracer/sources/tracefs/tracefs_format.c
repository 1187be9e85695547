/* SPDX-License-Identifier: MIT */
/* Reading format files; see tracefs_format.h. */

#include "tracer/sources/tracefs/tracefs_format.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Records are short; larger offsets are nonsense. */
#define OFFSET_MAX 4096u

/* "field:unsigned long args[6];": is the last word before ; or [ this name? */
static bool is_named(const char *declaration, const char *name)
{
	const char *end = declaration + strcspn(declaration, ";\n");
	const char *bracket = memchr(declaration, '[', (size_t)(end - declaration));
	size_t size = strlen(name);

	/* "char[] comm" has its bracket in the type. */
	if (bracket != NULL && bracket[1] != ']') {
		end = bracket;
	}
	return (size_t)(end - declaration) > size && memcmp(end - size, name, size) == 0 &&
	       isspace((unsigned char)end[-(ptrdiff_t)size - 1]);
}

static bool parse_place(const char *line, struct ctrace_tracefs_field *field)
{
	unsigned offset, size, is_signed;
	const char *at = strstr(line, "offset:");

	if (at == NULL ||
	    sscanf(at, "offset:%u; size:%u; signed:%u;", &offset, &size, &is_signed) != 3 ||
	    offset > OFFSET_MAX || size > OFFSET_MAX) {
		return false;
	}
	*field = (struct ctrace_tracefs_field){
		.offset = (uint16_t)offset, .size = (uint16_t)size, .is_signed = is_signed != 0};
	return true;
}

bool ctrace_tracefs_format_field(const char *text, const char *name,
				 struct ctrace_tracefs_field *field)
{
	const char *at = text;

	while ((at = strstr(at, "field:")) != NULL) {
		at += strlen("field:");
		if (is_named(at, name)) {
			return parse_place(at, field);
		}
	}
	return false;
}

bool ctrace_tracefs_format_id(const char *text, uint16_t *id)
{
	const char *at = strstr(text, "ID: ");

	*id = at != NULL ? (uint16_t)strtoul(at + 4, NULL, 10) : 0;
	return *id != 0;
}

unsigned ctrace_tracefs_format_flags(const char *text, struct ctrace_tracefs_flag *flags,
				     unsigned most)
{
	unsigned count = 0;
	const char *at = strstr(text, "print fmt:");

	while (at != NULL && count < most && (at = strstr(at, "{ 0x")) != NULL) {
		struct ctrace_tracefs_flag flag;
		unsigned long bit;

		if (sscanf(at, "{ 0x%lx, \"%c\" }", &bit, &flag.letter) == 2) {
			flag.bit = bit;
			flags[count++] = flag;
		}
		at++;
	}
	return count;
}

const char *ctrace_tracefs_get_text(const uint8_t *record, size_t size,
				    struct ctrace_tracefs_field field)
{
	/* Low half: where; high half: how long. */
	uint32_t place = (uint32_t)ctrace_tracefs_get(record, size, field);
	size_t offset = place & 0xffff, length = place >> 16;

	if (length == 0 || offset + length > size || record[offset + length - 1] != '\0') {
		return "";
	}
	return (const char *)record + offset;
}
