/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_REPORT_H
#define CTRACE_KERNEL_REPORT_H

/*
 * What a record of the kernel's means, whichever way it came: an event in its CPU's
 * stream, and what it tells of threads, calls and descriptors.
 *
 *     report = {&stream, ticks}
 *     ctrace_report_enter(&report, tid, number, args)     and so on: one call, one record
 *
 * Records of all CPUs come in the order of time, as far as that is known. A `comm` is a thread's
 * name of CTRACE_COMM_BYTES bytes, which may lack a NUL; NULL: the record does not say.
 */

#include "format/kernel_events.h"
#include "tracer/sources/kernel/kernel_stream.h"
#include "tracer/sources/kernel/kernel_threads.h"

struct ctrace_kernel_report {
	struct ctrace_kernel_stream *stream; /* of the CPU */
	uint64_t ticks;
};

/* ---- calls; `number` is the kernel's ---- */

void ctrace_report_enter(struct ctrace_kernel_report *report, uint32_t tid, int64_t number,
			 const uint64_t args[CTRACE_CALL_ARGS]);
/* Its number is not always that of the beginning, which counts if it is known: a signal's return
 * has -1. */
void ctrace_report_leave(struct ctrace_kernel_report *report, uint32_t tid, int64_t number,
			 int64_t result);
/* That argument `index` of the call points to. */
void ctrace_report_text(struct ctrace_kernel_report *report, uint32_t tid, unsigned index,
			struct ctrace_bytes text);

/* ---- who runs ---- */

/* The state of one that could have run on, where the kernel does not say more: only who asked for
 * it has yielded, any other was stopped, perhaps on its way back from an interrupt. */
enum ctrace_run_state ctrace_report_runnable(const struct ctrace_kernel_report *report,
					     uint32_t tid);

void ctrace_report_switch(struct ctrace_kernel_report *report,
			  const struct ctrace_sched_switch *event, const char *prev_comm,
			  const char *next_comm);
void ctrace_report_waking(struct ctrace_kernel_report *report,
			  const struct ctrace_sched_waking *event, const char *comm);
void ctrace_report_migrate(struct ctrace_kernel_report *report, uint32_t tid, uint64_t from_cpu,
			   uint64_t to_cpu);

/* ---- threads come and go ---- */

/* `fork->pid` 0: that of its parent. */
void ctrace_report_fork(struct ctrace_kernel_report *report, const struct ctrace_kernel_fork *fork,
			const char *comm);
/* A name is a row, no event. */
void ctrace_report_name(const struct ctrace_kernel_report *report, uint32_t tid, const char *comm);
/* `name`: of the program's file, ended by a NUL. */
void ctrace_report_exec(struct ctrace_kernel_report *report, uint32_t tid, uint32_t old_tid,
			const char *name);
void ctrace_report_exit(struct ctrace_kernel_report *report, uint32_t tid);

#endif
