/* SPDX-License-Identifier: MIT */

/* Samples of the processor's time; see perf_samples.h. */

#include "tracer/sources/perf/perf_samples.h"

#include "format/kernel_events.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/perf/code_places.h"
#include "tracer/sources/perf/perf_tasks.h"
#include "tracer/src/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct samples {
	struct ctrace_opened_source opened;
	struct ctrace_perf_rings rings;
	struct ctrace_perf_tasks tasks;
	struct ctrace_code_places *places; /* borrows: the trace's */
};

/* ---- settings ---- */

static struct perf_event_attr settings(uint64_t hz)
{
	struct perf_event_attr attr =
		ctrace_perf_attr(PERF_COUNT_SW_CPU_CLOCK, CTRACE_PERF_SAMPLE_TYPE);

	attr.sample_period = 1000000000u / hz;
	attr.exclude_callchain_kernel = 1;
	attr.watermark = 1;
	attr.mmap = 1;
	attr.mmap2 = 1;
	attr.build_id = 1;
	ctrace_perf_tasks_ask(&attr);
	if (CTRACE_UNWIND_REGISTERS != 0 && hz <= CTRACE_SAMPLE_HZ_COPIED_MAX) {
		attr.sample_type |= CTRACE_PERF_STACK_TYPE;
		attr.sample_regs_user = CTRACE_UNWIND_REGISTERS;
		attr.sample_stack_user = CTRACE_UNWIND_STACK_BYTES;
	}
	return attr;
}

/* Time in system calls too, where this user may see it. */
static void include_kernel(struct perf_event_attr *attr)
{
	struct perf_event_attr with = *attr;
	int fd;

	with.exclude_kernel = 0;
	with.exclude_callchain_kernel = 0;
	fd = ctrace_perf_open(&with, 0, -1);
	if (fd >= 0) {
		close(fd);
		attr->exclude_kernel = 0;
		attr->exclude_callchain_kernel = 0;
	}
}

static void probe(struct ctrace_source_answer *answer)
{
	struct perf_event_attr attr = settings(CTRACE_SAMPLE_HZ_DEFAULT);

	ctrace_perf_probe(&attr, answer);
}

/* ---- records ---- */

/* Where records were lost, mappings may be among them: once for each process after each loss. */
static void ask_if_lost(struct samples *samples, uint32_t pid, uint64_t address)
{
	uint32_t lost = (uint32_t)samples->rings.lost;

	if (lost != 0) {
		ctrace_code_places_ask(samples->places, pid, address, lost);
	}
}

static void follow_maps(struct samples *samples, const struct ctrace_perf_record *record)
{
	struct ctrace_process_maps *maps = samples->places->unwind.maps;

	if (record->type == PERF_RECORD_COMM && record->misc & PERF_RECORD_MISC_COMM_EXEC) {
		ctrace_process_maps_exec(maps, record->pid);
	} else if (record->type == PERF_RECORD_FORK && record->pid == record->tid) {
		ctrace_process_maps_fork(maps, record->parent_pid, record->pid);
	} else if (record->type == PERF_RECORD_EXIT && record->pid == record->tid) {
		ctrace_process_maps_exit(maps, record->pid);
	}
}

static void take_sample(struct samples *samples, struct ctrace_perf_cpu *cpu,
			const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct ctrace_place places[CTRACE_STACK_FRAMES_MAX];
	struct ctrace_sample sample = {
		.tid = record->tid, .cpu = record->cpu, .weight_ns = record->sample.period};
	struct ctrace_block *block;
	uint32_t depth;

	ask_if_lost(samples, record->pid,
		    record->sample.has_registers ? record->sample.instruction : record->sample.ip);
	depth = ctrace_unwind(&samples->places->unwind, record->pid, &record->sample, places);
	if (samples->tasks.tells) {
		ctrace_kernel_threads_ours(samples->rings.trace, record->tid);
	}
	sample.stack = ctrace_stacks_get(&samples->places->stacks, places, depth);
	block = ctrace_kernel_stream_room(&cpu->stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_sample(block, ticks, &sample);
}

static void take(void *context, struct ctrace_perf_cpu *cpu,
		 const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct samples *samples = context;

	if (record->type == PERF_RECORD_SAMPLE) {
		take_sample(samples, cpu, record, ticks);
	} else if (record->type == PERF_RECORD_MMAP2) {
		ctrace_code_places_map(samples->places, record->pid, &record->map);
	} else {
		follow_maps(samples, record);
		ctrace_perf_tasks_take(&samples->tasks, &cpu->stream, record, ticks);
	}
}

/* ---- the source ---- */

static struct samples *make_samples(struct ctrace_source_trace *trace)
{
	struct samples *samples = calloc(1, sizeof(*samples));

	if (samples == NULL) {
		return NULL;
	}
	samples->rings.take = take;
	samples->rings.context = samples;
	samples->places = ctrace_code_places_need(trace);
	if (samples->places == NULL) {
		free(samples);
		return NULL;
	}
	return samples;
}

static struct ctrace_opened_source *open_samples(const struct ctrace_source_target *target,
						 struct ctrace_source_answer *answer)
{
	struct samples *samples = make_samples(target->trace);
	struct perf_event_attr attr =
		settings(target->sample_hz != 0 ? target->sample_hz : CTRACE_SAMPLE_HZ_DEFAULT);

	if (samples == NULL) {
		ctrace_source_refuse(answer, "", "there is no memory");
		return NULL;
	}
	include_kernel(&attr);
	if (!ctrace_perf_rings_open(&samples->rings, &attr, target, ctrace_source_perf_samples.name,
				    answer)) {
		free(samples);
		return NULL;
	}
	if (target->own != NULL) { /* of what is mapped already no record tells */
		ctrace_code_places_read(samples->places, (uint32_t)target->pid, NULL);
	}
	ctrace_perf_tasks_begin(&samples->tasks, target);
	return &samples->opened;
}

static void drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct samples *samples = (struct samples *)opened;

	ctrace_perf_rings_drain(&samples->rings, pass);
	ctrace_perf_rings_count(&samples->rings, &opened->counts);
}

static void remark(const struct samples *samples, struct ctrace_source_counts *counts)
{
	uint32_t unopened = ctrace_modules_unopened(samples->places->unwind.modules);

	if (samples->places->stacks.refused > 0) {
		snprintf(counts->remark, sizeof(counts->remark),
			 "%llu samples are without a stack: the file has as many as it may",
			 (unsigned long long)samples->places->stacks.refused);
	} else if (unopened > 0) {
		snprintf(counts->remark, sizeof(counts->remark),
			 "%u files were not opened, for want of descriptors, and have no names",
			 unopened);
	}
}

static void close_samples(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct samples *samples = (struct samples *)opened;

	ctrace_perf_rings_close(&samples->rings);
	ctrace_perf_rings_count(&samples->rings, counts);
	remark(samples, counts);
	free(samples);
}

const struct ctrace_source ctrace_source_perf_samples = {
	.name = "perf-samples",
	.about = "what each thread was doing, with its stack, 99 times a second",
	.costs = "20 us a sample: 0.2 % of the time",
	.gives = CTRACE_GIVES_SAMPLES,
	.probe = probe,
	.open = open_samples,
	.drain = drain,
	.close = close_samples,
};
