/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CALL_FILES_H
#define CTRACE_CALL_FILES_H

/* What system calls do with descriptors, told to open_files.h. */

#include "tracer/sources/kernel/kernel_threads.h"

/* The thread begins a call: in_call and in_args say which. `args`: all six. */
void ctrace_call_files_enter(struct ctrace_source_trace *trace,
			     const struct ctrace_kernel_thread *thread, const uint64_t *args,
			     uint64_t ticks);

/* And ends it. */
void ctrace_call_files_exit(struct ctrace_source_trace *trace,
			    const struct ctrace_kernel_thread *thread, int64_t result,
			    uint64_t ticks);

#endif
