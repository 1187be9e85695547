/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_SWITCH_H
#define CTRACE_PERF_SWITCH_H

/*
 * `perf-switch`: when each thread ran, and on which processor, as any user may know
 * of his own programs. It tells that a thread was preempted, but not why one that gave
 * up its processor waits, nor who woke it.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_perf_switch;

#endif
