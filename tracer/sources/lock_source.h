/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOCK_SOURCE_H
#define CTRACE_LOCK_SOURCE_H

/*
 * `locks`: who waits for which lock, who had it, and who let it go, by libctrace-preload.so in the
 * program and in all that it starts.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_locks;

#endif
