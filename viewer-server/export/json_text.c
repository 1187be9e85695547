/* SPDX-License-Identifier: MIT */
/* Numbers and strings as JSON text: the forms that are not worth inlining. */

#include "viewer-server/export/json_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* clang-format off */
#define THOUSANDTH(h, t, o) {'.', '0' + h, '0' + t, '0' + o}
#define ONES(h, t) THOUSANDTH(h, t, 0), THOUSANDTH(h, t, 1), THOUSANDTH(h, t, 2), THOUSANDTH(h, t, 3), \
	THOUSANDTH(h, t, 4), THOUSANDTH(h, t, 5), THOUSANDTH(h, t, 6), THOUSANDTH(h, t, 7), \
	THOUSANDTH(h, t, 8), THOUSANDTH(h, t, 9)
#define TENS(h) ONES(h, 0), ONES(h, 1), ONES(h, 2), ONES(h, 3), ONES(h, 4), ONES(h, 5), ONES(h, 6), \
	ONES(h, 7), ONES(h, 8), ONES(h, 9)
const char ctrace_json_thousandths[1000][4] = {
	TENS(0), TENS(1), TENS(2), TENS(3), TENS(4), TENS(5), TENS(6), TENS(7), TENS(8), TENS(9),
};
#undef TENS
#undef ONES
#undef THOUSANDTH
/* clang-format on */

static char *put(char *at, const char *text, size_t size)
{
	memcpy(at, text, size);
	return at + size;
}

static char *put_word(char *at, const char *word)
{
	return put(at, word, strlen(word));
}

static char *put_quoted_digits(char *at, const char *sign, uint64_t value)
{
	at = put_word(put_word(at, "\""), sign);
	return put_word(ctrace_json_digits_of(at, value), "\"");
}

char *ctrace_json_u64(char *at, uint64_t value)
{
	if (value > CTRACE_JSON_EXACT_MAX) {
		return put_quoted_digits(at, "", value);
	}
	return ctrace_json_digits_of(at, value);
}

char *ctrace_json_i64(char *at, int64_t value)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;

	if (size > CTRACE_JSON_EXACT_MAX) {
		return put_quoted_digits(at, value < 0 ? "-" : "", size);
	}
	*at = '-';
	return ctrace_json_digits_of(at + (value < 0), size);
}

char *ctrace_json_hex(char *at, uint64_t value)
{
	unsigned digits = (67u - (unsigned)__builtin_clzll(value | 1)) / 4;

	at = put_word(at, "\"0x");
	for (unsigned i = digits; i-- > 0;) {
		*at++ = "0123456789abcdef"[value >> 4 * i & 15];
	}
	return put_word(at, "\"");
}

/* Is it a number of at most six decimals? Then it is cheap, and most measured values are. */
static bool is_millionths(double value, uint64_t *millionths)
{
	double size = fabs(value);

	if (!(size < 9e9) || (value == 0 && signbit(value))) {
		return false;
	}
	*millionths = (uint64_t)(size * 1e6 + 0.5);
	/* Both are exact below 2^53, so the quotient is the double nearest to the decimal. */
	return (double)*millionths / 1e6 == size;
}

static char *put_millionths(char *at, bool is_negative, uint64_t millionths)
{
	*at = '-';
	at = ctrace_json_digits_of(at + is_negative, millionths / 1000000);
	uint64_t rest = millionths % 1000000;
	if (rest == 0) {
		return at;
	}
	memcpy(at, ctrace_json_thousandths[rest / 1000], 4);
	memcpy(at + 4, ctrace_json_thousandths[rest % 1000] + 1, 3);
	at += 7;
	while (at[-1] == '0') {
		at--;
	}
	return at;
}

static char *put_long_f64(char *at, double value)
{
	char text[CTRACE_JSON_NUMBER_BYTES];
	int size = snprintf(text, sizeof(text), "%.17g", value);

	/* A program around us may have chosen a locale with a decimal comma. */
	for (int i = 0; i < size; i++) {
		at[i] = text[i] == ',' ? '.' : text[i];
	}
	return at + size;
}

char *ctrace_json_f64(char *at, double value)
{
	uint64_t millionths;

	if (isnan(value)) {
		return put_word(at, "\"NaN\"");
	}
	if (isinf(value)) {
		return put_word(at, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
	}
	if (is_millionths(value, &millionths)) {
		return put_millionths(at, value < 0, millionths);
	}
	return put_long_f64(at, value);
}

/* Does any of eight bytes need a second look: below space, quote, backslash, less-than, not ASCII?
 */
static bool is_plain_8(uint64_t eight)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t quote = eight ^ ones * '"';
	uint64_t backslash = eight ^ ones * '\\';
	uint64_t less = eight ^ ones * '<';
	uint64_t hits =
		(eight - ones * 0x20) | (quote - ones) | (backslash - ones) | (less - ones) | eight;

	return (hits & ones * 0x80) == 0;
}

/* What a byte is escaped to behind a backslash; 0: nothing, 'u': by number. */
static char short_escape(unsigned char byte)
{
	switch (byte) {
	case '"':
	case '\\':
		return (char)byte;
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	default:
		return byte < 0x20 ? 'u' : 0;
	}
}

static char *escape_ascii(char *at, unsigned char byte, unsigned char next)
{
	char escape = short_escape(byte);

	if (byte == '<' && next == '/') {
		return put_word(at, "<\\"); /* the slash follows */
	}
	if (escape == 'u' || (byte == '<' && next == '!')) {
		at = put_word(at, "\\u00");
		*at++ = "0123456789abcdef"[byte >> 4];
		*at++ = "0123456789abcdef"[byte & 15];
		return at;
	}
	if (escape != 0) {
		*at++ = '\\';
		byte = (unsigned char)escape;
	}
	*at++ = (char)byte;
	return at;
}

/* What may follow a lead byte: how many bytes in all, and the range of the second. 0: no lead byte.
 */
static unsigned sequence_size(unsigned char lead, unsigned char *low, unsigned char *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead < 0xc2 || lead > 0xf4) {
		return 0;
	}
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Bytes of the sequence at `bytes` that are good; `wanted` is how many it should have. */
static unsigned good_bytes(const unsigned char *bytes, size_t size, unsigned *wanted)
{
	unsigned char low, high;
	unsigned good = 1;

	*wanted = sequence_size(bytes[0], &low, &high);
	while (good < *wanted && good < size && bytes[good] >= low && bytes[good] <= high) {
		good++;
		low = 0x80;
		high = 0xbf;
	}
	return good;
}

/* One sequence that is not ASCII; *used is how many bytes it was. */
static char *escape_sequence(char *at, const unsigned char *bytes, size_t size, unsigned *used)
{
	unsigned wanted;

	*used = good_bytes(bytes, size, &wanted);
	if (*used != wanted) {
		return put_word(at, "\xef\xbf\xbd");
	}
	if (wanted == 3 && bytes[0] == 0xe2 && bytes[1] == 0x80 && (bytes[2] & 0xfe) == 0xa8) {
		return put_word(at, bytes[2] == 0xa8 ? "\\u2028" : "\\u2029");
	}
	return put(at, (const char *)bytes, wanted);
}

char *ctrace_json_escape(char *at, const char *bytes, size_t size)
{
	const unsigned char *from = (const unsigned char *)bytes;
	const unsigned char *end = from + size;

	while (from < end) {
		uint64_t eight;
		unsigned used = 1;
		if (end - from >= 8 && (memcpy(&eight, from, 8), is_plain_8(eight))) {
			at = put(at, (const char *)&eight, 8);
			from += 8;
			continue;
		}
		if (*from < 0x80) {
			at = escape_ascii(at, *from, from + 1 < end ? from[1] : 0);
		} else {
			at = escape_sequence(at, from, (size_t)(end - from), &used);
		}
		from += used;
	}
	return at;
}

char *ctrace_json_escape_key(char *at, const char *bytes, size_t size)
{
	const char *end = bytes + size, *nul;

	while ((nul = memchr(bytes, '\0', (size_t)(end - bytes))) != NULL) {
		at = ctrace_json_escape(at, bytes, (size_t)(nul - bytes));
		at = put_word(at, "\xef\xbf\xbd");
		bytes = nul + 1;
	}
	return ctrace_json_escape(at, bytes, (size_t)(end - bytes));
}

char *ctrace_json_string(char *at, const char *bytes, size_t size)
{
	*at++ = '"';
	at = ctrace_json_escape(at, bytes, size);
	*at++ = '"';
	return at;
}
