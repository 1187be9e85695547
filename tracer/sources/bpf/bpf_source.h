/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BPF_SOURCE_H
#define CTRACE_BPF_SOURCE_H

/*
 * `bpf`: what tracefs tells, and the texts that calls point to, by programs of ours in
 * the kernel; for users with CAP_BPF and CAP_PERFMON, who need not be root.
 *
 *     watch.bpf.c, in the kernel ─► bpf_ring.h: a ring for each CPU
 *                                     │  in order of time over all CPUs, as far as it is known
 *                                     ▼
 *                                  bpf_events.h ─► kernel_report.h: streams, tables
 *
 * Built without BPF (the option `bpf`), it says so.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_bpf;

#endif
