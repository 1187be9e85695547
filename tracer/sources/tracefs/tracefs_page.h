/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_PAGE_H
#define CTRACE_TRACEFS_PAGE_H

/*
 * A page of the kernel's ring, as trace_pipe_raw gives it: a header with the time and how much
 * is in it, then records, each with the time since the one before (events/header_page,
 * events/header_event).
 *
 *     ctrace_tracefs_page_open(&page, &layout, bytes, size)
 *     while (ctrace_tracefs_page_next(&page)) { page.stamp, page.record, page.record_size }
 */

#include "tracer/sources/tracefs/tracefs_format.h"

struct ctrace_tracefs_page_layout {
	struct ctrace_tracefs_field timestamp, commit, data;
	size_t bytes; /* of a page */
};

#define CTRACE_TRACEFS_LOST_UNKNOWN UINT64_MAX

struct ctrace_tracefs_page {
	const uint8_t *at, *end;
	uint64_t stamp; /* of the record */
	const uint8_t *record;
	size_t record_size;
	uint64_t lost;	/* records lost before this page; CTRACE_TRACEFS_LOST_UNKNOWN: some */
	bool is_broken; /* it does not hold what its header says: the rest was given up */
};

/* From the text of events/header_page. */
bool ctrace_tracefs_page_layout(const char *text, struct ctrace_tracefs_page_layout *layout);

void ctrace_tracefs_page_open(struct ctrace_tracefs_page *page,
			      const struct ctrace_tracefs_page_layout *layout, const uint8_t *bytes,
			      size_t size);

/* The next record; false: there is none. */
bool ctrace_tracefs_page_next(struct ctrace_tracefs_page *page);

#endif
