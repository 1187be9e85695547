/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_JSON_PEN_H
#define CTRACE_JSON_PEN_H

/*
 * JSON appended to a buffer piece by piece, for what is not written by the million (json_text.h is
 * for that). Want of memory sticks in the buffer.
 *
 * Thread: any, own buffer.
 */

#include "format/buffer.h"
#include "format/records.h"

/* Text that needs no escaping, at most 255 bytes a call. */
void ctrace_json_put(struct ctrace_buffer *json, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Any bytes as a string, as a key. */
void ctrace_json_put_string(struct ctrace_buffer *json, struct ctrace_bytes text);
void ctrace_json_put_key(struct ctrace_buffer *json, struct ctrace_bytes text);
/* As json_text.h's u64, i64 and micros. */
void ctrace_json_put_number(struct ctrace_buffer *json, uint64_t value);
void ctrace_json_put_signed(struct ctrace_buffer *json, int64_t value);
void ctrace_json_put_micros(struct ctrace_buffer *json, uint64_t ns);

#endif
