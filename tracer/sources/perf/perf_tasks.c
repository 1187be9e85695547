/* SPDX-License-Identifier: MIT */

/* Names, forks, execs and exits; see perf_tasks.h. */

#include "tracer/sources/perf/perf_tasks.h"

#include "format/kernel_events.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/own_threads.h"

#include <string.h>

void ctrace_perf_tasks_ask(struct perf_event_attr *attr)
{
	attr->comm = 1;
	attr->comm_exec = 1;
	attr->task = 1;
}

void ctrace_perf_tasks_begin(struct ctrace_perf_tasks *tasks,
			     const struct ctrace_source_target *target)
{
	struct ctrace_source_trace *trace = target->trace;

	*tasks = (struct ctrace_perf_tasks){.trace = trace, .tells = !trace->has_tasks};
	trace->has_tasks = true;
	if (tasks->tells && target->own != NULL) {
		ctrace_own_threads_name(trace, target->own, 0);
	} else if (tasks->tells) {
		ctrace_kernel_threads_ours(trace, (uint32_t)target->pid);
	}
}

static void take_fork(struct ctrace_source_trace *trace, struct ctrace_kernel_stream *stream,
		      const struct ctrace_perf_record *record, uint64_t ticks)
{
	const struct ctrace_kernel_fork fork = {.parent = record->parent_tid,
						.child = record->tid,
						.pid = record->pid,
						.ticks = ticks};
	struct ctrace_block *block;

	ctrace_kernel_threads_fork(trace, &fork);
	block = ctrace_kernel_stream_room(stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_fork(block, ticks, fork.parent, fork.child, fork.pid);
}

static void take_exec(struct ctrace_source_trace *trace, struct ctrace_kernel_stream *stream,
		      const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct ctrace_bytes name = {.bytes = record->name, .size = (uint32_t)strlen(record->name)};
	struct ctrace_block *block;

	ctrace_kernel_threads_exec(trace, record->pid, record->tid);
	block = ctrace_kernel_stream_room(stream, &ticks, CTRACE_KERNEL_TEXT_BYTES(name.size));
	ctrace_block_exec(block, ticks, record->pid, name);
}

static void take_name(struct ctrace_source_trace *trace, struct ctrace_kernel_stream *stream,
		      const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct ctrace_kernel_thread *thread;

	if (record->misc & PERF_RECORD_MISC_COMM_EXEC) {
		take_exec(trace, stream, record, ticks);
	}
	thread = ctrace_kernel_threads_ours(trace, record->tid);
	if (thread != NULL) {
		ctrace_kernel_threads_comm(trace, thread, record->name);
	}
}

static void take_exit(struct ctrace_source_trace *trace, struct ctrace_kernel_stream *stream,
		      const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct ctrace_block *block;

	ctrace_kernel_threads_exit(trace, record->tid);
	block = ctrace_kernel_stream_room(stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_thread_exit(block, ticks, record->tid);
}

void ctrace_perf_tasks_take(const struct ctrace_perf_tasks *tasks,
			    struct ctrace_kernel_stream *stream,
			    const struct ctrace_perf_record *record, uint64_t ticks)
{
	struct ctrace_source_trace *trace = tasks->trace;

	if (!tasks->tells) {
		return;
	}
	switch (record->type) {
	case PERF_RECORD_FORK:
		take_fork(trace, stream, record, ticks);
		return;
	case PERF_RECORD_COMM:
		take_name(trace, stream, record, ticks);
		return;
	case PERF_RECORD_EXIT:
		take_exit(trace, stream, record, ticks);
		return;
	default:
		return;
	}
}
