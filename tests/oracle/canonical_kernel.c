/* SPDX-License-Identifier: MIT */
/* The tables that tell of a kernel in the canonical form. */

#include "tests/oracle/canonical_kernel.h"

#include <inttypes.h>
#include <stdio.h>

static void print_buffers(const struct ctrace_trace *trace)
{
	uint32_t count;
	const struct ctrace_buffer_row *rows = ctrace_trace_buffers(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_buffer_row *row = &rows[i];
		printf("buffer %" PRIu32, row->stream);
		ctrace_canonical_name(trace, row->source);
		if (row->cpu == CTRACE_NO_CPU) {
			printf(" -");
		} else {
			printf(" %" PRIu32, row->cpu);
		}
		printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", row->written, row->lost,
		       row->clamped);
	}
}

static void print_calls(const struct ctrace_trace *trace)
{
	for (uint32_t i = 0; i < ctrace_trace_call_end(trace); i++) {
		const struct ctrace_call_row *row = ctrace_trace_call(trace, i);
		if (row != NULL) {
			printf("call %" PRIu32 " %u", i, row->layer);
			ctrace_canonical_name(trace, row->name);
			putchar('\n');
		}
	}
}

static void print_stacks(const struct ctrace_trace *trace)
{
	for (uint32_t i = 0; i < ctrace_trace_stack_end(trace); i++) {
		const struct ctrace_stack_row *row = ctrace_trace_stack(trace, i);
		if (row != NULL) {
			printf("stack %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", i,
			       row->parent, row->frame, row->depth);
		}
	}
}

static void print_frames(const struct ctrace_trace *trace)
{
	for (uint32_t i = 0; i < ctrace_trace_frame_end(trace); i++) {
		const struct ctrace_frame_row *row = ctrace_trace_frame(trace, i);
		if (row != NULL) {
			printf("frame %" PRIu32 " %" PRIu32 " %" PRIu64, i, row->module,
			       row->address);
			ctrace_canonical_name(trace, row->function);
			ctrace_canonical_name(trace, row->file);
			printf(" %" PRIu32 " %u %" PRIu32 "\n", row->line, row->is_inlined,
			       row->outer);
		}
	}
}

static void print_modules(const struct ctrace_trace *trace)
{
	for (uint32_t i = 0; i < ctrace_trace_module_end(trace); i++) {
		const struct ctrace_module_row *row = ctrace_trace_module(trace, i);
		if (row == NULL) {
			continue;
		}
		printf("module %" PRIu32, i);
		ctrace_canonical_name(trace, row->path);
		putchar(' ');
		for (uint32_t k = 0; k < row->build_id_size; k++) {
			printf("%02x", row->build_id[k]);
		}
		putchar('\n');
	}
}

static void print_sources(const struct ctrace_trace *trace)
{
	uint32_t count;
	const struct ctrace_source_row *rows = ctrace_trace_sources(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_source_row *row = &rows[i];
		printf("source");
		ctrace_canonical_name(trace, row->name);
		printf(" %u", row->state);
		ctrace_canonical_name(trace, row->why);
		printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		       row->events, row->lost, row->checks, row->misses, row->slack);
	}
}

static void print_files(const struct ctrace_trace *trace)
{
	uint32_t count;
	const struct ctrace_file_row *rows = ctrace_trace_files(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		printf("file %" PRIu64 " %" PRIu32 " %" PRIu64, rows[i].pid, rows[i].fd,
		       rows[i].from);
		ctrace_canonical_name(trace, rows[i].name);
		putchar('\n');
	}
}

void ctrace_canonical_kernel_tables(const struct ctrace_trace *trace)
{
	print_buffers(trace);
	print_calls(trace);
	print_stacks(trace);
	print_frames(trace);
	print_modules(trace);
	print_sources(trace);
	print_files(trace);
}
