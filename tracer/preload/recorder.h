/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_RECORDER_H
#define CTRACE_PRELOAD_RECORDER_H

/*
 * Which recorder takes the calls: that of the program (face.h), wherever it is; else the copy
 * that this library carries, without /debug/pprof. Known once our constructor has run; until
 * then, and if the two do not fit, calls only pass through.
 *
 *     [R] ctrace_recorder: release by the constructor, acquire by the first pass of each call.
 */

#include "tracer/src/library/face.h"

#include "tracer/src/sites/entry.h"

#include <stdatomic.h>

/*
 * CTRACE_LINKED: these files are libctrace-alloc, which a program is linked with. It has no
 * recorder of its own, and a recording says itself what it wants of locks.
 */
#ifdef CTRACE_LINKED
#define CTRACE_LOCKS_CATEGORY CTRACE_NAMED_LOCKS
#else
#define CTRACE_LOCKS_CATEGORY CTRACE_CALL_OF_LIBRARY
#endif

/* Are the kernel's calls recorded by somebody else, and only those of libraries here?
 * CTRACE_CALLS=library says so. */
extern bool ctrace_recorder_has_only_library __attribute__((visibility("hidden")));
/* Are no calls recorded at all? CTRACE_CALLS=none says so. */
extern bool ctrace_recorder_has_no_calls __attribute__((visibility("hidden")));
/* Are waits for locks recorded? CTRACE_LOCKS=off: no. */
extern bool ctrace_recorder_has_locks __attribute__((visibility("hidden")));
/* With stacks? CTRACE_LOCK_STACKS=off: no. */
extern bool ctrace_recorder_has_lock_stacks __attribute__((visibility("hidden")));

/* Has the program a sanitizer? It watches what is called and allocated, so nothing is recorded. */
bool ctrace_recorder_is_beside_sanitizer(void) __attribute__((visibility("hidden")));

/* Is libgc watched? CTRACE_GC=off: no. */
extern bool ctrace_recorder_has_gc __attribute__((visibility("hidden")));

/* NULL: none, or none yet. */
extern const struct ctrace_face *_Atomic ctrace_recorder __attribute__((visibility("hidden")));

#endif
