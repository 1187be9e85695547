/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_WATCH_THREADS_BPF_H
#define CTRACE_WATCH_THREADS_BPF_H

/*
 * Who is followed, in the kernel: threads of the recorded program, with what is remembered of each.
 * Part of watch.bpf.c.
 */

#include "tracer/sources/bpf/bpf_record.h"

#include <linux/bpf.h>
#include <stdbool.h>

#include "tracer/sources/bpf/kernel_types.bpf.h"

#include <bpf/bpf_helpers.h>

#define THREADS_MAX 32768

/* ---- set by the recorder, while programs run ---- */

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

#endif
