/* SPDX-License-Identifier: MIT */
/* Records become events; see bpf_events.h. */

#include "tracer/sources/bpf/bpf_events.h"

#include "tracer/sources/kernel/socket_address.h"

#include <string.h>

/* ---- calls ---- */

/* The record knows which table of calls it is. */
static void note_class(struct ctrace_kernel_report *report, const struct ctrace_bpf_head *head)
{
	struct ctrace_kernel_thread *thread =
		ctrace_kernel_threads_ours(report->stream->trace, head->tid);

	if (thread != NULL) {
		thread->is_compat = head->is_compat != 0;
	}
}

static void begin_call(struct ctrace_kernel_report *report, const struct ctrace_bpf_head *head,
		       int64_t number, const __u64 words[CTRACE_BPF_ARGS])
{
	uint64_t args[CTRACE_CALL_ARGS];

	note_class(report, head);
	memcpy(args, words, sizeof(args));
	ctrace_report_enter(report, head->tid, number, args);
}

static void enter(struct ctrace_kernel_report *report, const struct ctrace_bpf_enter *record)
{
	begin_call(report, &record->head, record->number, record->args);
}

static void call(struct ctrace_kernel_report *report, const struct ctrace_bpf_call *record,
		 const struct ctrace_clock_anchors *anchors)
{
	begin_call(report, &record->head, record->number, record->args);
	report->ticks = ctrace_clock_anchors_ticks(anchors, record->head.stamp_ns);
	ctrace_report_leave(report, record->head.tid, record->number, record->result);
}

static void text(struct ctrace_kernel_report *report, const struct ctrace_bpf_text *record)
{
	struct ctrace_bytes bytes = {.bytes = record->bytes,
				     .size = (uint32_t)strnlen(record->bytes, record->size)};
	char address[CTRACE_SOCKET_ADDRESS_BYTES];

	if (record->is_address != 0) {
		if (!ctrace_socket_address(record->bytes, record->size, address)) {
			return;
		}
		bytes = (struct ctrace_bytes){.bytes = address, .size = (uint32_t)strlen(address)};
	}
	ctrace_report_text(report, record->head.tid, record->index, bytes);
}

/* ---- who runs ---- */

/* Bits of task_struct, of which these have not changed since Linux 4.14: sleeping 1,
 * uninterruptible 2, stopped 4, traced 8, dead 16, zombie 32, parked 64. */
#define STATES	    0x7fu
#define STATE_IDLE  0x402u  /* uninterruptible, and not counted as load */
#define STATE_FIRST 0x1000u /* waiting for a lock, and other ways to be frozen, from here on */

static enum ctrace_run_state state_of(const struct ctrace_kernel_report *report,
				      const struct ctrace_bpf_switch *record)
{
	uint32_t bits = record->state & STATES;

	if (record->is_preempted != 0) {
		return CTRACE_RUN_PREEMPTED;
	}
	if ((record->state & STATE_IDLE) == STATE_IDLE) {
		return CTRACE_RUN_IDLE;
	}
	if (bits != 0) {
		return (enum ctrace_run_state)(CTRACE_RUN_SLEEPING + 31 - __builtin_clz(bits));
	}
	return record->state >= STATE_FIRST ? CTRACE_RUN_UNINTERRUPTIBLE
					    : ctrace_report_runnable(report, record->prev);
}

static void switch_threads(struct ctrace_kernel_report *report,
			   const struct ctrace_bpf_switch *record)
{
	const struct ctrace_sched_switch event = {
		.cpu = report->stream->cpu,
		.prev = record->prev,
		.prev_state = state_of(report, record),
		.next = record->next,
		.next_prio = (uint64_t)record->next_prio,
	};

	ctrace_report_switch(report, &event, record->prev_comm, record->next_comm);
}

static void wake(struct ctrace_kernel_report *report, const struct ctrace_bpf_thread *record)
{
	const struct ctrace_sched_waking event = {
		.cpu = report->stream->cpu,
		.waker = record->head.tid,
		.tid = record->tid,
		.target_cpu = record->cpu,
	};

	ctrace_report_waking(report, &event, record->comm);
}

/* ---- threads come and go ---- */

static void begin_thread(struct ctrace_kernel_report *report,
			 const struct ctrace_bpf_thread *record)
{
	const struct ctrace_kernel_fork fork = {
		.parent = record->head.tid,
		.child = record->tid,
		.pid = record->pid,
		.ticks = report->ticks,
	};

	ctrace_report_fork(report, &fork, record->comm);
}

static void exec(struct ctrace_kernel_report *report, const struct ctrace_bpf_exec *record)
{
	ctrace_report_exec(report, record->head.tid, record->old_tid, record->bytes);
}

/* ---- all ---- */

bool ctrace_bpf_event_is_whole(const struct ctrace_bpf_head *head, uint32_t size)
{
	static const uint32_t sizes[] = {
		[CTRACE_BPF_CALL] = sizeof(struct ctrace_bpf_call),
		[CTRACE_BPF_ENTER] = sizeof(struct ctrace_bpf_enter),
		[CTRACE_BPF_LEAVE] = sizeof(struct ctrace_bpf_leave),
		[CTRACE_BPF_SWITCH] = sizeof(struct ctrace_bpf_switch),
		[CTRACE_BPF_WAKING] = sizeof(struct ctrace_bpf_thread),
		[CTRACE_BPF_MIGRATE] = sizeof(struct ctrace_bpf_thread),
		[CTRACE_BPF_TEXT] = offsetof(struct ctrace_bpf_text, bytes),
		[CTRACE_BPF_FORK] = sizeof(struct ctrace_bpf_thread),
		[CTRACE_BPF_NAME] = sizeof(struct ctrace_bpf_thread),
		[CTRACE_BPF_EXEC] = offsetof(struct ctrace_bpf_exec, bytes),
		[CTRACE_BPF_EXIT] = sizeof(struct ctrace_bpf_thread),
	};

	return size >= sizeof(*head) && head->kind < sizeof(sizes) / sizeof(sizes[0]) &&
	       size >= sizes[head->kind];
}

unsigned ctrace_bpf_event_weight(const struct ctrace_bpf_head *head)
{
	return head->kind == CTRACE_BPF_CALL ? 2 : 1;
}

uint64_t ctrace_bpf_event_begin(const struct ctrace_bpf_head *head)
{
	const struct ctrace_bpf_call *call = (const void *)head;

	return head->kind == CTRACE_BPF_CALL ? call->begun_ns : head->stamp_ns;
}

void ctrace_bpf_event_write(struct ctrace_kernel_report *report, const struct ctrace_bpf_head *head,
			    const struct ctrace_clock_anchors *anchors)
{
	const struct ctrace_bpf_thread *thread = (const void *)head;
	const struct ctrace_bpf_leave *leave = (const void *)head;

	switch ((enum ctrace_bpf_kind)head->kind) {
	case CTRACE_BPF_CALL:
		call(report, (const void *)head, anchors);
		break;
	case CTRACE_BPF_ENTER:
		enter(report, (const void *)head);
		break;
	case CTRACE_BPF_LEAVE:
		ctrace_report_leave(report, head->tid, leave->number, leave->result);
		break;
	case CTRACE_BPF_SWITCH:
		switch_threads(report, (const void *)head);
		break;
	case CTRACE_BPF_WAKING:
		wake(report, thread);
		break;
	case CTRACE_BPF_MIGRATE:
		ctrace_report_migrate(report, thread->tid, thread->cpu, thread->to_cpu);
		break;
	case CTRACE_BPF_TEXT:
		text(report, (const void *)head);
		break;
	case CTRACE_BPF_FORK:
		begin_thread(report, thread);
		break;
	case CTRACE_BPF_NAME:
		ctrace_report_name(report, thread->tid, thread->comm);
		break;
	case CTRACE_BPF_EXEC:
		exec(report, (const void *)head);
		break;
	case CTRACE_BPF_EXIT:
		ctrace_report_exit(report, thread->tid);
		break;
	}
}
