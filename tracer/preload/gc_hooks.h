/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_GC_HOOKS_H
#define CTRACE_PRELOAD_GC_HOOKS_H

/*
 * Our handlers in libgc, in front of the program's. libgc tells one handler of each kind what it
 * does, so ours is the one it knows, and calls that of the program:
 *
 *     libgc ─► ours ─► a record (gc_cycle.h)
 *                  └─► the program's, which was set before or is set later
 *
 * Setters and getters of handlers are wrapped, so that a program gets back what it has set; and
 * what asks for a collection, which may be given up without a word. They do nothing else where
 * libgc is not recorded (CTRACE_GC=off), and nothing at all where there is none.
 *
 * When: as the library is loaded; else by dlopen, or by the first of these functions, whichever
 * comes first with a libgc behind it.
 */

#include "tracer/src/library/face.h"

#include <stdbool.h>

#pragma GCC visibility push(hidden)
/* Once, by the constructor that has found the recorder; NULL: nothing is recorded.
 * Thread: the first one.  Blocks: for libgc's lock.  Allocates: the loader may. */
void ctrace_gc_start(const struct ctrace_face *recorder);

/* Is it worth while to look at what dlopen brings? Thread: any.  Signal handler: yes. */
bool ctrace_gc_is_awaited(void);
/* dlopen has loaded `handle`. Thread: any.  Signal handler: no.  Blocks: for libgc's lock. */
void ctrace_gc_look_at(void *handle);

/* Is this our function, not libgc's? Thread: any.  Signal handler: yes. */
bool ctrace_gc_is_own(const void *function);
#pragma GCC visibility pop

#endif
