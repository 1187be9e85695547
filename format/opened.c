/* SPDX-License-Identifier: MIT */
/* What an open trace tells of itself. */

#include "format/opened.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

const struct ctrace_trace_info *ctrace_trace_info(const struct ctrace_trace *trace)
{
	return &trace->info;
}

const struct ctrace_chunk_entry *ctrace_trace_chunk(const struct ctrace_trace *trace,
						    uint32_t index)
{
	return index < trace->info.chunk_count ? &trace->entries[index] : NULL;
}

struct ctrace_bytes ctrace_trace_string(const struct ctrace_trace *trace, uint32_t id)
{
	/* Only the texts of missing strings change, and they are behind a lock. */
	return ctrace_tables_string((struct ctrace_tables *)(uintptr_t)&trace->tables, id);
}

uint32_t ctrace_trace_string_end(const struct ctrace_trace *trace)
{
	return trace->tables.string_end;
}

const struct ctrace_site *ctrace_trace_site(const struct ctrace_trace *trace, uint32_t id)
{
	return ctrace_tables_site(&trace->tables, id);
}

uint32_t ctrace_trace_site_end(const struct ctrace_trace *trace)
{
	return trace->tables.site_end;
}

/* Rows of both tables begin with their stream, and ascend by it. */
static_assert(offsetof(struct ctrace_thread_row, stream) == 0, "sought by it");
static_assert(offsetof(struct ctrace_buffer_row, stream) == 0, "sought by it");

static int compare_stream(const void *stream, const void *row)
{
	uint32_t a = *(const uint32_t *)stream, b = *(const uint32_t *)row;

	return a < b ? -1 : a > b;
}

static const void *row_of_stream(const void *rows, uint32_t count, size_t row_bytes,
				 uint32_t stream)
{
	return count == 0 ? NULL : bsearch(&stream, rows, count, row_bytes, compare_stream);
}

const struct ctrace_thread_row *ctrace_trace_threads(const struct ctrace_trace *trace,
						     uint32_t *count)
{
	*count = trace->tables.thread_count;
	return trace->tables.threads;
}

const struct ctrace_thread_row *ctrace_trace_thread(const struct ctrace_trace *trace,
						    uint32_t stream)
{
	return row_of_stream(trace->tables.threads, trace->tables.thread_count,
			     sizeof(*trace->tables.threads), stream);
}

const struct ctrace_process_row *ctrace_trace_processes(const struct ctrace_trace *trace,
							uint32_t *count)
{
	*count = trace->tables.process_count;
	return trace->tables.processes;
}

const struct ctrace_clock_row *ctrace_trace_clocks(const struct ctrace_trace *trace,
						   uint32_t *count)
{
	*count = trace->tables.clock_count;
	return trace->tables.clocks;
}

const struct ctrace_meta *ctrace_trace_meta(const struct ctrace_trace *trace, uint32_t *count)
{
	*count = trace->tables.meta_count;
	return trace->tables.meta;
}

const struct ctrace_buffer_row *ctrace_trace_buffers(const struct ctrace_trace *trace,
						     uint32_t *count)
{
	*count = trace->tables.buffer_count;
	return trace->tables.buffers;
}

const struct ctrace_buffer_row *ctrace_trace_buffer(const struct ctrace_trace *trace,
						    uint32_t stream)
{
	return row_of_stream(trace->tables.buffers, trace->tables.buffer_count,
			     sizeof(*trace->tables.buffers), stream);
}

const struct ctrace_source_row *ctrace_trace_sources(const struct ctrace_trace *trace,
						     uint32_t *count)
{
	*count = trace->tables.source_count;
	return trace->tables.sources;
}

const struct ctrace_call_row *ctrace_trace_call(const struct ctrace_trace *trace, uint64_t call)
{
	return ctrace_tables_call(&trace->tables, call);
}

uint32_t ctrace_trace_call_end(const struct ctrace_trace *trace)
{
	return trace->tables.call_end;
}

const struct ctrace_frame_row *ctrace_trace_frame(const struct ctrace_trace *trace, uint64_t frame)
{
	return ctrace_tables_frame(&trace->tables, frame);
}

uint32_t ctrace_trace_frame_end(const struct ctrace_trace *trace)
{
	return trace->tables.frame_end;
}

const struct ctrace_module_row *ctrace_trace_module(const struct ctrace_trace *trace,
						    uint64_t module)
{
	return ctrace_tables_module(&trace->tables, module);
}

uint32_t ctrace_trace_module_end(const struct ctrace_trace *trace)
{
	return trace->tables.module_end;
}

const struct ctrace_stack_row *ctrace_trace_stack(const struct ctrace_trace *trace, uint64_t stack)
{
	return ctrace_tables_stack(&trace->tables, stack);
}

uint32_t ctrace_trace_stack_end(const struct ctrace_trace *trace)
{
	return trace->tables.stack_end;
}

const struct ctrace_file_row *ctrace_trace_files(const struct ctrace_trace *trace, uint32_t *count)
{
	*count = trace->tables.file_count;
	return trace->tables.files;
}

/* Is what this row says known after (pid, fd, from)? */
static bool is_after(const struct ctrace_file_row *row, uint64_t pid, uint64_t fd, uint64_t from)
{
	if (row->pid != pid) {
		return row->pid > pid;
	}
	return row->fd != fd ? row->fd > fd : row->from > from;
}

const struct ctrace_file_row *ctrace_trace_file(const struct ctrace_trace *trace, uint64_t pid,
						uint64_t fd, uint64_t ticks)
{
	const struct ctrace_file_row *rows = trace->tables.files;
	uint64_t base = trace->info.base_ticks, from = ticks > base ? ticks - base : 0;
	uint32_t low = 0, high = trace->tables.file_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (is_after(&rows[middle], pid, fd, from)) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	bool is_there = low > 0 && rows[low - 1].pid == pid && rows[low - 1].fd == fd;
	return is_there ? &rows[low - 1] : NULL;
}

uint64_t ctrace_trace_ns(const struct ctrace_trace *trace, uint64_t ticks)
{
	return ctrace_timebase_ns(&trace->timebase, ticks);
}
