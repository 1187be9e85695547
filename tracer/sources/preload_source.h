/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_SOURCE_H
#define CTRACE_PRELOAD_SOURCE_H

/*
 * `preload`: libctrace-preload.so in the program and in all that it starts, by LD_PRELOAD. Its
 * events come through the rings that the recorder follows anyway.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_preload;

#endif
