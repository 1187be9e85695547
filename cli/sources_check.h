/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SOURCES_CHECK_H
#define CTRACE_SOURCES_CHECK_H

/* A source opened for a moment, with a child that does nothing, and a trace that goes nowhere: does
 * its clock keep what it promises? */

#include "tracer/sources/source.h"

/* False, with the answer why, if it cannot be opened after all. */
bool ctrace_sources_try(const struct ctrace_source *source, struct ctrace_source_answer *answer,
			struct ctrace_source_counts *counts);

#endif
