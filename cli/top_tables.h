/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TOP_TABLES_H
#define CTRACE_TOP_TABLES_H

/* The tables of `ctrace top`, sorted, as text and as JSON. */

#include "viewer-server/analysis/top_counts.h"

#include <stdio.h>

/* Each sorts the tables that have it; the others stay as they are: threads by cpu, the rest by
 * total. */
#define CTRACE_TOP_SORTS "cpu, waiting, runnable, total, self, count, p50, p99, max, name"

bool ctrace_top_tables_can_sort(const char *key);
/* NULL: as they are. */
void ctrace_top_tables_sort(struct ctrace_top *top, const struct ctrace_model *model,
			    const char *key);
/* `rows` of each table at most; 0: all. */
void ctrace_top_tables_text(FILE *out, const struct ctrace_top *top,
			    const struct ctrace_model *model, uint64_t rows);
/* An object that is not closed: top_locks.h adds to it. */
void ctrace_top_tables_json(FILE *out, const struct ctrace_top *top,
			    const struct ctrace_model *model);

/* ---- for tables beside these ---- */

/* Four digits that count, with a unit, in `text`. */
const char *ctrace_top_tables_duration(uint64_t ns, char text[24]);
/* A line's last column. */
void ctrace_top_tables_plain(FILE *out, struct ctrace_bytes text);
/* That there are more than `rows`, if so. */
void ctrace_top_tables_more(FILE *out, uint64_t count, uint64_t rows);

#endif
