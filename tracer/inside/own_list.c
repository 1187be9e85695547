/* SPDX-License-Identifier: MIT */
/* The sources of a program that records itself; see source.h. */

#include "tracer/inside/linked_source.h"
#include "tracer/sources/asleep/asleep_source.h"
#include "tracer/sources/perf/perf_samples.h"
#include "tracer/sources/perf/perf_switch.h"
#include "tracer/sources/resident/resident.h"
#include "tracer/sources/source.h"
#include "tracer/sources/span_source.h"
#include "tracer/sources/tracefs/tracefs.h"

#include <stddef.h>

const struct ctrace_source *const ctrace_source_list[] = {
	&ctrace_source_spans,	     &ctrace_source_tracefs,	  &ctrace_source_perf_switch,
	&ctrace_source_perf_samples, &ctrace_source_linked_alloc, &ctrace_source_linked_locks,
	&ctrace_source_own_asleep,   &ctrace_source_resident,	  NULL,
};
