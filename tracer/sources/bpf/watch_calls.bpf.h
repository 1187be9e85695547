/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_WATCH_CALLS_BPF_H
#define CTRACE_WATCH_CALLS_BPF_H

/*
 * The kernel's calls: their begins, their ends, and the texts that they are given. A call's begin
 * is told with its end in one record, or before anything else that its CPU tells. Part of
 * watch.bpf.c.
 */

#include "tracer/sources/bpf/watch_records.bpf.h"
#include "tracer/sources/bpf/watch_threads.bpf.h"

#include <bpf/bpf_tracing.h>

#define TS_COMPAT 0x0002     /* x86: thread_info.status */
#define X32_BIT	  0x40000000 /* x86: of a number */

/* Set by the recorder, before loading. */
const volatile __u16 call_texts[CTRACE_BPF_CALLS];

/* A record of changing size is put together here. Only programs that no other one can interrupt on
 * its CPU use theirs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ctrace_bpf_text);
} text_room SEC(".maps");

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

#endif
