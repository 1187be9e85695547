/* SPDX-License-Identifier: MIT */

/* From samples to stacks of the trace; see perf_stacks.h. */

#include "tracer/sources/perf/perf_stacks.h"

#include "tracer/sources/perf/perf_tasks.h"

#include <stdio.h>

void ctrace_perf_stacks_ask(struct perf_event_attr *attr, bool is_copied)
{
	attr->mmap = 1;
	attr->mmap2 = 1;
	attr->build_id = 1;
	ctrace_perf_tasks_ask(attr);
	if (CTRACE_UNWIND_REGISTERS != 0 && is_copied) {
		attr->sample_type |= CTRACE_PERF_STACK_TYPE;
		attr->sample_regs_user = CTRACE_UNWIND_REGISTERS;
		attr->sample_stack_user = CTRACE_UNWIND_STACK_BYTES;
	}
}

void ctrace_perf_stacks_follow(struct ctrace_code_places *places,
			       const struct ctrace_perf_record *record)
{
	struct ctrace_process_maps *maps = places->unwind.maps;

	if (record->type == PERF_RECORD_MMAP2) {
		ctrace_code_places_map(places, record->pid, &record->map);
	} else if (record->type == PERF_RECORD_COMM && record->misc & PERF_RECORD_MISC_COMM_EXEC) {
		ctrace_process_maps_exec(maps, record->pid);
	} else if (record->type == PERF_RECORD_FORK && record->pid == record->tid) {
		ctrace_process_maps_fork(maps, record->parent_pid, record->pid);
	} else if (record->type == PERF_RECORD_EXIT && record->pid == record->tid) {
		ctrace_process_maps_exit(maps, record->pid);
	}
}

/* Where records were lost, mappings may be among them: once for each process after each loss. */
static void ask_if_lost(struct ctrace_code_places *places, uint32_t pid, uint64_t address,
			uint64_t lost)
{
	if ((uint32_t)lost != 0) {
		ctrace_code_places_ask(places, pid, address, (uint32_t)lost);
	}
}

uint32_t ctrace_perf_stacks_of(struct ctrace_code_places *places,
			       const struct ctrace_perf_record *record, uint64_t lost)
{
	const struct ctrace_perf_sample *sample = &record->sample;
	struct ctrace_place found[CTRACE_STACK_FRAMES_MAX];
	uint32_t depth;

	ask_if_lost(places, record->pid, sample->has_registers ? sample->instruction : sample->ip,
		    lost);
	depth = ctrace_unwind(&places->unwind, record->pid, sample, found);
	return ctrace_stacks_get(&places->stacks, found, depth);
}

void ctrace_perf_stacks_remark(const struct ctrace_code_places *places,
			       struct ctrace_source_counts *counts)
{
	uint32_t unopened = ctrace_modules_unopened(places->unwind.modules);

	if (places->stacks.refused > 0) {
		snprintf(counts->remark, sizeof(counts->remark),
			 "%llu samples are without a stack: the file has as many as it may",
			 (unsigned long long)places->stacks.refused);
	} else if (unopened > 0) {
		snprintf(counts->remark, sizeof(counts->remark),
			 "%u files were not opened, for want of descriptors, and have no names",
			 unopened);
	}
}
