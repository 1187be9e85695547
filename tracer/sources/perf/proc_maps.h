/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PROC_MAPS_H
#define CTRACE_PROC_MAPS_H

/* What a process has mapped that can run, as /proc/PID/maps says: for when records were lost. */

#include "tracer/sources/perf/perf_record.h"

#include <stdbool.h>

/*
 * Call `take` with each. The map and its path are borrowed until it returns. Nothing, if the
 * process is gone or not ours to see.
 *
 * Blocks: no.  Allocates: no.
 */
void ctrace_proc_maps(uint32_t pid, void (*take)(void *context, const struct ctrace_perf_map *map),
		      void *context);

/* The same of a copy of such a file. */
void ctrace_proc_maps_copy(const char *path,
			   void (*take)(void *context, const struct ctrace_perf_map *map),
			   void *context);

/* Has it any? Not if it has ended, nor from some instant on while it ends: what was read until then
 * may be a part. */
bool ctrace_proc_maps_is_there(uint32_t pid);

#endif
