/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TOP_RESIDENT_H
#define CTRACE_TOP_RESIDENT_H

/* What `ctrace top` says of the memory of processes: what each had in RAM at most, and at the end.
 */

#include "viewer-server/analysis/resident_sums.h"
#include "viewer-server/model/model.h"

#include <stdio.h>

/* `rows` at most; 0: all. Nothing where nothing is told. */
void ctrace_top_resident_text(FILE *out, const struct ctrace_resident *resident,
			      const struct ctrace_model *model, uint64_t rows);
/* A member of an object, with a comma before it. */
void ctrace_top_resident_json(FILE *out, const struct ctrace_resident *resident,
			      const struct ctrace_model *model);

#endif
