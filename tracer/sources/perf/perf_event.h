/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_EVENT_H
#define CTRACE_PERF_EVENT_H

/*
 * The kernel's perf events: what all of ours have in common, opening one, and why
 * one does not open, in words.
 */

#include "tracer/sources/source.h"

#include <linux/perf_event.h>
#include <sys/types.h>

/*
 * What all of ours have: stamps of CLOCK_MONOTONIC_RAW, user mode only, so that every
 * user may (some ask for more), who and when in every record, and a count of what was lost.
 */
struct perf_event_attr ctrace_perf_attr(uint64_t config, uint64_t sample_type);

/*
 * An event of `pid` (0: the caller) on `cpu` (-1: any). Kernels that do not know the newest
 * settings (build ids of mappings, counts of losses, inheriting by threads alone) get it without
 * them; `attr` then says so. Returns the descriptor, which closes on exec, or -errno.
 *
 * Blocks: no.  Allocates: no.
 */
int ctrace_perf_open(struct perf_event_attr *attr, pid_t pid, int cpu);

/* Does the kernel let this process have such an event? Opens one of its own and closes it. */
void ctrace_perf_probe(struct perf_event_attr *attr, struct ctrace_source_answer *answer);

/* Why not: of an errno of ctrace_perf_open. */
void ctrace_perf_refuse(struct ctrace_source_answer *answer, int error);
/* The same of mapping its ring. */
void ctrace_perf_refuse_ring(struct ctrace_source_answer *answer, int error);

/* What was lost so far, of an event that counts it; 0 without. */
uint64_t ctrace_perf_lost(int fd, const struct perf_event_attr *attr);

#endif
