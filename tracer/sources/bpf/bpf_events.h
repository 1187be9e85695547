/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BPF_EVENTS_H
#define CTRACE_BPF_EVENTS_H

/* What a record of our programs in the kernel says, told to kernel_report.h. */

#include "tracer/sources/kernel/clock_anchors.h"

#include "tracer/sources/bpf/bpf_record.h"
#include "tracer/sources/kernel/kernel_report.h"

/* Is it one of ours, and as long as its kind? */
bool ctrace_bpf_event_is_whole(const struct ctrace_bpf_head *head, uint32_t size);
/* How many events it stands for, found or lost: a call has a begin and an end. */
unsigned ctrace_bpf_event_weight(const struct ctrace_bpf_head *head);
/* When what it tells begins. */
uint64_t ctrace_bpf_event_begin(const struct ctrace_bpf_head *head);

/* Of a whole one: `report->ticks` is its begin. */
void ctrace_bpf_event_write(struct ctrace_kernel_report *report, const struct ctrace_bpf_head *head,
			    const struct ctrace_clock_anchors *anchors);

#endif
