/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_STACKS_H
#define CTRACE_PERF_STACKS_H

/*
 * Stacks of samples, of whichever event: what the event has to ask for, what its records tell of
 * mappings, and the number of a sample's stack in the trace.
 *
 * Thread: the recorder's.
 */

#include "tracer/sources/perf/code_places.h"
#include "tracer/sources/perf/perf_rings.h"

/* The settings of an event that also tells of mappings, and of processes that come and go.
 * `is_copied`: samples bring the top of their stack, where stacks can be unwound from it. */
void ctrace_perf_stacks_ask(struct perf_event_attr *attr, bool is_copied);

/* Take a record that is no sample, if it tells of code. Blocks: on the disk, for a new file. */
void ctrace_perf_stacks_follow(struct ctrace_code_places *places,
			       const struct ctrace_perf_record *record);

/*
 * The stack of a sample; 0: none, or the file has as many as it may. `lost`: records of these rings
 * so far, among which mappings may have been. Allocates: yes.
 */
uint32_t ctrace_perf_stacks_of(struct ctrace_code_places *places,
			       const struct ctrace_perf_record *record, uint64_t lost);

/* What a reader of the source's row has to know, if anything. */
void ctrace_perf_stacks_remark(const struct ctrace_code_places *places,
			       struct ctrace_source_counts *counts);

#endif
