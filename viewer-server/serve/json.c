/* SPDX-License-Identifier: MIT */
/* Bytes and numbers of a trace as JSON values; see json.h. */

#include "viewer-server/serve/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the UTF-8 character at `at`, 0 if it is none (overlong, surrogate, past U+10FFFF, cut).
 */
static size_t character(const unsigned char *at, size_t left)
{
	unsigned char c = at[0];
	if (c < 0x80) {
		return 1;
	}
	size_t size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c > 0xf4 || left < size) {
		return 0;
	}
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	bool is_bad = (c == 0xe0 && at[1] < 0xa0) || (c == 0xed && at[1] > 0x9f) ||
		      (c == 0xf0 && at[1] < 0x90) || (c == 0xf4 && at[1] > 0x8f);
	return is_bad ? 0 : size;
}

static json_t *repaired(struct ctrace_bytes text)
{
	/* Each byte becomes at most the three of U+FFFD. */
	char *clean = malloc((size_t)text.size * 3 + 1);
	if (clean == NULL) {
		return NULL;
	}
	size_t size = 0;
	for (size_t i = 0; i < text.size;) {
		size_t length = character((const unsigned char *)text.bytes + i, text.size - i);
		memcpy(clean + size, length > 0 ? text.bytes + i : "\xef\xbf\xbd",
		       length > 0 ? length : 3);
		size += length > 0 ? length : 3;
		i += length > 0 ? length : 1;
	}
	json_t *json = json_stringn_nocheck(clean, size);
	free(clean);
	return json;
}

static bool is_clean(struct ctrace_bytes text)
{
	for (size_t i = 0; i < text.size;) {
		size_t length = character((const unsigned char *)text.bytes + i, text.size - i);
		if (length == 0) {
			return false;
		}
		i += length;
	}
	return true;
}

json_t *ctrace_json_text(struct ctrace_bytes text)
{
	if (text.size == 0) {
		return json_stringn_nocheck("", 0);
	}
	return is_clean(text) ? json_stringn_nocheck(text.bytes, text.size) : repaired(text);
}

json_t *ctrace_json_real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *ctrace_json_count(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

char *ctrace_json_dump_take(json_t *value, size_t *size)
{
	char *text =
		value != NULL ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
	*size = text != NULL ? strlen(text) : 0;
	json_decref(value);
	return text;
}
