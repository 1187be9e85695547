/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ALLOC_SOURCE_H
#define CTRACE_ALLOC_SOURCE_H

/*
 * What a program gets of its allocator, by the preload library (preload/alloc_record.h): a sample
 * of its blocks with their stacks, all of them with who called, or all with their stacks. Events
 * come in the rings.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_alloc;
extern const struct ctrace_source ctrace_source_alloc_full;
extern const struct ctrace_source ctrace_source_alloc_stacks;

#endif
