/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_H
#define CTRACE_TRACEFS_H

/*
 * `tracefs`: scheduling and system calls from a private instance of the kernel's
 * own tracer, as root.
 *
 *     kernel's ring of each CPU ─► tracefs_cpu.h: pages (tracefs_page.h), losses
 *                                     │  in order of time over all CPUs, as far as it is known
 *                                     ▼
 *                                  tracefs_events.h: fields (tracefs_layout.h) ─► streams, tables
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_tracefs;

#endif
