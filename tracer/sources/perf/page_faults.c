/* SPDX-License-Identifier: MIT */

/* Page faults, some of them; see page_faults.h. */

#include "tracer/sources/perf/page_faults.h"

#include "format/alloc_events.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/perf/perf_stacks.h"
#include "tracer/sources/perf/perf_tasks.h"
#include "tracer/src/limits.h"

#include <stdlib.h>
#include <unistd.h>

struct faults {
	struct ctrace_opened_source opened;
	struct ctrace_perf_rings rings;
	struct ctrace_perf_tasks tasks;
	struct ctrace_code_places *places; /* borrows: the trace's */
};

/* ---- settings ---- */

static struct perf_event_attr settings(void)
{
	struct perf_event_attr attr =
		ctrace_perf_attr(PERF_COUNT_SW_PAGE_FAULTS, CTRACE_PERF_FAULT_TYPE);

	attr.sample_period = CTRACE_FAULT_PERIOD;
	attr.exclude_callchain_kernel = 1;
	attr.watermark = 1;
	ctrace_perf_stacks_ask(&attr, true);
	return attr;
}

/* Those that the kernel takes for the program, where this user may see them. Their stacks begin in
 * the program all the same. */
static void include_kernel(struct perf_event_attr *attr)
{
	struct perf_event_attr with = *attr;
	int fd;

	with.exclude_kernel = 0;
	fd = ctrace_perf_open(&with, 0, -1);
	if (fd >= 0) {
		close(fd);
		attr->exclude_kernel = 0;
	}
}

static void probe(struct ctrace_source_answer *answer)
{
	struct perf_event_attr attr = settings();

	ctrace_perf_probe(&attr, answer);
}

/* ---- records ---- */

static void take_fault(struct faults *faults, struct ctrace_perf_cpu *cpu,
		       const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct ctrace_page_fault fault = {.tid = record->tid,
					  .address = record->sample.address,
					  .weight = CTRACE_FAULT_PERIOD};
	struct ctrace_block *block;

	if (faults->tasks.tells) {
		ctrace_kernel_threads_ours(faults->rings.trace, record->tid);
	}
	fault.stack = ctrace_perf_stacks_of(faults->places, record, faults->rings.lost);
	block = ctrace_kernel_stream_room(&cpu->stream, &ticks, CTRACE_ALLOC_EVENT_BYTES);
	ctrace_block_page_fault(block, ticks, &fault);
}

static void take(void *context, struct ctrace_perf_cpu *cpu,
		 const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct faults *faults = context;

	if (record->type == PERF_RECORD_SAMPLE) {
		take_fault(faults, cpu, record, ticks);
		return;
	}
	ctrace_perf_stacks_follow(faults->places, record);
	if (record->type != PERF_RECORD_MMAP2) {
		ctrace_perf_tasks_take(&faults->tasks, &cpu->stream, record, ticks);
	}
}

/* ---- the source ---- */

static struct faults *make_faults(struct ctrace_source_trace *trace)
{
	struct faults *faults = calloc(1, sizeof(*faults));

	if (faults == NULL) {
		return NULL;
	}
	faults->rings.take = take;
	faults->rings.context = faults;
	faults->places = ctrace_code_places_need(trace);
	if (faults->places == NULL) {
		free(faults);
		return NULL;
	}
	return faults;
}

static struct ctrace_opened_source *open_faults(const struct ctrace_source_target *target,
						struct ctrace_source_answer *answer)
{
	struct faults *faults = make_faults(target->trace);
	struct perf_event_attr attr = settings();

	if (faults == NULL) {
		ctrace_source_refuse(answer, "", "there is no memory");
		return NULL;
	}
	include_kernel(&attr);
	if (!ctrace_perf_rings_open(&faults->rings, &attr, target, ctrace_source_faults.name,
				    answer)) {
		free(faults);
		return NULL;
	}
	ctrace_perf_tasks_begin(&faults->tasks, target);
	return &faults->opened;
}

static void drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct faults *faults = (struct faults *)opened;

	ctrace_perf_rings_drain(&faults->rings, pass);
	ctrace_perf_rings_count(&faults->rings, &opened->counts);
}

static void close_faults(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct faults *faults = (struct faults *)opened;

	ctrace_perf_rings_close(&faults->rings);
	ctrace_perf_rings_count(&faults->rings, counts);
	ctrace_perf_stacks_remark(faults->places, counts);
	free(faults);
}

const struct ctrace_source ctrace_source_faults = {
	.name = "faults",
	.about = "who touched new memory: one page fault in 64, with stacks",
	.costs = "20 us a recorded one: 0.3 us a fault",
	.gives = CTRACE_GIVES_FAULTS,
	.is_asked_for = true,
	.probe = probe,
	.open = open_faults,
	.drain = drain,
	.close = close_faults,
};
