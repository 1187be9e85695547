/* SPDX-License-Identifier: MIT */
/* What all sources know together; see source_trace.h. */

#include "tracer/sources/kernel/source_trace.h"

#include "tracer/sources/kernel/call_names.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/open_files.h"

bool ctrace_source_trace_init(struct ctrace_source_trace *trace)
{
	trace->threads = ctrace_kernel_threads_create();
	trace->calls = ctrace_call_names_create();
	trace->files = ctrace_open_files_create();
	return trace->threads != NULL && trace->calls != NULL && trace->files != NULL;
}

void ctrace_source_trace_finish(struct ctrace_source_trace *trace)
{
	if (trace->threads != NULL) {
		ctrace_kernel_threads_state(trace);
	}
	ctrace_kernel_threads_destroy(trace->threads);
	ctrace_call_names_destroy(trace->calls);
	ctrace_open_files_destroy(trace->files);
	trace->threads = NULL;
	trace->calls = NULL;
	trace->files = NULL;
}
