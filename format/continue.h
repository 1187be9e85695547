/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CONTINUE_H
#define CTRACE_CONTINUE_H

/*
 * More rows for a trace that is there already: of what was looked up after it was recorded. Its
 * bytes stay as they are, up to its index; the rows come behind them, and a new index.
 *
 *     end = ctrace_continued_end(trace)
 *     ctrace_writer_continue(&writer, &settings, trace, lost)
 *       ctrace_writer_string, ctrace_writer_frame …
 *     a new file:   the first `end` bytes of the old one, then what the writer's sink got until
 *                   ctrace_writer_close
 *     or the trace: ctrace_writer_flush_tables, and what the sink got into ctrace_trace_amend
 *     ctrace_writer_finish(&writer)
 */

#include "format/reader.h"
#include "format/writer.h"

/* Where what is kept of its file ends: before its index, or behind its last whole chunk. */
uint64_t ctrace_continued_end(const struct ctrace_trace *trace);

/*
 * A writer whose sink already holds the trace up to there: strings, frames and tables are numbered
 * on. Of the settings, only `write`, `sink` and `is_plain` count. `lost` is the sum for the
 * trailer, which a trace without one does not say. The writer is for rows alone.
 * Returns CTRACE_OK or CTRACE_ERR_NO_MEMORY.
 */
enum ctrace_status ctrace_writer_continue(struct ctrace_writer *writer,
					  const struct ctrace_writer_settings *settings,
					  const struct ctrace_trace *trace, uint64_t lost);

/*
 * Take these table chunks as if they stood in the file. CTRACE_ERR_DAMAGED, _LIMIT, _NO_MEMORY: the
 * rows of the chunks before are there.
 * Thread: the one that opened the trace, before any other uses it.
 */
enum ctrace_status ctrace_trace_amend(struct ctrace_trace *trace, const uint8_t *chunks,
				      size_t size, struct ctrace_error *error);

#endif
