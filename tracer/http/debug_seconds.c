/* SPDX-License-Identifier: MIT */
/* Decimal numbers by hand: strtod would listen to the host program's locale. */

#include "tracer/http/debug_seconds.h"

#include "tracer/http/debug_limits.h"

#include <stddef.h>

#define EXPONENT_MAX 400 /* beyond it every double is 0 or infinite */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *parse_exponent(const char *at, int *exponent)
{
	const bool is_negative = *at == '-';
	int value = 0;

	at += *at == '-' || *at == '+';
	if (!is_digit(*at)) {
		return NULL;
	}
	for (; is_digit(*at); at++) {
		value = value < EXPONENT_MAX ? value * 10 + (*at - '0') : EXPONENT_MAX;
	}
	*exponent += is_negative ? -value : value;
	return at;
}

static double scale(double value, int exponent)
{
	for (; exponent > 0; exponent--) {
		value *= 10;
	}
	for (; exponent < 0; exponent++) {
		value /= 10;
	}
	return value;
}

/* False: not a decimal number. */
static bool parse_decimal(const char *at, double *value)
{
	int exponent = 0;
	bool has_digits = false;

	at += *at == '+';
	for (*value = 0; is_digit(*at); at++, has_digits = true) {
		*value = *value * 10 + (*at - '0');
	}
	if (*at == '.') {
		for (at++; is_digit(*at); at++, has_digits = true) {
			*value = *value * 10 + (*at - '0');
			exponent--;
		}
	}
	if (!has_digits) {
		return false;
	}
	if (*at == 'e' || *at == 'E') {
		at = parse_exponent(at + 1, &exponent);
	}
	*value = scale(*value, exponent);
	return at != NULL && *at == '\0';
}

bool ctrace_debug_seconds_parse(const char *text, int64_t *duration_ns)
{
	double seconds;

	if (text == NULL || !parse_decimal(text, &seconds) || !(seconds > 0)) {
		seconds = CTRACE_DEBUG_SECONDS_DEFAULT;
	}
	if (seconds > CTRACE_DEBUG_SECONDS_MAX) {
		return false;
	}
	*duration_ns = (int64_t)(seconds * 1e9);
	return true;
}

bool ctrace_debug_last_parse(const char *text, int64_t *last_ns)
{
	double seconds;

	if (!parse_decimal(text, &seconds) || !(seconds > 0) ||
	    seconds > CTRACE_DEBUG_SECONDS_MAX) {
		return false;
	}
	/* The shortest there is, for a number below a nanosecond. */
	*last_ns = seconds < 1e-9 ? 1 : (int64_t)(seconds * 1e9);
	return true;
}
