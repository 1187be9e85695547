/* SPDX-License-Identifier: MIT */
/* All sources of `ctrace record`; see source.h. */

#include "tracer/sources/source.h"

#include "tracer/sources/alloc_source.h"
#include "tracer/sources/asleep/asleep_source.h"
#include "tracer/sources/bpf/bpf_source.h"
#include "tracer/sources/gc_source.h"
#include "tracer/sources/lock_source.h"
#include "tracer/sources/perf/page_faults.h"
#include "tracer/sources/perf/perf_samples.h"
#include "tracer/sources/perf/perf_sched.h"
#include "tracer/sources/perf/perf_switch.h"
#include "tracer/sources/preload_source.h"
#include "tracer/sources/resident/resident.h"
#include "tracer/sources/sigprof_source.h"
#include "tracer/sources/span_source.h"
#include "tracer/sources/tracefs/tracefs.h"

#include <stddef.h>

const struct ctrace_source *const ctrace_source_list[] = {
	/* Every block before a sample of them: who asks for all gets no sample besides. */
	&ctrace_source_spans,
	&ctrace_source_bpf,
	&ctrace_source_tracefs,
	&ctrace_source_perf_sched,
	&ctrace_source_perf_switch,
	&ctrace_source_perf_samples,
	&ctrace_source_sigprof,
	&ctrace_source_preload,
	&ctrace_source_alloc_stacks,
	&ctrace_source_alloc_full,
	&ctrace_source_alloc,
	&ctrace_source_locks,
	&ctrace_source_gc,
	&ctrace_source_faults,
	&ctrace_source_asleep,
	&ctrace_source_resident,
	NULL,
};
