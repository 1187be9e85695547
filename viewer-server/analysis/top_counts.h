/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TOP_COUNTS_H
#define CTRACE_TOP_COUNTS_H

/*
 * The tables of `ctrace top`: threads by where their time went, and the names of spans, of system
 * calls and of library calls by theirs.
 *
 *     ctrace_top_init(&top, model, &settings)
 *       top.threads, top.spans, top.syscalls, top.calls
 *     ctrace_top_finish(&top)
 *
 * Threads are cut to the range; a span or call that touches the range counts whole. What began
 * before the recording is no call of it and is left out of calls; percentiles are of the nearest
 * rank, exact.
 *
 * Thread: any, own object.  Allocates: 8 bytes an event, at most 256 MiB or what the most frequent
 * name takes.
 */

#include "viewer-server/model/query.h"

struct ctrace_top_thread {
	uint32_t track;
	uint64_t running, runnable, waiting, unknown; /* ns; dead time is none of them */
	uint64_t turns;				      /* how often it was put on a CPU */
	uint64_t syscalls, spans;
	bool has_states;
};

struct ctrace_top_name {
	uint32_t name;
	uint64_t count, total, self, p50, p99, max; /* ns */
};

struct ctrace_top_names {
	struct ctrace_top_name *rows; /* owned; largest total first */
	uint32_t count;
};

struct ctrace_top {
	struct ctrace_top_thread *threads; /* owned; most running first */
	uint32_t thread_count;
	struct ctrace_top_names spans, syscalls, calls;
};

struct ctrace_top_settings {
	uint64_t start, end;	 /* ns; end UINT64_MAX: to the end */
	const uint64_t *threads; /* tids; of none, all */
	uint32_t thread_count;
};

/* CTRACE_ERR_NO_MEMORY, or done. Undo with _finish, also after a failure. */
enum ctrace_status ctrace_top_init(struct ctrace_top *top, const struct ctrace_model *model,
				   const struct ctrace_top_settings *settings);
void ctrace_top_finish(struct ctrace_top *top);

#endif
