/* SPDX-License-Identifier: MIT */
/* See top_stack.h. */

#include "cli/top_stack.h"

#include "cli/json_out.h"
#include "format/limits.h"
#include "viewer-server/analysis/heap_stack.h"
#include "viewer-server/analysis/lock_places.h"

#include <inttypes.h>
#include <string.h>

#define FUNCTION_BYTES 256u

void ctrace_top_stack_function(FILE *out, const struct ctrace_trace *trace,
			       const struct ctrace_frame_row *frame)
{
	char name[FUNCTION_BYTES];

	ctrace_heap_function(trace, frame, name, sizeof(name));
	for (const char *at = name; *at != '\0'; at++) {
		fputc((unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at, out);
	}
}

void ctrace_top_stack_text(FILE *out, const struct ctrace_trace *trace, uint32_t stack,
			   unsigned most)
{
	const struct ctrace_frame_row *frames[CTRACE_HEAP_STACK_MAX];
	unsigned count = ctrace_heap_stack(trace, stack, frames);

	const struct ctrace_told_frames told = ctrace_lock_told_frames(trace, frames, count);
	unsigned at = told.call, put = 0;

	for (; at < count && put < most; put++) {
		fputs(put > 0 ? " < " : "", out);
		ctrace_top_stack_function(out, trace, frames[at]);
		at = at < told.own ? told.own : at + 1;
	}
	fputs(at < count ? " < …" : count == 0 ? "(stack not known)" : "", out);
}

void ctrace_top_stack_frame_json(FILE *out, const struct ctrace_trace *trace,
				 const struct ctrace_frame_row *frame)
{
	struct ctrace_bytes file = ctrace_trace_string(trace, frame->file);
	char name[FUNCTION_BYTES];

	ctrace_heap_function(trace, frame, name, sizeof(name));
	fputs("{\"function\": ", out);
	ctrace_json_out_string(out, name, strlen(name));
	fputs(", \"file\": ", out);
	ctrace_json_out_string(out, file.bytes, file.size);
	fprintf(out, ", \"line\": %" PRIu32 "}", frame->line);
}

/* The frame and what it is inlined into (SPEC 7.11); `count` of those before. */
static unsigned put_frames(FILE *out, const struct ctrace_trace *trace, uint32_t number,
			   unsigned count)
{
	const struct ctrace_frame_row *frame = ctrace_trace_frame(trace, number);

	while (frame != NULL && count < CTRACE_STACK_FRAMES_MAX) {
		fputs(count++ > 0 ? ", " : "", out);
		ctrace_top_stack_frame_json(out, trace, frame);
		frame = frame->outer != 0 ? ctrace_trace_frame(trace, frame->outer) : NULL;
	}
	return count;
}

void ctrace_top_stack_json(FILE *out, const struct ctrace_trace *trace, uint32_t stack)
{
	const struct ctrace_stack_row *row = ctrace_trace_stack(trace, stack);
	unsigned count = 0;

	fputc('[', out);
	while (row != NULL && count < CTRACE_STACK_FRAMES_MAX) {
		count = put_frames(out, trace, row->frame, count);
		row = row->parent != 0 ? ctrace_trace_stack(trace, row->parent) : NULL;
	}
	fputc(']', out);
}
