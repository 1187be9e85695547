/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MODULE_KEY_H
#define CTRACE_MODULE_KEY_H

/* Which file a mapping is of. */

#include "tracer/sources/perf/perf_record.h"

/* The same for mappings of the same file, and hardly ever for others. */
uint64_t ctrace_module_key(const struct ctrace_perf_map *map);

/* A file, or the kernel's own; not anonymous memory, whatever it is called. */
bool ctrace_module_is_file(const char *path);

#endif
