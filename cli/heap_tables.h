/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_HEAP_TABLES_H
#define CTRACE_HEAP_TABLES_H

/* The tables of `ctrace heap`, as text and as JSON. */

#include "viewer-server/analysis/heap_sums.h"

#include <stdio.h>

/* `rows` of each table at most; 0: all. `has_from`: what grew since then is what is asked for. */
void ctrace_heap_tables_text(FILE *out, const struct ctrace_heap *heap, bool has_from,
			     uint64_t rows);
/* Who touched pages first, and no more. False: no memory. */
bool ctrace_heap_tables_touched(FILE *out, const struct ctrace_heap *heap, uint64_t rows);
void ctrace_heap_tables_json(FILE *out, const struct ctrace_heap *heap, bool has_from);

/* Of a stream of the trace; 0: no thread's. */
uint64_t ctrace_heap_tables_tid(const struct ctrace_heap *heap, uint32_t stream);

#endif
