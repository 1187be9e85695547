/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_HEAP_STACK_H
#define CTRACE_HEAP_STACK_H

/* A stack of a trace as functions, the innermost first, what is inlined among them. */

#include "format/reader.h"

#define CTRACE_HEAP_STACK_MAX 64u

/* `into`: CTRACE_HEAP_STACK_MAX of them, borrowed from the trace. Returns how many there are. */
unsigned ctrace_heap_stack(const struct ctrace_trace *trace, uint64_t stack,
			   const struct ctrace_frame_row **into);

/* The function's name; where it has none, "module+0x12", or "0x12". Cut to `size` with its NUL. */
void ctrace_heap_function(const struct ctrace_trace *trace, const struct ctrace_frame_row *frame,
			  char *text, size_t size);

#endif
