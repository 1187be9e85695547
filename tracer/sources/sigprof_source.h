/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SIGPROF_SOURCE_H
#define CTRACE_SIGPROF_SOURCE_H

/*
 * `sigprof`: samples where perf is refused. libctrace-sigprof.so in the program and in all that it
 * starts takes them by a timer for each thread (preload/sigprof.h) and puts them, with a copy
 * of the stack, into memory of ours (sample_area.h); here they are read, and unwound as perf's are.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_sigprof;

#endif
