/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_H
#define CTRACE_CHROME_H

/*
 * A trace as Chrome trace-event JSON, whole or a range, pulled piece by piece.
 * docs/chrome-json.md is the mapping as a table.
 *
 *     ctrace_chrome_create(&chrome, trace, &settings, &error)
 *       while ((status = ctrace_chrome_read(chrome, buffer, size, &got, &error)) == CTRACE_OK)
 *               …                              got bytes; may be 0
 *       status is CTRACE_END                   all was given
 *     ctrace_chrome_destroy(chrome)
 *
 * Order of traceEvents: metadata first; then chunk by chunk in the order of
 * their beginnings. The events of a thread are in the order of their `ts`,
 * except spans that outlive the chunk they began in (some ten thousand
 * events) and spans that began before the recording: those stand where they
 * end, and spans that do not end stand last; and steps and ends of tasks, which
 * stand where all threads have come past their time.
 *
 * Range: a span or task is given, whole, if it touches [start, end); a point if
 * it lies inside. Of a span that began before the recording only the end is
 * known, and that counts like a point. Nothing is cut. Metadata is always given.
 *
 * Memory does not grow with the trace, but for 5 bytes a chunk: one chunk's
 * events, the open spans of each thread, the tasks in flight. Counters of what processes had of
 * memory come last, from a walk of their own: memory_curves.h says what that takes.
 *
 * One thread at a time per object; any number of objects per trace.
 */

#include "format/reader.h"
#include "viewer-server/export/chrome_line.h"

/* One event alone, as it stands in the whole: chrome_click.h. */

struct ctrace_chrome;

/* All zero: the whole trace. */
struct ctrace_chrome_settings {
	uint64_t start, end;	 /* ns since the trace's beginning */
	bool has_end;		 /* else open */
	const uint64_t *threads; /* tids; borrowed until create returns */
	uint32_t thread_count;	 /* 0: all */
};

/* What was written so far, by kind. */
struct ctrace_chrome_counts {
	uint64_t bytes, lines;
	uint64_t spans, open_spans; /* X; B */
	uint64_t instants, logs, counters;
	uint64_t task_begins, task_steps, task_ends;
	uint64_t flows, lost, names;
	uint64_t chunks_done, chunks; /* how far it is */
	uint64_t damaged;	      /* chunks that could not be used, found while converting */
};

/* `settings` may be NULL. Gives *chrome; borrows `trace` until destroy. CTRACE_ERR_NO_MEMORY,
 * CTRACE_ERR_USAGE. */
enum ctrace_status ctrace_chrome_create(struct ctrace_chrome **chrome,
					const struct ctrace_trace *trace,
					const struct ctrace_chrome_settings *settings,
					struct ctrace_error *error);
void ctrace_chrome_destroy(struct ctrace_chrome *chrome); /* NULL is fine */

/*
 * The next bytes, at most `size`. CTRACE_OK with *got bytes, CTRACE_END with none after
 * the last. *got may be 0 with CTRACE_OK where there is nothing to write for long: a call does
 * a few milliseconds of work, so that servers can do other things between. An error stays.
 * Buffers of 64 KiB and more are written into directly.
 */
enum ctrace_status ctrace_chrome_read(struct ctrace_chrome *chrome, char *buffer, size_t size,
				      size_t *got, struct ctrace_error *error);

struct ctrace_chrome_counts ctrace_chrome_counts(const struct ctrace_chrome *chrome);

/* Chunks that could not be used, found while converting (those found while opening are the
 * trace's). */
const struct ctrace_damage *ctrace_chrome_damage(const struct ctrace_chrome *chrome,
						 uint32_t *count);

#endif
