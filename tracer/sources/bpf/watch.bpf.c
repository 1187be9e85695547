/* SPDX-License-Identifier: MIT */
/*
 * What runs in the kernel: looks at the scheduler's and the calls' tracepoints, and
 * passes on what touches the threads that are followed. Follows what they start.
 *
 *     tracepoint ─► is it one of ours? (`threads`) ─► room in the ring of this CPU ─► record
 *                                                        └ none: counted (`counts`)
 *
 * Who is ours is watch_threads.bpf.h, room watch_records.bpf.h, calls are watch_calls.bpf.h. Here
 * is who runs, and how threads come and go.
 *
 * Each program runs to its end on its CPU, but an interrupt may run another one in
 * between: so counters are atomic, and of two records of one CPU the later may have the
 * earlier stamp.
 */

#include "tracer/sources/bpf/watch_calls.bpf.h"
#include "tracer/sources/bpf/watch_records.bpf.h"
#include "tracer/sources/bpf/watch_threads.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Does sched_switch tell the state in an argument of its own (since 5.18)? Set by the recorder,
 * before loading. */
const volatile bool has_switch_state = true;

/* A record of changing size is put together here: as text_room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ctrace_bpf_exec);
} exec_room SEC(".maps");

/* ---- who runs ---- */

static __always_inline __u32 state_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state)) {
		return task->__state;
	}
	return (__u32)BPF_CORE_READ((struct task_struct___5_13 *)task, state);
}

static __always_inline __u32 cpu_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->thread_info.cpu)) {
		return task->thread_info.cpu;
	}
	return BPF_CORE_READ((struct task_struct___5_15 *)task, cpu);
}

SEC("tp_btf/sched_switch")
int switch_threads(__u64 *args)
{
	struct task_struct *prev = (void *)args[1], *next = (void *)args[2];
	struct ctrace_bpf_switch *record;

	if (!is_on || (!tell_own_begin() && find(next) == NULL)) {
		return 0;
	}
	record = ROOM(ctrace_bpf_switch, bpf_ktime_get_ns(), CTRACE_BPF_SWITCH);
	if (record == NULL) {
		return 0;
	}
	record->prev = prev->pid;
	record->next = next->pid;
	/* The thread's own word for it may have changed since: it can be woken meanwhile. */
	record->state = (has_switch_state ? (__u32)args[3] : state_of(prev)) | prev->exit_state;
	record->is_preempted = (bool)args[0];
	record->next_prio = next->prio;
	record->unused = 0;
	copy_comm(record->prev_comm, prev);
	copy_comm(record->next_comm, next);
	done(record);
	return 0;
}

static __always_inline void tell(struct task_struct *task, enum ctrace_bpf_kind kind, __u32 to_cpu)
{
	struct ctrace_bpf_thread *record = ROOM(ctrace_bpf_thread, bpf_ktime_get_ns(), kind);

	if (record == NULL) {
		return;
	}
	record->tid = task->pid;
	record->pid = task->tgid;
	record->cpu = cpu_of(task);
	record->to_cpu = to_cpu;
	copy_comm(record->comm, task);
	done(record);
}

static __always_inline int wake(struct task_struct *task)
{
	if (is_on && (tell_own_begin() || find(task) != NULL)) {
		tell(task, CTRACE_BPF_WAKING, 0);
	}
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(waking, struct task_struct *task)
{
	return wake(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(wake_new, struct task_struct *task)
{
	return wake(task);
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(migrate, struct task_struct *task, int cpu)
{
	if (is_on && find(task) != NULL) {
		tell_own_begin();
		tell(task, CTRACE_BPF_MIGRATE, cpu);
	}
	return 0;
}

/* ---- threads come and go ---- */

SEC("tp_btf/task_newtask")
int BPF_PROG(begin, struct task_struct *task)
{
	struct place *place = place_of((__u64)task);

	if (is_on && place != NULL && tell_own_begin()) {
		follow(place, (__u64)task);
		tell(task, CTRACE_BPF_FORK, 0);
	}
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(rename, struct task_struct *task, const char *comm)
{
	struct ctrace_bpf_thread *record;

	if (!is_on || find(task) == NULL) {
		return 0;
	}
	tell_own_begin();
	record = ROOM(ctrace_bpf_thread, bpf_ktime_get_ns(), CTRACE_BPF_NAME);
	if (record == NULL) {
		return 0;
	}
	record->tid = task->pid;
	record->pid = task->tgid;
	record->cpu = 0;
	record->to_cpu = 0;
	record->comm[0] = '\0';
	bpf_probe_read_kernel_str(record->comm, sizeof(record->comm), comm);
	done(record);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec, struct task_struct *task, int old_tid, struct linux_binprm *program)
{
	__u32 zero = 0;
	struct ctrace_bpf_exec *record = bpf_map_lookup_elem(&exec_room, &zero);
	struct followed *own;
	long size;

	if (!is_on || record == NULL || (own = find(task)) == NULL) {
		return 0;
	}
	tell_begin(own);
	own->missed = 0; /* they point into the program that was */
	size = bpf_probe_read_kernel_str(record->bytes, sizeof(record->bytes), program->filename);
	if (size <= 0 || size > CTRACE_BPF_TEXT_BYTES) {
		record->bytes[0] = '\0';
		size = 1;
	}
	record->old_tid = old_tid;
	record->size = size;
	put(&record->head, offsetof(struct ctrace_bpf_exec, bytes) + (__u64)size,
	    bpf_ktime_get_ns(), CTRACE_BPF_EXEC);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(end, struct task_struct *task)
{
	if (is_on && find(task) != NULL) {
		tell_own_begin();
		tell(task, CTRACE_BPF_EXIT, 0);
	}
	return 0;
}

/* After its last switch; its address may be another's from now on. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(forget, struct task_struct *task)
{
	static const struct followed fresh;
	__u64 key = (__u64)task;
	struct place *place = place_of(key);

	if (place == NULL) {
		return 0;
	}
	if (place->task == key) {
		place->followed = fresh;
		__atomic_exchange_n(&place->task, 0, __ATOMIC_ACQ_REL); /* to follow */
	} else if (place->others != 0 && bpf_map_delete_elem(&threads, &key) == 0) {
		__atomic_fetch_add(&place->others, -1, __ATOMIC_RELAXED);
	}
	return 0;
}

/* Some of the helpers are for programs under the GPL only. */
char licence[] SEC("license") = "Dual MIT/GPL";
