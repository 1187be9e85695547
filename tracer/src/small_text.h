/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SMALL_TEXT_H
#define CTRACE_SMALL_TEXT_H

/* Names of files, put together where printf may not be called: in signal handlers. The caller has
 * room. */

#include <stdint.h>
#include <string.h>

/* Each returns where its NUL stands. */
static inline char *ctrace_text_put(char *at, const char *text)
{
	size_t size = strlen(text);

	memcpy(at, text, size + 1);
	return at + size;
}

static inline char *ctrace_text_number(char *at, uint64_t number)
{
	char digits[24];
	unsigned count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	while (count > 0) {
		*at++ = digits[--count];
	}
	*at = '\0';
	return at;
}

static inline char *ctrace_text_hex(char *at, uint64_t number)
{
	for (int shift = 60; shift >= 0; shift -= 4) {
		*at++ = "0123456789abcdef"[number >> shift & 15];
	}
	*at = '\0';
	return at;
}

#endif
