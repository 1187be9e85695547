/* SPDX-License-Identifier: MIT */

/* What processes outside have mapped, also those that are gone; see block_stacks.h. */

#include "tracer/outside/outside.h"
#include "tracer/sources/perf/block_stacks.h"
#include "tracer/src/image.h"

#include <limits.h>
#include <stdio.h>

void ctrace_block_maps_outside(struct ctrace_code_places *places,
			       const struct ctrace_origin *origin)
{
	const struct ctrace_outside_process *process = (const void *)origin;
	char copy[PATH_MAX + 32];

	snprintf(copy, sizeof(copy), "%s/%s", process->folder, CTRACE_MAPS_FILE);
	ctrace_code_places_read(places, (uint32_t)origin->pid, copy);
}
