/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DUMP_JSON_H
#define CTRACE_DUMP_JSON_H

/* `ctrace dump --json`: one object a line, first the tables, then the events chunk by chunk. */

#include "format/reader.h"

#include <stdio.h>

/* Events from start_ns up to and including end_ns. A damaged chunk becomes an object with its
 * offset. */
enum ctrace_status ctrace_dump_json(FILE *out, const struct ctrace_trace *trace, uint64_t start_ns,
				    uint64_t end_ns, struct ctrace_error *error);

#endif
