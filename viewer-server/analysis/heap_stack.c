/* SPDX-License-Identifier: MIT */
/* From a stack's number to its functions; see heap_stack.h. */

#include "viewer-server/analysis/heap_stack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The frame, and what it is inlined into. */
static unsigned add_frames(const struct ctrace_trace *trace, uint64_t number,
			   const struct ctrace_frame_row **into, unsigned count)
{
	const struct ctrace_frame_row *frame = ctrace_trace_frame(trace, number);

	while (frame != NULL && count < CTRACE_HEAP_STACK_MAX) {
		into[count++] = frame;
		frame = frame->outer != 0 ? ctrace_trace_frame(trace, frame->outer) : NULL;
	}
	return count;
}

unsigned ctrace_heap_stack(const struct ctrace_trace *trace, uint64_t stack,
			   const struct ctrace_frame_row **into)
{
	const struct ctrace_stack_row *row = ctrace_trace_stack(trace, stack);
	unsigned count = 0;

	while (row != NULL && count < CTRACE_HEAP_STACK_MAX) {
		count = add_frames(trace, row->frame, into, count);
		row = row->parent != 0 ? ctrace_trace_stack(trace, row->parent) : NULL;
	}
	return count;
}

static const char *last_part(struct ctrace_bytes path, int *size)
{
	const char *slash = memrchr(path.bytes, '/', path.size);
	const char *from = slash != NULL ? slash + 1 : path.bytes;

	*size = (int)(path.size - (size_t)(from - path.bytes));
	return from;
}

void ctrace_heap_function(const struct ctrace_trace *trace, const struct ctrace_frame_row *frame,
			  char *text, size_t size)
{
	const struct ctrace_module_row *module = ctrace_trace_module(trace, frame->module);
	struct ctrace_bytes name = ctrace_trace_string(trace, frame->function);
	const char *from;
	int length;

	if (name.size > 0) {
		snprintf(text, size, "%.*s", (int)name.size, name.bytes);
	} else if (module != NULL) {
		from = last_part(ctrace_trace_string(trace, module->path), &length);
		snprintf(text, size, "%.*s+0x%" PRIx64, length, from, frame->address);
	} else {
		snprintf(text, size, "0x%" PRIx64, frame->address);
	}
}
