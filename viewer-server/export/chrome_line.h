/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_LINE_H
#define CTRACE_CHROME_LINE_H

/*
 * One event of Chrome's trace format as a line of JSON text, without what
 * stands between events. docs/chrome-json.md has the mapping.
 *
 * Thread: any, own objects.  Blocks: no.  Allocates: no.
 */

#include "viewer-server/export/chrome_site.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Everything in a line that is neither a site's text nor a value: punctuation, ids, two times, own
 * members; and the slack of those who write it.
 */
#define CTRACE_CHROME_FIXED_BYTES 900u

enum ctrace_chrome_flags {
	CTRACE_CHROME_OPEN = 1, /* a span that does not end in the trace: a B without its E */
	CTRACE_CHROME_BEGAN_BEFORE = 2, /* arguments of their own, as in enum ctrace_chrome_key */
	CTRACE_CHROME_UNFINISHED = 4,
	CTRACE_CHROME_RESTATED = 8,
	CTRACE_CHROME_HAS_RESULT = 16, /* of calls */
};

/* Whose event it is, as text: ,"pid":1,"tid":2,"ts": */
#define CTRACE_CHROME_THREAD_BYTES 128u
struct ctrace_chrome_thread {
	char bytes[CTRACE_CHROME_THREAD_BYTES];
	uint32_t size;
};
struct ctrace_chrome_thread ctrace_chrome_thread_of(uint64_t pid, uint64_t tid);
/* The process and thread of a stream. One whose row is lost stands under process 0, by its stream's
 * number. */
void ctrace_chrome_owner_of(const struct ctrace_trace *trace, uint32_t stream, uint64_t *pid,
			    uint64_t *tid);

struct ctrace_chrome_line {
	enum ctrace_kind kind; /* CTRACE_KIND_SPAN_BEGIN is a whole span */
	unsigned flags;	       /* enum ctrace_chrome_flags */
	const struct ctrace_chrome_site
		*site; /* NULL of kinds without; of a task's step and end also: */
	const struct ctrace_chrome_site *task_site; /* where the task began; NULL: unknown */
	const struct ctrace_chrome_thread *thread;
	uint64_t start, duration;	   /* ns */
	uint64_t id;			   /* of tasks and flows */
	uint64_t task;			   /* that a span or a point belongs to; 0: none */
	const struct ctrace_value *values; /* arguments or fields; NULL: not known */
	unsigned value_count;
	/* Of lost events. */
	uint64_t since, lost, chunks; /* ns, events, chunks that are not there */
	unsigned reason;
};

/* A span with both ends and no arguments of any kind: what most events are. */
struct ctrace_chrome_bare_span {
	const struct ctrace_chrome_site *site;
	const struct ctrace_chrome_thread *thread;
	uint64_t start, duration; /* ns */
};
/* Room for it with all slack, and it. */
static inline size_t ctrace_chrome_bare_room(const struct ctrace_chrome_site *site)
{
	return CTRACE_CHROME_FIXED_BYTES + site->head.size;
}
char *ctrace_chrome_bare_write(char *at, const struct ctrace_chrome_bare_span *span);

/* The most bytes that the line takes, with all slack. */
size_t ctrace_chrome_line_room(const struct ctrace_chrome_line *line);

/* Write it; the end of what was written. */
char *ctrace_chrome_line_write(char *at, const struct ctrace_chrome_line *line);

#endif
