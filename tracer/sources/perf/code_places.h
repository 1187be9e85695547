/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CODE_PLACES_H
#define CTRACE_CODE_PLACES_H

/*
 * Where code is, as all sources of a recording know it together: files, what each process has
 * mapped of them, and the stacks of the trace. Samples and blocks of memory have their stacks here.
 *
 *     places = ctrace_code_places_need(trace)     the one of this trace
 *       ctrace_code_places_map / _ask             what a process has mapped
 *       ctrace_unwind(&places->unwind, …), ctrace_stacks_get(&places->stacks, …)
 *     ctrace_code_places_name(trace, seconds, &report)   names of functions, in so many at most:
 *                                                 once all sources are closed, and for a snapshot
 *     ctrace_code_places_finish(trace)
 */

#include "tracer/sources/perf/modules.h"
#include "tracer/sources/perf/unwind.h"

struct ctrace_code_places {
	struct ctrace_unwind unwind; /* owns what it points at */
	struct ctrace_stacks stacks;
	struct ctrace_map asked; /* of each process whose mappings were asked for: at which mark */
};

/* NULL without memory. */
struct ctrace_code_places *ctrace_code_places_need(struct ctrace_source_trace *trace);

/* A process has mapped this. Blocks: on the disk, for a new file.  Allocates: yes. */
void ctrace_code_places_map(struct ctrace_code_places *places, uint32_t pid,
			    const struct ctrace_perf_map *map);

/* Read what the process has mapped from /proc, or from this copy of it if it is gone (may be NULL).
 */
void ctrace_code_places_read(struct ctrace_code_places *places, uint32_t pid, const char *copy);

/*
 * If nothing is known to be at this address, read what the process has mapped from /proc; once
 * for each process and mark.
 */
void ctrace_code_places_ask(struct ctrace_code_places *places, uint32_t pid, uint64_t address,
			    uint32_t mark);

/* Rows of FRAMES for all that can be found; nothing where no source needed any. */
void ctrace_code_places_name(struct ctrace_source_trace *trace, unsigned seconds,
			     struct ctrace_names_report *report);
void ctrace_code_places_finish(struct ctrace_source_trace *trace);

#endif
