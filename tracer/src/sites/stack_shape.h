/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STACK_SHAPE_H
#define CTRACE_STACK_SHAPE_H

/*
 * A copy of a thread's stack among the arguments of a record: three words and four strings, by the
 * letters of schemas
 *
 *     h h h s s s s   where the thread goes on after the call, stack and frame pointer there, and
 *                     the stack from there on, in pieces; the last ones may be empty
 */

#include "tracer/src/limits.h"

#define CTRACE_STACK_PIECES	 4u
#define CTRACE_STACK_PIECE_BYTES CTRACE_STRING_ARG_BYTES_MAX
#define CTRACE_STACK_COPY_BYTES	 (CTRACE_STACK_PIECES * CTRACE_STACK_PIECE_BYTES)
#define CTRACE_STACK_COPY_WORDS	 3u
#define CTRACE_STACK_COPY_ARGS	 (CTRACE_STACK_COPY_WORDS + CTRACE_STACK_PIECES)
/* Of a schema. */
#define CTRACE_STACK_COPY_SCHEMA "h\0h\0h\0s\0s\0s\0s\0"

#endif
