/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_FRAME_H
#define CTRACE_CHROME_FRAME_H

/*
 * What stands around the events: names of processes and threads before them,
 * what is known of the recording behind them. Given row by row, because a trace
 * may have 65,536 of each.
 *
 * Thread: any, own buffer.
 */

#include "format/buffer.h"
#include "viewer-server/export/chrome_stream.h"

/* stackFrames: rows [first, end) of STACKS, and what stands before them. */
void ctrace_chrome_frame_begin_stacks(struct ctrace_buffer *json);
void ctrace_chrome_frame_stacks(struct ctrace_buffer *json, const struct ctrace_trace *trace,
				uint32_t first, uint32_t end);
/* traceEvents begins, behind stackFrames if there are any. */
void ctrace_chrome_frame_begin_events(struct ctrace_buffer *json, bool has_stacks);

/* Metadata of a process: its name, what it was started as, its place. Each line ends in ",\n" but
 * the last. */
void ctrace_chrome_frame_process(struct ctrace_buffer *json, const struct ctrace_trace *trace,
				 uint64_t pid, uint32_t place);
/* Metadata of a thread: its name, how much it wrote and lost, its place. */
void ctrace_chrome_frame_thread(struct ctrace_buffer *json, const struct ctrace_trace *trace,
				const struct ctrace_chrome_stream *stream);

/* What the tail tells beside what the trace itself tells. */
struct ctrace_chrome_tail {
	const struct ctrace_trace *trace;
	uint64_t start, end; /* the range */
	uint64_t repaired, damaged;
	const struct ctrace_damage *damage; /* found while converting */
	uint32_t damage_count;
};

/* Behind traceEvents: otherData, as pieces 0, 1, 2, … False: there is no such piece. */
bool ctrace_chrome_frame_tail(struct ctrace_buffer *json, const struct ctrace_chrome_tail *tail,
			      uint32_t piece);

#endif
