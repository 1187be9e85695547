/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OWN_MODULES_H
#define CTRACE_OWN_MODULES_H

/* What own_frame_names.c asks of own_modules.c, beside modules.h. */

#include "tracer/sources/perf/modules.h"

/* Of a file that was read and is what was mapped; else NULL. Borrows. */
const char *ctrace_own_module_path(const struct ctrace_modules *modules, uint32_t id);

/* Has a sample been in the kernel? */
bool ctrace_own_module_has_kernel(const struct ctrace_modules *modules);

#endif
