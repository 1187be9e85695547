/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PAUSES_TABLES_H
#define CTRACE_PAUSES_TABLES_H

/* Minimum mutator utilisation as tables for people and as JSON (docs/pauses.md). */

#include "viewer-server/analysis/utilisation.h"

#include <stdio.h>

/* What was asked, with the answer. */
struct ctrace_pauses_shown {
	const struct ctrace_model *model;
	enum ctrace_pause_what what;
	uint32_t track;
	const struct ctrace_pauses *pauses;
	uint64_t rows; /* lines of the curve; 0: all */
};

void ctrace_pauses_tables_text(FILE *out, const struct ctrace_pauses_shown *shown);
void ctrace_pauses_tables_json(FILE *out, const struct ctrace_pauses_shown *shown);

#endif
