/* SPDX-License-Identifier: MIT */

/* Tracepoints by perf; see perf_sched.h. */

#include "tracer/sources/perf/perf_sched.h"

#include "format/kernel_events.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/open_files.h"
#include "tracer/sources/perf/perf_rings.h"
#include "tracer/sources/perf/tracepoint_cache.h"
#include "tracer/sources/tracefs/tracefs_events.h"
#include "tracer/src/clock/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* On each processor, where this user may lock as much: 25 ms of the fastest calls there are. */
#define RING_KB 4096u
/* A round has taken what is older: twice what perf_rings waits for. */
#define SETTLED_PER_SECOND 500u /* 2 ms */
/* The first pid namespace: the kernel gives it this number for good. */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"

struct sched {
	struct ctrace_opened_source opened; /* first */
	struct ctrace_perf_rings rings;
	struct ctrace_tracefs_layout layout;
	uint64_t passed_over; /* records of others */
	uint32_t *running;    /* on each processor, as far as was told; owned */
	size_t cpus;
};

/* ---- settings ---- */

static struct perf_event_attr settings(uint16_t id)
{
	struct perf_event_attr attr = ctrace_perf_attr(id, CTRACE_PERF_RAW_TYPE);

	attr.type = PERF_TYPE_TRACEPOINT;
	attr.sample_period = 1;
	attr.exclude_kernel = 0;
	attr.exclude_hv = 0;
	attr.watermark = 1;
	return attr;
}

static struct perf_event_attr switch_settings(void)
{
	struct perf_event_attr attr = ctrace_perf_attr(PERF_COUNT_SW_DUMMY, CTRACE_PERF_RAW_TYPE);

	attr.context_switch = 1;
	attr.watermark = 1;
	return attr;
}

static bool is_call(enum ctrace_tracefs_event event)
{
	return event == CTRACE_TRACEFS_SYS_ENTER || event == CTRACE_TRACEFS_SYS_EXIT;
}

/* Records have the numbers that threads have in the first namespace. */
static bool is_first_namespace(void)
{
	char name[64];
	ssize_t size = readlink("/proc/self/ns/pid", name, sizeof(name) - 1);

	name[size > 0 ? size : 0] = '\0';
	return strcmp(name, FIRST_PID_NAMESPACE) == 0;
}

static void refuse(struct ctrace_source_answer *answer, int error)
{
	if (error == EACCES || error == EPERM) {
		ctrace_source_refuse(answer, "CAP_PERFMON, as by setcap cap_perfmon+ep",
				     "tracepoints of all that runs on a CPU are not this user's "
				     "to see");
		return;
	}
	ctrace_perf_refuse(answer, error);
}

static void probe(struct ctrace_source_answer *answer)
{
	struct ctrace_tracefs_layout layout;
	struct perf_event_attr attr = settings(1);
	int fd;

	*answer = (struct ctrace_source_answer){.is_available = false};
	fd = ctrace_perf_open(&attr, -1, 0);
	if (fd == -EACCES || fd == -EPERM || fd == -ENOSYS) {
		refuse(answer, -fd);
		return;
	}
	if (fd >= 0) {
		close(fd);
	}
	if (!is_first_namespace()) {
		ctrace_source_refuse(answer, "run ctrace outside of the container",
				     "records have the host's numbers of processes, and this is "
				     "another pid namespace");
		return;
	}
	answer->is_available = ctrace_tracepoints_get(&layout, answer);
}

/* ---- whose ---- */

static uint32_t thread_in(const struct ctrace_perf_raw *raw, struct ctrace_tracefs_field field)
{
	return (uint32_t)ctrace_tracefs_get(raw->bytes, raw->size, field);
}

/* Does it tell of a thread of ours: of who did it, or to whom it was done? */
static bool is_ours(const struct sched *sched, const struct ctrace_perf_raw *raw,
		    enum ctrace_tracefs_event event)
{
	const struct ctrace_source_trace *trace = sched->rings.trace;
	const struct ctrace_tracefs_layout *layout = &sched->layout;

	if (is_call(event) ||
	    ctrace_kernel_threads_has(trace, thread_in(raw, layout->common_pid))) {
		return true;
	}
	switch (event) {
	case CTRACE_TRACEFS_SWITCH:
		return ctrace_kernel_threads_has(trace, thread_in(raw, layout->next_pid)) ||
		       ctrace_kernel_threads_has(trace, thread_in(raw, layout->prev_pid));
	case CTRACE_TRACEFS_WAKING:
	case CTRACE_TRACEFS_WAKEUP_NEW:
		return ctrace_kernel_threads_has(trace, thread_in(raw, layout->waking_pid));
	case CTRACE_TRACEFS_MIGRATE:
		return ctrace_kernel_threads_has(trace, thread_in(raw, layout->migrate_pid));
	case CTRACE_TRACEFS_RENAME:
		return ctrace_kernel_threads_has(trace, thread_in(raw, layout->rename_pid));
	default:
		return false;
	}
}

static void pass_over(struct sched *sched, const struct ctrace_perf_raw *raw,
		      enum ctrace_tracefs_event event)
{
	sched->passed_over++;
	if (event == CTRACE_TRACEFS_NEWTASK) {
		ctrace_kernel_threads_foreign(sched->rings.trace,
					      thread_in(raw, sched->layout.new_pid));
	}
}

/* ---- records ---- */

static void note_running(struct sched *sched, uint32_t cpu, uint32_t tid)
{
	if (cpu < sched->cpus) {
		sched->running[cpu] = tid;
	}
}

/* Perf's own record of a thread that begins to run: of use if no sched_switch told of it. */
static void take_switch(struct sched *sched, struct ctrace_perf_cpu *cpu,
			const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct ctrace_block *block;

	if ((record->misc & PERF_RECORD_MISC_SWITCH_OUT) != 0 || record->cpu >= sched->cpus ||
	    sched->running[record->cpu] == record->tid) {
		return;
	}
	block = ctrace_kernel_stream_room(&cpu->stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_sched_in(block, ticks, record->cpu, record->tid);
	sched->running[record->cpu] = record->tid;
}

static void take_raw(struct sched *sched, struct ctrace_perf_cpu *cpu,
		     const struct ctrace_perf_record *record, uint64_t ticks)
{
	const struct ctrace_tracefs_record bytes = {
		.bytes = record->raw.bytes, .size = record->raw.size, .ticks = ticks};
	enum ctrace_tracefs_event event = ctrace_tracefs_layout_event(
		&sched->layout, (uint16_t)thread_in(&record->raw, sched->layout.common_type));

	if (event == CTRACE_TRACEFS_SWITCH) {
		note_running(sched, record->cpu, thread_in(&record->raw, sched->layout.next_pid));
	}
	if (is_ours(sched, &record->raw, event)) {
		ctrace_tracefs_record_write(&bytes, &sched->layout, &cpu->stream);
	} else {
		pass_over(sched, &record->raw, event);
	}
}

static void take(void *context, struct ctrace_perf_cpu *cpu,
		 const struct ctrace_perf_record *record, uint64_t ticks)
{
	if (record->type == PERF_RECORD_SAMPLE) {
		take_raw(context, cpu, record, ticks);
	} else if (record->type == PERF_RECORD_SWITCH) {
		take_switch(context, cpu, record, ticks);
	}
}

/* ---- the source ---- */

static bool add_others(struct sched *sched, pid_t pid, struct ctrace_source_answer *answer)
{
	struct perf_event_attr switches = switch_settings();

	for (unsigned event = 0; event < CTRACE_TRACEFS_EVENTS; event++) {
		uint16_t id = sched->layout.ids[event];
		struct perf_event_attr attr = settings(id);

		if (id != 0 && event != CTRACE_TRACEFS_SWITCH &&
		    !ctrace_perf_rings_add(&sched->rings, &attr,
					   is_call((enum ctrace_tracefs_event)event) ? pid : -1,
					   answer)) {
			return false;
		}
	}
	return ctrace_perf_rings_add(&sched->rings, &switches, pid, answer);
}

static bool open_events(struct sched *sched, const struct ctrace_source_target *target,
			struct ctrace_source_answer *answer)
{
	struct perf_event_attr attr;

	probe(answer);
	if (!answer->is_available || !ctrace_tracepoints_get(&sched->layout, answer)) {
		return false;
	}
	attr = settings(sched->layout.ids[CTRACE_TRACEFS_SWITCH]);
	if (!ctrace_perf_rings_open(&sched->rings, &attr, target, ctrace_source_perf_sched.name,
				    answer)) {
		return false;
	}
	return add_others(sched, target->pid, answer);
}

static void free_sched(struct sched *sched)
{
	free(sched->running);
	free(sched);
}

static struct sched *make_sched(void)
{
	struct sched *sched = calloc(1, sizeof(*sched));

	if (sched == NULL) {
		return NULL;
	}
	sched->rings = (struct ctrace_perf_rings){
		.take = take, .context = sched, .is_wide = true, .kb = RING_KB};
	sched->cpus = (size_t)sysconf(_SC_NPROCESSORS_CONF);
	sched->running = calloc(sched->cpus, sizeof(*sched->running));
	if (sched->running == NULL) {
		free(sched);
		return NULL;
	}
	return sched;
}

static struct ctrace_opened_source *open_sched(const struct ctrace_source_target *target,
					       struct ctrace_source_answer *answer)
{
	struct sched *sched = make_sched();

	if (sched == NULL) {
		ctrace_source_refuse(answer, "", "there is no memory");
		return NULL;
	}
	if (!open_events(sched, target, answer)) {
		ctrace_perf_rings_close(&sched->rings);
		free_sched(sched);
		return NULL;
	}
	target->trace->has_tasks = true;
	ctrace_kernel_threads_ours(target->trace, (uint32_t)target->pid);
	ctrace_perf_rings_enable(&sched->rings);
	return &sched->opened;
}

static void count(const struct sched *sched, struct ctrace_source_counts *counts)
{
	ctrace_perf_rings_count(&sched->rings, counts);
	if (counts->remark[0] == '\0') {
		snprintf(counts->remark, sizeof(counts->remark),
			 "%" PRIu64 " records of other programs were passed over, and may be "
			 "among the lost",
			 sched->passed_over);
	}
}

static void drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct sched *sched = (struct sched *)opened;
	struct ctrace_source_trace *trace = sched->rings.trace;
	uint64_t settled = ctrace_clock_ticks() - trace->ticks_per_second / SETTLED_PER_SECOND;

	if (pass->is_last) {
		ctrace_perf_rings_disable(&sched->rings);
	}
	ctrace_perf_rings_drain(&sched->rings, pass);
	ctrace_open_files_round(trace, pass->is_last ? UINT64_MAX : settled);
	ctrace_kernel_threads_state(trace);
	count(sched, &opened->counts);
}

static void close_sched(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct sched *sched = (struct sched *)opened;

	ctrace_perf_rings_close(&sched->rings);
	count(sched, counts);
	free_sched(sched);
}

const struct ctrace_source ctrace_source_perf_sched = {
	.name = "perf-sched",
	.about = "who ran where and who woke it, system calls, as tracefs, for CAP_PERFMON",
	.costs = "600 ns a record: a call 1.2 us",
	.gives = CTRACE_GIVES_SWITCHES | CTRACE_GIVES_WAKERS | CTRACE_GIVES_CALLS,
	.probe = probe,
	.open = open_sched,
	.drain = drain,
	.close = close_sched,
};
