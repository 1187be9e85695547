/* SPDX-License-Identifier: MIT */

/* Samples of the processor's time; see perf_samples.h. */

#include "tracer/sources/perf/perf_samples.h"

#include "format/kernel_events.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/perf/perf_stacks.h"
#include "tracer/sources/perf/perf_tasks.h"
#include "tracer/src/limits.h"

#include <stdlib.h>
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
	ctrace_perf_stacks_ask(&attr, hz <= CTRACE_SAMPLE_HZ_COPIED_MAX);
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

static void take_sample(struct samples *samples, struct ctrace_perf_cpu *cpu,
			const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct ctrace_sample sample = {
		.tid = record->tid, .cpu = record->cpu, .weight_ns = record->sample.period};
	struct ctrace_block *block;

	if (samples->tasks.tells) {
		ctrace_kernel_threads_ours(samples->rings.trace, record->tid);
	}
	sample.stack = ctrace_perf_stacks_of(samples->places, record, samples->rings.lost);
	block = ctrace_kernel_stream_room(&cpu->stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_sample(block, ticks, &sample);
}

static void take(void *context, struct ctrace_perf_cpu *cpu,
		 const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct samples *samples = context;

	if (record->type == PERF_RECORD_SAMPLE) {
		take_sample(samples, cpu, record, ticks);
		return;
	}
	ctrace_perf_stacks_follow(samples->places, record);
	if (record->type != PERF_RECORD_MMAP2) {
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

static void close_samples(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct samples *samples = (struct samples *)opened;

	ctrace_perf_rings_close(&samples->rings);
	ctrace_perf_rings_count(&samples->rings, counts);
	ctrace_perf_stacks_remark(samples->places, counts);
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
