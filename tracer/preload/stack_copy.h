/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_STACK_COPY_H
#define CTRACE_PRELOAD_STACK_COPY_H

/*
 * The calling thread's stack as arguments of a record (stack_shape.h): up to 4 KiB, which end with
 * a page that cannot be read. The recorder unwinds them outside the program.
 *
 * Cost: a system call and the copy of 4 KiB into the ring, 0.5 us where both are in the cache.
 *
 * Thread: any, its own stack.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include "tracer/preload/caller_frame.h"
#include "tracer/src/library/face.h"
#include "tracer/src/sites/stack_shape.h"

/* Fills `args`, which point into the stack: to be recorded before the caller of `frame` goes on. */
__attribute__((visibility("hidden"))) void ctrace_stack_copy(
	struct ctrace_arg args[CTRACE_STACK_COPY_ARGS], const struct ctrace_caller_frame *frame);

#endif
