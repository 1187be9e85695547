/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_EVENTS_H
#define CTRACE_TRACEFS_EVENTS_H

/* What a record of tracefs means: an event in the CPU's stream, and what it tells of threads, calls
 * and descriptors. */

#include "tracer/sources/tracefs/tracefs_cpu.h"

/* The record that lies ready at the CPU; `ticks` is its time by our clock. */
void ctrace_tracefs_event_write(struct ctrace_tracefs_cpu *cpu,
				const struct ctrace_tracefs_layout *layout, uint64_t ticks);

#endif
