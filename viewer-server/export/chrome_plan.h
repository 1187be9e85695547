/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_PLAN_H
#define CTRACE_CHROME_PLAN_H

/*
 * What will be written, in which order: known from the chunk headers, before any event is read.
 *
 * One thread at a time per object.
 */

#include "viewer-server/export/chrome_stream.h"

struct ctrace_chrome_plan {
	const struct ctrace_trace *trace;     /* borrowed */
	struct ctrace_chrome_stream *streams; /* owned, by stream number */
	uint32_t stream_count;
	uint64_t *pids; /* owned; of the threads that are wanted */
	uint32_t pid_count;
	uint32_t *order; /* owned: EVENTS chunks by their beginning */
	uint32_t order_count;
};

/* `threads` are the tids wanted; of none, all. Their list and tasks are the caller's to set. Undo
 * with _finish, also after a failure. */
enum ctrace_status ctrace_chrome_plan_init(struct ctrace_chrome_plan *plan,
					   const struct ctrace_trace *trace,
					   const uint64_t *threads, uint32_t thread_count);
void ctrace_chrome_plan_finish(struct ctrace_chrome_plan *plan); /* zeroed is fine */

/* The stream of that number, which has a chunk or a row. */
struct ctrace_chrome_stream *ctrace_chrome_plan_stream(const struct ctrace_chrome_plan *plan,
						       uint32_t stream);

#endif
