/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_MEMORY_H
#define CTRACE_CHROME_MEMORY_H

/*
 * What processes had of memory on its way into JSON, as counters: one more walk, over the chunks in
 * which the ones before have found memory, behind all other events.
 *
 *     ctrace_chrome_memory_create(&memory, trace, &settings)    NULL if no chunk has any
 *       while (ctrace_chrome_memory_step(memory, json) == CTRACE_OK) …
 *     ctrace_chrome_memory_destroy(memory)
 *
 * One thread at a time per object.
 */

#include "format/buffer.h"
#include "viewer-server/model/memory/memory_views.h"

/* What each chunk, by ordinal, is known to hold. */
enum ctrace_chrome_mark {
	CTRACE_CHROME_NO_MEMORY,
	CTRACE_CHROME_HAS_MEMORY,
	CTRACE_CHROME_UNSEEN, /* it was not looked at: it may */
};

struct ctrace_chrome_memory;

struct ctrace_chrome_memory_settings {
	uint64_t start, end;	 /* ns; end UINT64_MAX: open */
	const uint64_t *threads; /* tids; borrowed until destroy */
	uint32_t thread_count;	 /* 0: all */
	const uint8_t *marks;	 /* enum ctrace_chrome_mark; borrowed until destroy */
};

/* Gives *memory, NULL where there is nothing to tell. Borrows `trace`. */
enum ctrace_status ctrace_chrome_memory_create(
	struct ctrace_chrome_memory **memory, const struct ctrace_trace *trace,
	const struct ctrace_chrome_memory_settings *settings);
void ctrace_chrome_memory_destroy(struct ctrace_chrome_memory *memory); /* NULL is fine */

/* Some more lines, each behind a ",\n". CTRACE_END: all is told. CTRACE_ERR_NO_MEMORY. */
enum ctrace_status ctrace_chrome_memory_step(struct ctrace_chrome_memory *memory,
					     struct ctrace_buffer *json);
uint64_t ctrace_chrome_memory_lines(const struct ctrace_chrome_memory *memory);

/* One point of one counter, as a line. */
struct ctrace_chrome_memory_point {
	enum ctrace_lane_unit unit;
	bool is_estimate;
	uint64_t pid, tid; /* tid 0: of the whole process */
	struct ctrace_bytes name;
	uint64_t time; /* ns */
	double value;
};
void ctrace_chrome_memory_line(struct ctrace_buffer *json,
			       const struct ctrace_chrome_memory_point *point);

#endif
