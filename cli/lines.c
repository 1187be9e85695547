/* SPDX-License-Identifier: MIT */
/* Lines for an open trace; see lines.h. The file keeps what it has: `ctrace symbolize` writes one.
 */

#include "cli/lines.h"

#include "format/buffer.h"
#include "format/continue.h"
#include "tracer/pprof/trace_lines.h"

/* Who opens a trace waits for it. */
#define SECONDS_MAX 5u

static enum ctrace_status keep(void *sink, const void *bytes, size_t size)
{
	struct ctrace_buffer *buffer = sink;

	ctrace_buffer_put(buffer, bytes, size);
	return buffer->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

void ctrace_lines_look_up(struct ctrace_trace *trace)
{
	const struct ctrace_lines_settings settings = {.seconds_max = SECONDS_MAX};
	struct ctrace_buffer chunks = {.bytes = NULL};
	const struct ctrace_writer_settings rows = {
		.write = keep, .sink = &chunks, .is_plain = true};
	struct ctrace_lines_report report;
	struct ctrace_writer writer;

	if (!ctrace_lines_are_missing(trace) ||
	    ctrace_writer_continue(&writer, &rows, trace, 0) != CTRACE_OK) {
		return;
	}
	if (ctrace_lines_add(&writer, trace, &settings, &report) == CTRACE_OK &&
	    ctrace_writer_flush_tables(&writer) == CTRACE_OK && chunks.size > 0) {
		ctrace_trace_amend(trace, chunks.bytes, chunks.size, NULL);
	}
	ctrace_writer_finish(&writer);
	ctrace_buffer_finish(&chunks);
}
