/* SPDX-License-Identifier: MIT */

/* Switches by PERF_RECORD_SWITCH; see perf_switch.h. */

#include "tracer/sources/perf/perf_switch.h"

#include "format/kernel_events.h"
#include "tracer/sources/perf/perf_tasks.h"
#include "tracer/sources/perf/run_delays.h"

#include <stdlib.h>

struct switches {
	struct ctrace_opened_source opened;
	struct ctrace_perf_rings rings;
	struct ctrace_perf_tasks tasks;
	struct ctrace_run_delays delays;
};

static struct perf_event_attr settings(void)
{
	struct perf_event_attr attr = ctrace_perf_attr(PERF_COUNT_SW_DUMMY, CTRACE_PERF_SIDE_TYPE);

	attr.context_switch = 1;
	attr.watermark = 1;
	ctrace_perf_tasks_ask(&attr);
	return attr;
}

static void probe(struct ctrace_source_answer *answer)
{
	struct perf_event_attr attr = settings();

	ctrace_perf_probe(&attr, answer);
}

static void take_switch(struct ctrace_perf_cpu *cpu, const struct ctrace_perf_record *record,
			uint64_t ticks)
{
	struct ctrace_block *block =
		ctrace_kernel_stream_room(&cpu->stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);

	if ((record->misc & PERF_RECORD_MISC_SWITCH_OUT) == 0) {
		ctrace_block_sched_in(block, ticks, record->cpu, record->tid);
		return;
	}
	ctrace_block_sched_out(block, ticks, record->cpu, record->tid,
			       record->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT
				       ? CTRACE_RUN_PREEMPTED
				       : CTRACE_RUN_BLOCKED);
}

static void take(void *context, struct ctrace_perf_cpu *cpu,
		 const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct switches *switches = context;

	if (record->type == PERF_RECORD_SWITCH) {
		take_switch(cpu, record, ticks);
		ctrace_run_delays_touch(&switches->delays, record->tid);
	} else {
		ctrace_perf_tasks_take(&switches->tasks, &cpu->stream, record, ticks);
	}
}

static void free_switches(struct switches *switches)
{
	ctrace_run_delays_finish(&switches->delays);
	free(switches);
}

static struct switches *make_switches(struct ctrace_source_trace *trace)
{
	struct switches *switches = calloc(1, sizeof(*switches));

	if (switches == NULL) {
		return NULL;
	}
	switches->rings.take = take;
	switches->rings.context = switches;
	if (!ctrace_run_delays_init(&switches->delays, trace, ctrace_source_perf_switch.name)) {
		free_switches(switches);
		return NULL;
	}
	return switches;
}

static struct ctrace_opened_source *open_switches(const struct ctrace_source_target *target,
						  struct ctrace_source_answer *answer)
{
	struct switches *switches = make_switches(target->trace);
	struct perf_event_attr attr = settings();

	if (switches == NULL) {
		ctrace_source_refuse(answer, "", "there is no memory");
		return NULL;
	}
	if (!ctrace_perf_rings_open(&switches->rings, &attr, target, ctrace_source_perf_switch.name,
				    answer)) {
		free_switches(switches);
		return NULL;
	}
	ctrace_perf_tasks_begin(&switches->tasks, target);
	return &switches->opened;
}

static void count(const struct switches *switches, struct ctrace_source_counts *counts)
{
	ctrace_perf_rings_count(&switches->rings, counts);
	counts->events += ctrace_kernel_stream_written(&switches->delays.stream);
}

static void drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct switches *switches = (struct switches *)opened;

	ctrace_perf_rings_drain(&switches->rings, pass);
	ctrace_run_delays_read(&switches->delays, pass->now_ms);
	count(switches, &opened->counts);
}

static void close_switches(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct switches *switches = (struct switches *)opened;

	ctrace_perf_rings_close(&switches->rings);
	count(switches, counts);
	free_switches(switches);
}

const struct ctrace_source ctrace_source_perf_switch = {
	.name = "perf-switch",
	.about = "when each thread ran and on which CPU; forks, execs, exits",
	.costs = "1 us for a switch out and in",
	.gives = CTRACE_GIVES_SWITCHES,
	.probe = probe,
	.open = open_switches,
	.drain = drain,
	.close = close_switches,
};
