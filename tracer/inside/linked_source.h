/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LINKED_SOURCE_H
#define CTRACE_LINKED_SOURCE_H

/*
 * Memory and locks of a program that is linked with libctrace-alloc, whose wrappers stand in front
 * of libc's. What they tell stands in rings, so the collector takes it as it does spans: a list of
 * categories that names it (sites/entry.h) has them record.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_linked_alloc;
extern const struct ctrace_source ctrace_source_linked_locks;

#endif
