/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_PATH_H
#define CTRACE_DEBUG_PATH_H

/* Paths of requests, as bytes: nothing is decoded. */

#include <stdbool.h>
#include <stddef.h>

/*
 * `path` (`size` bytes) without empty, `.` and `..` parts, as /debug/pprof/../pprof//trace is
 * /debug/pprof/trace; a slash at the end stays. Writes a string of at most `room` bytes.
 * False: it does not begin with a slash, or there is no room.
 *
 * Thread: any.  Blocks: no.  Allocates: no.
 */
bool ctrace_debug_path_clean(const char *path, size_t size, char *clean, size_t room);

#endif
