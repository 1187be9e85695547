/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_EVENTS_H
#define CTRACE_TRACEFS_EVENTS_H

/* What a record of tracefs means: an event in the CPU's stream, and what it tells of threads, calls
 * and descriptors. Perf's records of the same tracepoints have the same bytes. */

#include "tracer/sources/tracefs/tracefs_cpu.h"

/* A record, wherever it comes from. */
struct ctrace_tracefs_record {
	const uint8_t *bytes; /* begins with common_type */
	size_t size;
	uint64_t ticks; /* its time by our clock */
};

void ctrace_tracefs_record_write(const struct ctrace_tracefs_record *record,
				 const struct ctrace_tracefs_layout *layout,
				 struct ctrace_kernel_stream *stream);

/* The record that lies ready at the CPU; `ticks` is its time by our clock. */
void ctrace_tracefs_event_write(struct ctrace_tracefs_cpu *cpu,
				const struct ctrace_tracefs_layout *layout, uint64_t ticks);

#endif
