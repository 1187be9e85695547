/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SOURCE_TRACE_H
#define CTRACE_SOURCE_TRACE_H

/*
 * Where sources put what they find: the trace that is being written, and what all
 * sources know together of threads, calls and descriptors, so that each row is
 * written once, whoever met it first.
 *
 *     ctrace_source_trace_init(&trace)           the recorder set what is above `threads`
 *       ctrace_kernel_stream_init(&stream, …)    kernel_stream.h: a stream for each buffer
 *       ctrace_kernel_threads_…(&trace, …)       kernel_threads.h: who is who
 *       ctrace_call_number(&trace, …)            call_names.h: CALLS rows
 *       ctrace_open_files_…(&trace, …)           open_files.h: FILES rows
 *     ctrace_source_trace_finish(&trace)         before the trace is closed: last rows
 *
 * One thread: the recorder's.
 */

#include "format/writer.h"

struct ctrace_call_names;
struct ctrace_code_places;
struct ctrace_kernel_stream;
struct ctrace_kernel_threads;
struct ctrace_open_files;
struct ctrace_open_waits;

struct ctrace_source_trace {
	struct ctrace_writer *writer; /* borrows */
	uint64_t base_ticks;
	uint64_t ticks_per_second;
	/* Of this file, counted by whoever adds one: stream numbers, rows of threads. Borrows. */
	uint32_t *next_stream, *threads_seen;
	/* A source tells of forks, names and exits: the first that is opened, and no other, since
	 * each runs ahead of the others by what it has drained. */
	bool has_tasks;
	uint32_t own_pid; /* the row of this process is written by somebody else; 0: of none */
	bool is_opening;  /* sources are being opened: the writer is not ours yet */
	/* A flight: what is old is forgotten, so that no number is a limit for the whole recording.
	 */
	bool is_endless;
	struct ctrace_kernel_stream *streams; /* that are open */
	struct ctrace_kernel_threads *threads;
	struct ctrace_call_names *calls;
	struct ctrace_open_files *files;
	struct ctrace_code_places *places; /* NULL: nobody needed any (perf/code_places.h) */
	/* NULL, or what a source wants to know of rings: it owns it, the recorder sees that it is
	 * kept (collect/open_waits.h). */
	struct ctrace_open_waits *waits;
};

/* False without memory. */
bool ctrace_source_trace_init(struct ctrace_source_trace *trace);
/* Takes zeroed ones. */
void ctrace_source_trace_finish(struct ctrace_source_trace *trace);

/* Ticks as rows say them: after the trace's base, 0 if before. */
static inline uint64_t ctrace_source_trace_after_base(const struct ctrace_source_trace *trace,
						      uint64_t ticks)
{
	return ticks > trace->base_ticks ? ticks - trace->base_ticks : 0;
}

#endif
