/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_WATCH_RECORDS_BPF_H
#define CTRACE_WATCH_RECORDS_BPF_H

/*
 * Records on their way out of the kernel: room in the ring of this CPU, or a count of what found
 * none. Part of watch.bpf.c.
 */

#include "tracer/sources/bpf/bpf_record.h"

#include <linux/bpf.h>
#include <stdbool.h>

#include "tracer/sources/bpf/kernel_types.bpf.h"

#include <bpf/bpf_helpers.h>

/* Set by the recorder, before loading. */
const volatile __u32 cpu_count = 1;

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

#endif
