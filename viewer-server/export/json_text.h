/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_JSON_TEXT_H
#define CTRACE_JSON_TEXT_H

/*
 * Values as JSON text, fast: Chrome JSON is written at a gigabyte a second
 * through these. Each call writes at `at` and returns the end of what it wrote.
 * None checks for room: the caller has the bytes that the constants below say,
 * and CTRACE_JSON_SLACK more, which calls may scribble on.
 *
 * Thread: any.  Blocks: no.  Allocates: no.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CTRACE_JSON_SLACK	 64u
#define CTRACE_JSON_NUMBER_BYTES 32u /* any number, any id, with its quotes */

/* A text of `size` bytes with its quotes: each byte may become \u0000. */
#define CTRACE_JSON_STRING_BYTES(size) ((size_t)6 * (size) + 2)

/* Integers that a double cannot hold would be changed by most JSON readers. */
#define CTRACE_JSON_EXACT_MAX (UINT64_C(1) << 53)

/* ".000" to ".999". */
extern const char ctrace_json_thousandths[1000][4];

/* Eight decimal digits of value < 10^8 as bytes, the first one lowest, each 0 to 9. */
static inline uint64_t ctrace_json_digits(uint64_t value)
{
	/* Divided by multiplication, first into two halves, then four pairs, then eight digits. */
	uint64_t high = value * 109951163 >> 40;
	uint64_t halves = high + ((value - high * 10000) << 32);
	uint64_t hundreds = halves * 10486 >> 20 & UINT64_C(0x7f0000007f);
	uint64_t pairs = hundreds + ((halves - hundreds * 100) << 16);
	uint64_t tens = pairs * 103 >> 10 & UINT64_C(0x000f000f000f000f);

	return tens + ((pairs - tens * 10) << 8);
}

static inline char *ctrace_json_u64_below_1e8(char *at, uint64_t value)
{
	uint64_t digits = ctrace_json_digits(value);
	unsigned zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) & ~7u;

	digits = (digits | UINT64_C(0x3030303030303030)) >> zeros;
	memcpy(at, &digits, sizeof(digits));
	return at + 8 - zeros / 8;
}

static inline char *ctrace_json_8_digits(char *at, uint64_t value)
{
	uint64_t digits = ctrace_json_digits(value) | UINT64_C(0x3030303030303030);

	memcpy(at, &digits, sizeof(digits));
	return at + 8;
}

/* A decimal number, without quotes however large. */
static inline char *ctrace_json_digits_of(char *at, uint64_t value)
{
	if (value >= 10000000000000000u) {
		at = ctrace_json_u64_below_1e8(at, value / 10000000000000000u);
		value %= 10000000000000000u;
		at = ctrace_json_8_digits(at, value / 100000000);
		return ctrace_json_8_digits(at, value % 100000000);
	}
	if (value >= 100000000) {
		at = ctrace_json_u64_below_1e8(at, value / 100000000);
		return ctrace_json_8_digits(at, value % 100000000);
	}
	return ctrace_json_u64_below_1e8(at, value);
}

/* Nanoseconds as microseconds with three decimals, exact for every value. */
static inline char *ctrace_json_micros(char *at, uint64_t ns)
{
	uint64_t us = ns / 1000;

	at = ctrace_json_digits_of(at, us);
	memcpy(at, ctrace_json_thousandths[ns - us * 1000], 4);
	return at + 4;
}

/* Integers: numbers as far as they are exact in every reader, beyond that strings. */
char *ctrace_json_u64(char *at, uint64_t value);
char *ctrace_json_i64(char *at, int64_t value);
/* "0x1f": ids, addresses. */
char *ctrace_json_hex(char *at, uint64_t value);
/* The shortest of our forms that reads back as the same double; what JSON has no number for as
 * "NaN", "Infinity", "-Infinity". */
char *ctrace_json_f64(char *at, double value);

/*
 * Any bytes as a string, or as the inside of one. Bytes that are not UTF-8
 * become U+FFFD, one for each longest part of a sequence, as browsers and
 * Python do it. The text may stand inside a script element: no `</`, no
 * `<!`, no U+2028 and U+2029 as such.
 */
char *ctrace_json_string(char *at, const char *bytes, size_t size);
char *ctrace_json_escape(char *at, const char *bytes, size_t size);
/* The inside of an object's key: there NUL becomes U+FFFD too, because readers in C refuse such
 * keys. */
char *ctrace_json_escape_key(char *at, const char *bytes, size_t size);

#endif
