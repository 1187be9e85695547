/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_SAMPLES_H
#define CTRACE_PERF_SAMPLES_H

/*
 * `perf-samples`: what each thread was doing, so many times for each second that it
 * ran, with its stack. Any user may have it of his own programs; what the kernel does
 * for them is not seen.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_perf_samples;

#endif
