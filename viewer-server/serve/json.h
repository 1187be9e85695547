/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_JSON_H
#define CTRACE_SERVE_JSON_H

/*
 * Small helps around jansson: text of a trace may hold any byte, numbers of a
 * trace may be no number; both become what JSON can say.
 */

#include "format/reader.h"

#include <jansson.h>

/* A JSON string; bytes that are not UTF-8 become U+FFFD. NULL without memory. */
json_t *ctrace_json_text(struct ctrace_bytes text);
/* NaN and infinities become null. */
json_t *ctrace_json_real(double value);
/* Nanoseconds and counts: as they are up to 2^63-1, which lasts 292 years. */
json_t *ctrace_json_count(uint64_t value);
/* An object or array as compact text (takes it); *size without the NUL. NULL without memory. */
char *ctrace_json_dump_take(json_t *value, size_t *size);

#endif
