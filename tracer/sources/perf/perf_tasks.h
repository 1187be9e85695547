/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_TASKS_H
#define CTRACE_PERF_TASKS_H

/*
 * Threads and processes as perf tells of them (names, forks, execs, exits): events, and
 * rows of THREADS and PROCESSES, unless another source tells of them.
 */

#include "tracer/sources/perf/perf_rings.h"

/* The settings of an event that tells of them. */
void ctrace_perf_tasks_ask(struct perf_event_attr *attr);

struct ctrace_perf_tasks {
	struct ctrace_source_trace *trace; /* borrows */
	bool tells;			   /* no: another source does */
};

/* Its part is taken, if no other source has it; then the program itself gets its rows, or, of our
 * own process, all its threads. */
void ctrace_perf_tasks_begin(struct ctrace_perf_tasks *tasks,
			     const struct ctrace_source_target *target);

/* Take a record, if it is of that kind; its event goes to `stream`. Allocates: yes. */
void ctrace_perf_tasks_take(const struct ctrace_perf_tasks *tasks,
			    struct ctrace_kernel_stream *stream,
			    const struct ctrace_perf_record *record, uint64_t ticks);

#endif
