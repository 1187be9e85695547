/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_VALIDATE_H
#define CTRACE_VALIDATE_H

/*
 * The strict reading of a trace: every rule of SPEC.md, and what its parts say
 * of each other (index, trailer, rows of threads and buffers, restated spans,
 * order of tables). Stricter than the reader, which uses all it can.
 */

#include "format/reader.h"

#include <stdbool.h>
#include <stdint.h>

struct ctrace_validate_report {
	uint64_t events;	 /* of chunks that could be read */
	uint64_t lost;		 /* sum of the LOST events */
	uint64_t unknown_events; /* of kinds this version does not know */
	uint64_t duration_ns;
	uint32_t threads; /* streams with events that are a thread's */
	uint32_t buffers; /* and that are a kernel's buffer's */
	uint32_t chunks;
	uint64_t problems;
};

/*
 * Read all of `trace` and call `problem` for each broken rule (first the damage
 * found while opening, then the rest in file order). Cross-checks that damage
 * makes pointless are left out. CTRACE_OK even with problems; otherwise the
 * failure (no memory) that ended the check.
 */
enum ctrace_status ctrace_validate(const struct ctrace_trace *trace,
				   void (*problem)(void *context, const struct ctrace_error *error),
				   void *context, struct ctrace_validate_report *report);

#endif
