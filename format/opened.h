/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OPENED_H
#define CTRACE_OPENED_H

/* What an open trace is made of. For reader.c, cursor.c and the files beside them only. */

#include "format/chunk.h"
#include "format/reader.h"
#include "format/tables.h"
#include "format/timebase.h"

/* The field types of a plain kind, looked up once per event. */
struct ctrace_plain_kind {
	bool is_known, is_plain;
	uint8_t field_count;
	uint8_t field_types[CTRACE_FIELDS_MAX]; /* enum ctrace_field_type */
};

struct ctrace_trace {
	int fd; /* borrowed */
	struct ctrace_trace_info info;
	struct ctrace_chunk_entry *entries; /* owns, info.chunk_count of them */
	struct ctrace_damage *damage;	    /* owns, info.damage_count of them */
	struct ctrace_tables tables;
	struct ctrace_timebase timebase;
	struct ctrace_plain_kind kinds[CTRACE_KINDS_END];
};

#endif
