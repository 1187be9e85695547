/* SPDX-License-Identifier: MIT */
/* Strings of any bytes as JSON. */

#include "cli/json_out.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static bool is_between(unsigned char byte, unsigned low, unsigned high)
{
	return byte >= low && byte <= high;
}

/* Length of the well-formed UTF-8 sequence at the head of `size` bytes (Unicode table 3-7); 0 if
 * there is none. */
static size_t utf8_size(const unsigned char *at, size_t size)
{
	size_t need = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	unsigned low = 0x80, high = 0xbf;

	if (!is_between(at[0], 0xc2, 0xf4) || size < need) {
		return 0;
	}
	low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : low;
	high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : high;
	if (!is_between(at[1], low, high)) {
		return 0;
	}
	for (size_t i = 2; i < need; i++) {
		if (!is_between(at[i], 0x80, 0xbf)) {
			return 0;
		}
	}
	return need;
}

static void put_ascii(FILE *out, unsigned char byte)
{
	if (byte == '"' || byte == '\\') {
		fprintf(out, "\\%c", byte);
	} else if (byte == '\n') {
		fputs("\\n", out);
	} else if (byte < 0x20 || byte == 0x7f) {
		fprintf(out, "\\u%04x", byte);
	} else {
		fputc(byte, out);
	}
}

void ctrace_json_out_string(FILE *out, const char *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes;

	fputc('"', out);
	while (size > 0) {
		size_t step = at[0] < 0x80 ? 1 : utf8_size(at, size);
		if (step == 0) {
			fputs("\\ufffd", out);
			step = 1;
		} else if (step == 1) {
			put_ascii(out, at[0]);
		} else {
			fwrite(at, 1, step, out);
		}
		at += step;
		size -= step;
	}
	fputc('"', out);
}

void ctrace_json_out_double(FILE *out, double value)
{
	if (isfinite(value)) {
		fprintf(out, "%.17g", value);
	} else {
		fputs("null", out);
	}
}
