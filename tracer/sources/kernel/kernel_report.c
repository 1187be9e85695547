/* SPDX-License-Identifier: MIT */
/* What records mean; see kernel_report.h. */

#include "tracer/sources/kernel/kernel_report.h"

#include "tracer/sources/kernel/call_deeds.h"
#include "tracer/sources/kernel/call_files.h"
#include "tracer/sources/kernel/call_names.h"
#include "tracer/sources/kernel/elf_class.h"
#include "tracer/sources/kernel/open_files.h"

#include <string.h>

static struct ctrace_source_trace *trace_of(const struct ctrace_kernel_report *report)
{
	return report->stream->trace;
}

/* Sets the time right, if it would fall: so before it is read. */
static struct ctrace_block *room(struct ctrace_kernel_report *report, size_t bytes)
{
	return ctrace_kernel_stream_room(report->stream, &report->ticks, bytes);
}

/* The idle thread has no row. */
void ctrace_report_name(const struct ctrace_kernel_report *report, uint32_t tid, const char *comm)
{
	struct ctrace_kernel_thread *thread;

	if (tid == 0 || comm == NULL) {
		return;
	}
	thread = ctrace_kernel_threads_get(trace_of(report), tid);
	if (thread != NULL) {
		ctrace_kernel_threads_comm(trace_of(report), thread, comm);
	}
}

/* ---- calls ---- */

void ctrace_report_enter(struct ctrace_kernel_report *report, uint32_t tid, int64_t number,
			 const uint64_t args[CTRACE_CALL_ARGS])
{
	struct ctrace_source_trace *trace = trace_of(report);
	struct ctrace_kernel_thread *thread = ctrace_kernel_threads_ours(trace, tid);
	struct ctrace_syscall_enter event = {.tid = tid};
	struct ctrace_block *block;

	event.call = ctrace_call_number(trace, number, thread != NULL && thread->is_compat);
	memcpy(event.args, args, sizeof(event.args));
	block = room(report, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_syscall_enter(block, report->ticks, &event);
	if (thread != NULL) {
		thread->in_call = (uint32_t)event.call;
		memcpy(thread->in_args, event.args, sizeof(thread->in_args));
		ctrace_call_files_enter(trace, thread, event.args, report->ticks);
	}
}

void ctrace_report_leave(struct ctrace_kernel_report *report, uint32_t tid, int64_t number,
			 int64_t result)
{
	struct ctrace_source_trace *trace = trace_of(report);
	struct ctrace_kernel_thread *thread = ctrace_kernel_threads_ours(trace, tid);
	uint32_t call = thread != NULL ? thread->in_call : CTRACE_NO_CALL;
	struct ctrace_block *block;

	if (call == CTRACE_NO_CALL) {
		call = ctrace_call_number(trace, number, thread != NULL && thread->is_compat);
	}
	block = room(report, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_syscall_exit(block, report->ticks, tid, call, result);
	if (thread != NULL && thread->in_call != CTRACE_NO_CALL) {
		ctrace_call_files_exit(trace, thread, result, report->ticks);
		thread->in_call = CTRACE_NO_CALL;
	}
}

void ctrace_report_text(struct ctrace_kernel_report *report, uint32_t tid, unsigned index,
			struct ctrace_bytes text)
{
	struct ctrace_block *block = room(report, CTRACE_KERNEL_TEXT_BYTES(text.size));

	ctrace_block_syscall_text(block, report->ticks, tid, index, text);
}

/* ---- who runs ---- */

static bool is_yielding(const struct ctrace_kernel_report *report, uint32_t tid)
{
	const struct ctrace_kernel_thread *thread =
		tid != 0 ? ctrace_kernel_threads_get(trace_of(report), tid) : NULL;

	return thread != NULL && thread->in_call != CTRACE_NO_CALL &&
	       (ctrace_call_number_deeds(trace_of(report), thread->in_call) & CTRACE_CALL_YIELDS) !=
		       0;
}

enum ctrace_run_state ctrace_report_runnable(const struct ctrace_kernel_report *report,
					     uint32_t tid)
{
	return is_yielding(report, tid) ? CTRACE_RUN_YIELDED : CTRACE_RUN_PREEMPTED;
}

void ctrace_report_switch(struct ctrace_kernel_report *report,
			  const struct ctrace_sched_switch *event, const char *prev_comm,
			  const char *next_comm)
{
	struct ctrace_block *block;

	ctrace_report_name(report, (uint32_t)event->prev, prev_comm);
	ctrace_report_name(report, (uint32_t)event->next, next_comm);
	block = room(report, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_sched_switch(block, report->ticks, event);
}

void ctrace_report_waking(struct ctrace_kernel_report *report,
			  const struct ctrace_sched_waking *event, const char *comm)
{
	struct ctrace_block *block;

	ctrace_report_name(report, (uint32_t)event->tid, comm);
	if (event->waker != 0) {
		ctrace_kernel_threads_get(trace_of(report), (uint32_t)event->waker);
	}
	block = room(report, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_sched_waking(block, report->ticks, event);
}

void ctrace_report_migrate(struct ctrace_kernel_report *report, uint32_t tid, uint64_t from_cpu,
			   uint64_t to_cpu)
{
	struct ctrace_block *block = room(report, CTRACE_KERNEL_EVENT_BYTES);

	ctrace_block_sched_migrate(block, report->ticks, tid, from_cpu, to_cpu);
}

/* ---- threads come and go ---- */

static uint32_t process_of(struct ctrace_source_trace *trace, const struct ctrace_kernel_fork *fork)
{
	const struct ctrace_kernel_thread *parent = ctrace_kernel_threads_ours(trace, fork->parent);

	if (fork->pid != 0) {
		return fork->pid;
	}
	return parent != NULL ? parent->pid : fork->child;
}

void ctrace_report_fork(struct ctrace_kernel_report *report, const struct ctrace_kernel_fork *fork,
			const char *comm)
{
	struct ctrace_kernel_fork known = *fork;
	struct ctrace_block *block;

	known.pid = process_of(trace_of(report), fork);
	ctrace_kernel_threads_fork(trace_of(report), &known);
	ctrace_report_name(report, known.child, comm);
	block = room(report, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_fork(block, report->ticks, known.parent, known.child, known.pid);
}

void ctrace_report_exec(struct ctrace_kernel_report *report, uint32_t tid, uint32_t old_tid,
			const char *name)
{
	struct ctrace_source_trace *trace = trace_of(report);
	const struct ctrace_bytes text = {.bytes = name, .size = (uint32_t)strlen(name)};
	struct ctrace_kernel_thread *thread = ctrace_kernel_threads_exec(trace, tid, old_tid);
	struct ctrace_block *block;

	if (thread != NULL) {
		thread->is_compat = ctrace_elf_is_compat(tid, name);
		ctrace_open_files_exec(trace, thread, report->ticks);
	}
	block = room(report, CTRACE_KERNEL_TEXT_BYTES(text.size));
	ctrace_block_exec(block, report->ticks, tid, text);
}

void ctrace_report_exit(struct ctrace_kernel_report *report, uint32_t tid)
{
	struct ctrace_block *block;

	ctrace_kernel_threads_exit(trace_of(report), tid);
	block = room(report, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_thread_exit(block, report->ticks, tid);
}
