/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_GC_SOURCE_H
#define CTRACE_GC_SOURCE_H

/*
 * `gc`: what libgc does in the program and in all that it starts, by libctrace-preload.so
 * (preload/gc_hooks.h): collections, the world stopped, sizes of its heap.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_gc;

#endif
