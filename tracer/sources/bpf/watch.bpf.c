/* SPDX-License-Identifier: MIT */
/*
 * What runs in the kernel: looks at the scheduler's and the calls' tracepoints, and
 * passes on what touches the threads that are followed. Follows what they start.
 *
 *     tracepoint ─► is it one of ours? (`threads`) ─► room in the ring of this CPU ─► record
 *                                                        └ none: counted (`counts`)
 *
 * Each program runs to its end on its CPU, but an interrupt may run another one in
 * between: so counters are atomic, and of two records of one CPU the later may have the
 * earlier stamp.
 */

#include "tracer/sources/bpf/bpf_record.h"

#include <linux/bpf.h>
#include <stdbool.h>

#include "tracer/sources/bpf/kernel_types.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define TS_COMPAT   0x0002     /* x86: thread_info.status */
#define X32_BIT	    0x40000000 /* x86: of a number */
#define THREADS_MAX 32768

/* ---- set by the recorder: before loading ---- */

/* Does sched_switch tell the state in an argument of its own (since 5.18)? */
const volatile bool has_switch_state = true;
const volatile __u32 cpu_count = 1;
const volatile __u16 call_texts[CTRACE_BPF_CALLS];

/* ---- and while they run ---- */

bool is_on;
/* The thread of this number is followed from its next event on; then it is 0. */
__u32 next_tid;
/* Threads that would have been followed, but for room. */
__u64 unfollowed;

/*
 * What is remembered of a thread: its call. Only the thread itself and interrupts on its CPU touch
 * this. A call's begin is told with its end, or before anything else that its CPU tells.
 */
struct followed {
	__u64 begun_ns;
	__s64 number;
	__u64 args[CTRACE_BPF_ARGS];
	__u32 missed;	  /* as call_texts: pointers whose text was not in memory when it began */
	__u32 is_untold;  /* it has begun, and there is no record of that */
	__u32 is_leaving; /* and will be told with its end, whatever interrupts */
	__u32 is_compat;
};

/*
 * Threads by the address of task_struct, which stays while numbers change hands, at exec and after
 * exit. Each address has one place here, which is found without a call of the kernel's; where
 * it is another's, the thread is in the table below.
 */
struct place {
	__u64 task;   /* 0: nobody's */
	__u64 others; /* threads of this place that are in the table */
	struct followed followed;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CTRACE_BPF_PLACES);
	__type(key, __u32);
	__type(value, struct place);
} places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, THREADS_MAX);
	__type(key, __u64);
	__type(value, struct followed);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ctrace_bpf_counts);
} counts SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* A record of changing size is put together here. Only programs that no other one can interrupt on
 * its CPU use theirs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ctrace_bpf_text);
} text_room SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ctrace_bpf_exec);
} exec_room SEC(".maps");

/* ---- who is followed ---- */

/* As a number: the kernel lets nobody reckon with a pointer, unless a byte of it was written over.
 */
static __always_inline __u32 low_half(__u64 pointer)
{
	volatile __u64 word = pointer;

	((volatile __u8 *)&word)[7] = 0;
	return *(volatile __u32 *)&word;
}

static __always_inline struct place *place_of(__u64 task)
{
	__u32 at = (low_half(task) >> 6) * 2654435761u >> (32 - CTRACE_BPF_PLACES_BITS);

	return bpf_map_lookup_elem(&places, &at);
}

static __always_inline struct followed *follow_in_table(struct place *place, __u64 task)
{
	static const struct followed fresh;

	__atomic_fetch_add(&place->others, 1, __ATOMIC_RELAXED);
	if (bpf_map_update_elem(&threads, &task, &fresh, BPF_ANY) != 0) {
		__atomic_fetch_add(&place->others, -1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&unfollowed, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	return bpf_map_lookup_elem(&threads, &task);
}

static __always_inline struct followed *follow(struct place *place, __u64 task)
{
	__u64 nobody = 0;

	/* Acquires what forget released: the place is empty. */
	if (__atomic_compare_exchange_n(&place->task, &nobody, task, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED)) {
		return &place->followed;
	}
	return follow_in_table(place, task);
}

static __always_inline struct followed *find(struct task_struct *task)
{
	__u64 key = (__u64)task;
	struct place *place = place_of(key);
	struct followed *found;

	if (place == NULL) {
		return NULL;
	}
	if (place->task == key) {
		return &place->followed;
	}
	if (place->others != 0 && (found = bpf_map_lookup_elem(&threads, &key)) != NULL) {
		return found;
	}
	if (next_tid != 0 && (__u32)task->pid == next_tid) {
		next_tid = 0;
		return follow(place, key);
	}
	return NULL;
}

/* ---- records ---- */

static __always_inline struct ctrace_bpf_counts *own_counts(__u32 cpu)
{
	__u32 at = cpu < cpu_count ? cpu : 0;

	return bpf_map_lookup_elem(&counts, &at);
}

static __always_inline void fill(struct ctrace_bpf_head *head, __u64 stamp_ns,
				 enum ctrace_bpf_kind kind, const struct ctrace_bpf_counts *own)
{
	head->stamp_ns = stamp_ns;
	head->lost = own->lost;
	head->tid = (__u32)bpf_get_current_pid_tgid();
	head->kind = kind;
	head->is_compat = 0;
}

static __always_inline void *room(__u64 size, __u64 stamp_ns, enum ctrace_bpf_kind kind)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct ctrace_bpf_counts *own = own_counts(cpu);
	void *ring = bpf_map_lookup_elem(&rings, &cpu);
	struct ctrace_bpf_head *head;

	if (own == NULL) {
		return NULL;
	}
	__atomic_fetch_add(&own->tried, 1, __ATOMIC_RELAXED);
	head = ring != NULL ? bpf_ringbuf_reserve(ring, size, 0) : NULL;
	if (head == NULL) {
		__atomic_fetch_add(&own->lost, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	fill(head, stamp_ns, kind, own);
	return head;
}

#define ROOM(type, stamp_ns, kind) ((struct type *)room(sizeof(struct type), stamp_ns, kind))

/* The recorder looks of its own accord. */
static __always_inline void done(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* One of changing size: its head is filled in, and it is copied. */
static __always_inline void put(struct ctrace_bpf_head *head, __u64 size, __u64 stamp_ns,
				enum ctrace_bpf_kind kind)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct ctrace_bpf_counts *own = own_counts(cpu);
	void *ring = bpf_map_lookup_elem(&rings, &cpu);

	if (own == NULL) {
		return;
	}
	__atomic_fetch_add(&own->tried, 1, __ATOMIC_RELAXED);
	fill(head, stamp_ns, kind, own);
	if (ring == NULL || bpf_ringbuf_output(ring, head, size, BPF_RB_NO_WAKEUP) != 0) {
		__atomic_fetch_add(&own->lost, 1, __ATOMIC_RELAXED);
	}
}

static __always_inline void copy_comm(char *to, const struct task_struct *task)
{
	__builtin_memcpy(to, task->comm, CTRACE_BPF_COMM_BYTES);
}

/* ---- calls ---- */

/* Which registers hold a call's arguments: meson.build admits no other machines. */
#if defined(__TARGET_ARCH_x86)
static __always_inline bool is_compat(const struct task_struct *task)
{
	return (task->thread_info.status & TS_COMPAT) != 0;
}

static __always_inline void read_args(struct followed *call, const struct pt_regs *regs)
{
	bool is_32 = call->is_compat;

	call->args[0] = is_32 ? (__u32)regs->bx : regs->di;
	call->args[1] = is_32 ? (__u32)regs->cx : regs->si;
	call->args[2] = is_32 ? (__u32)regs->dx : regs->dx;
	call->args[3] = is_32 ? (__u32)regs->si : regs->r10;
	call->args[4] = is_32 ? (__u32)regs->di : regs->r8;
	call->args[5] = is_32 ? (__u32)regs->bp : regs->r9;
}

static __always_inline __s64 number_of(const struct pt_regs *regs)
{
	return (__s64)regs->orig_ax;
}
#elif defined(__TARGET_ARCH_arm64)
#define TIF_32BIT 22

static __always_inline bool is_compat(const struct task_struct *task)
{
	return (task->thread_info.flags & 1ul << TIF_32BIT) != 0;
}

static __always_inline void read_args(struct followed *call, const struct pt_regs *regs)
{
	call->args[0] = regs->orig_x0;
	call->args[1] = regs->regs[1];
	call->args[2] = regs->regs[2];
	call->args[3] = regs->regs[3];
	call->args[4] = regs->regs[4];
	call->args[5] = regs->regs[5];
}

static __always_inline __s64 number_of(const struct pt_regs *regs)
{
	return regs->syscallno;
}
#endif

/* Of this call, as call_texts says it. */
static __always_inline __u32 texts_of(const struct followed *call)
{
	__u64 number = (__u64)call->number & ~(__u64)X32_BIT;

	if (number >= CTRACE_BPF_COMPAT_CALLS) {
		return 0;
	}
	number += call->is_compat ? CTRACE_BPF_COMPAT_CALLS : 0;
	return call_texts[number & (CTRACE_BPF_CALLS - 1)];
}

/* False: it is not in memory, or is none. */
static bool send_text(__u64 pointer, __u64 stamp_ns, __u32 index)
{
	__u32 zero = 0;
	struct ctrace_bpf_text *text = bpf_map_lookup_elem(&text_room, &zero);
	long size;

	if (text == NULL) {
		return true;
	}
	size = bpf_probe_read_user_str(text->bytes, sizeof(text->bytes), (const void *)pointer);
	if (size <= 0 || size > CTRACE_BPF_TEXT_BYTES) {
		return false;
	}
	text->index = index;
	text->is_address = 0;
	text->size = size;
	put(&text->head, offsetof(struct ctrace_bpf_text, bytes) + (__u64)size, stamp_ns,
	    CTRACE_BPF_TEXT);
	return true;
}

static bool send_address(__u64 pointer, __u64 size, __u64 stamp_ns, __u32 index)
{
	__u32 zero = 0;
	struct ctrace_bpf_text *text = bpf_map_lookup_elem(&text_room, &zero);

	if (text == NULL || size == 0 || size > CTRACE_BPF_ADDRESS_BYTES) {
		return true;
	}
	if (bpf_probe_read_user(text->bytes, size, (const void *)pointer) != 0) {
		return false;
	}
	text->index = index;
	text->is_address = 1;
	text->size = size;
	put(&text->head, offsetof(struct ctrace_bpf_text, bytes) + size, stamp_ns, CTRACE_BPF_TEXT);
	return true;
}

/* Those of `wanted` that can be read. Returns the others. */
static __noinline __u32 send_texts(const __u64 *args, __u32 wanted, __u64 stamp_ns)
{
	__u32 missed = 0;

	if (args == NULL) {
		return 0;
	}
	for (__u32 i = 0; i < CTRACE_BPF_ARGS; i++) {
		__u32 text = 1u << i, address = text << CTRACE_BPF_ADDRESS_SHIFT;

		if ((wanted & text) != 0 && args[i] != 0 && !send_text(args[i], stamp_ns, i)) {
			missed |= text;
		}
		if ((wanted & address) != 0 && args[i] != 0 && i + 1 < CTRACE_BPF_ARGS &&
		    !send_address(args[i], (__u32)args[i + 1], stamp_ns, i)) {
			missed |= address;
		}
	}
	return missed;
}

/* Before anything else is told on its CPU. An interrupt may do it first, so only one does. */
static __always_inline void tell_begin(struct followed *call)
{
	struct ctrace_bpf_enter *record;

	if (!call->is_untold || call->is_leaving ||
	    __atomic_exchange_n(&call->is_untold, 0, __ATOMIC_RELAXED) == 0) {
		return;
	}
	record = ROOM(ctrace_bpf_enter, call->begun_ns, CTRACE_BPF_ENTER);
	if (record != NULL) {
		record->head.is_compat = call->is_compat;
		record->number = call->number;
		__builtin_memcpy(record->args, call->args, sizeof(record->args));
		done(record);
	}
}

/* Of the thread that has the CPU. */
static __always_inline bool tell_own_begin(void)
{
	struct followed *own = find((void *)bpf_get_current_task_btf());

	if (own == NULL) {
		return false;
	}
	tell_begin(own);
	return true;
}

/* An interrupt sees these in the order in which they stand. */
#define IN_ORDER() __asm__ volatile("" ::: "memory")

SEC("tp_btf/sys_enter")
int BPF_PROG(enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct followed *call;
	__u32 wanted;

	if (!is_on || (call = find(task)) == NULL) {
		return 0;
	}
	call->is_leaving = 0;
	IN_ORDER();
	tell_begin(call); /* of one without an end */
	call->begun_ns = bpf_ktime_get_ns();
	call->number = id;
	call->is_compat = is_compat(task);
	read_args(call, regs);
	IN_ORDER();
	call->is_untold = 1;
	call->missed = 0;
	wanted = texts_of(call);
	if (wanted != 0) {
		tell_begin(call);
		call->missed = send_texts(call->args, wanted, call->begun_ns);
	}
	return 0;
}

static __always_inline void fill_call(struct ctrace_bpf_call *record, const struct followed *call,
				      __s64 result)
{
	record->head.is_compat = call->is_compat;
	record->begun_ns = call->begun_ns;
	record->number = call->number;
	record->result = result;
	__builtin_memcpy(record->args, call->args, sizeof(record->args));
}

/*
 * In one record with its begin, unless an interrupt tells of that meanwhile: then it is false. What
 * interrupts comes behind the room that is taken here, so that stamps stay in order.
 */
static __always_inline bool tell_call(struct followed *call, __s64 result, __u64 now)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct ctrace_bpf_counts *own = own_counts(cpu);
	void *ring = bpf_map_lookup_elem(&rings, &cpu);
	struct ctrace_bpf_call *record;

	if (!call->is_untold || own == NULL || ring == NULL) {
		return false;
	}
	record = bpf_ringbuf_reserve(ring, sizeof(*record), 0);
	call->is_leaving = 1;
	IN_ORDER();
	if (!call->is_untold) {
		if (record != NULL) {
			bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		}
		return false;
	}
	call->is_untold = 0;
	__atomic_fetch_add(&own->tried, 2, __ATOMIC_RELAXED);
	if (record == NULL) {
		__atomic_fetch_add(&own->lost, 2, __ATOMIC_RELAXED);
		return true;
	}
	fill(&record->head, now, CTRACE_BPF_CALL, own);
	fill_call(record, call, result);
	done(record);
	return true;
}

static __always_inline void tell_end(__s64 number, __s64 result, __u64 now)
{
	struct ctrace_bpf_leave *record = ROOM(ctrace_bpf_leave, now, CTRACE_BPF_LEAVE);

	if (record != NULL) {
		record->number = number;
		record->result = result;
		done(record);
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(leave, struct pt_regs *regs, long result)
{
	struct followed *call;
	__u64 now;

	if (!is_on || (call = find((void *)bpf_get_current_task_btf())) == NULL) {
		return 0;
	}
	now = bpf_ktime_get_ns();
	if (tell_call(call, result, now)) {
		return 0;
	}
	/* The kernel has read them by now, and so brought them into memory. */
	if (call->missed != 0) {
		send_texts(call->args, call->missed, now);
		call->missed = 0;
	}
	tell_end(number_of(regs), result, now);
	return 0;
}

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
