/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_FORMAT_H
#define CTRACE_TRACEFS_FORMAT_H

/*
 * Where the fields of the kernel's records are: read from the `format` files beside
 * each event, because it differs from kernel to kernel.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number or an array within a record. */
struct ctrace_tracefs_field {
	uint16_t offset, size;
	bool is_signed;
};

/* The field of this name in a format's text. False: there is none, or its place makes no sense. */
bool ctrace_tracefs_format_field(const char *text, const char *name,
				 struct ctrace_tracefs_field *field);

/* The number that records of this event begin with. */
bool ctrace_tracefs_format_id(const char *text, uint16_t *id);

/* Letters of states in a print format: { 0x0001, "S" }. Returns how many. */
struct ctrace_tracefs_flag {
	uint64_t bit;
	char letter;
};
unsigned ctrace_tracefs_format_flags(const char *text, struct ctrace_tracefs_flag *flags,
				     unsigned most);

/* A number of 1, 2, 4 or 8 bytes, its sign extended; 0 if the record is too short. */
static inline int64_t ctrace_tracefs_get(const uint8_t *record, size_t size,
					 struct ctrace_tracefs_field field)
{
	const uint8_t *at = record + field.offset;

	if ((size_t)field.offset + field.size > size) {
		return 0;
	}
	switch (field.size) {
	case 1:
		return field.is_signed ? *(const int8_t *)at : *at;
	case 2: {
		uint16_t value;
		__builtin_memcpy(&value, at, sizeof(value));
		return field.is_signed ? (int16_t)value : value;
	}
	case 4: {
		uint32_t value;
		__builtin_memcpy(&value, at, sizeof(value));
		return field.is_signed ? (int32_t)value : (int64_t)value;
	}
	case 8: {
		int64_t value;
		__builtin_memcpy(&value, at, sizeof(value));
		return value;
	}
	default:
		return 0;
	}
}

/* A text whose place stands in the field (__data_loc): ends in a NUL within the record, else "".
 */
const char *ctrace_tracefs_get_text(const uint8_t *record, size_t size,
				    struct ctrace_tracefs_field field);

#endif
