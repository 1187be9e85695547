/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DUMP_STATS_H
#define CTRACE_DUMP_STATS_H

/* `ctrace dump --stats`: what a trace holds, as tables. */

#include "format/reader.h"

#include <stdio.h>

enum ctrace_status ctrace_dump_stats(FILE *out, const struct ctrace_trace *trace,
				     struct ctrace_error *error);

#endif
