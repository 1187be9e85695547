/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_JSON_OUT_H
#define CTRACE_JSON_OUT_H

/* JSON for streams that are too long to build in memory. Small answers use jansson. */

#include <stddef.h>
#include <stdio.h>

/*
 * A quoted JSON string of any bytes: valid JSON whatever they are. Bytes that
 * are no UTF-8 become U+FFFD each.
 */
void ctrace_json_out_string(FILE *out, const char *bytes, size_t size);

/* A number, or null for what JSON cannot say (infinities, not a number). */
void ctrace_json_out_double(FILE *out, double value);

#endif
