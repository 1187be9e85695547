/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OPEN_FILES_H
#define CTRACE_OPEN_FILES_H

/*
 * What descriptors stood for: FILES rows, from /proc/PID/fd, asked a moment after the
 * call. So that no row says what another file was called, a name counts only once
 * all records up to the moment of asking are known to hold no close of it:
 *
 *     used ──► WANTED ──(asked, at the end of the round)──► SEEN ──(a round later)──► row
 *                └───────── closed, or opened anew, meanwhile ─────────┴──► nothing
 *
 * What is open for less than a round has no row.
 */

#include "tracer/sources/kernel/kernel_threads.h"

#include <stdbool.h>

/* NULL without memory. */
struct ctrace_open_files *ctrace_open_files_create(void);
void ctrace_open_files_destroy(struct ctrace_open_files *files);

/* A call of the thread uses this descriptor at that time. */
void ctrace_open_files_use(struct ctrace_source_trace *trace,
			   const struct ctrace_kernel_thread *thread, uint32_t fd, uint64_t ticks);

/* It stands for something else from now on, or for nothing. */
void ctrace_open_files_opened(struct ctrace_source_trace *trace,
			      const struct ctrace_kernel_thread *thread, uint32_t fd,
			      uint64_t ticks);
void ctrace_open_files_closed(struct ctrace_source_trace *trace,
			      const struct ctrace_kernel_thread *thread, uint32_t fd,
			      uint64_t ticks);

/* Another program runs in its process: which descriptors it took over is asked anew. */
void ctrace_open_files_exec(struct ctrace_source_trace *trace,
			    const struct ctrace_kernel_thread *thread, uint64_t ticks);

/*
 * A round is over: all records before `until` have been taken. Asks for names, writes the rows
 * of those that have proved right.
 */
void ctrace_open_files_round(struct ctrace_source_trace *trace, uint64_t until);

#endif
