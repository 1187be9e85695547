/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BPF_EVENTS_H
#define CTRACE_BPF_EVENTS_H

/* What a record of our programs in the kernel says, told to kernel_report.h. */

#include "tracer/sources/bpf/bpf_record.h"
#include "tracer/sources/kernel/kernel_report.h"

/* False: it is shorter than its kind, or of no kind; nothing is told. */
bool ctrace_bpf_event_write(struct ctrace_kernel_report *report, const struct ctrace_bpf_head *head,
			    uint32_t size);

#endif
