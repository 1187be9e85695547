/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_CPU_H
#define CTRACE_TRACEFS_CPU_H

/*
 * The buffer of one CPU in an instance: records one after the other, and what the
 * kernel says was lost.
 *
 *     ctrace_tracefs_cpu_open(&cpu, instance, n, &layout)
 *       while (ctrace_tracefs_cpu_look(&cpu, &layout)) {     a record lies ready
 *               cpu.page.stamp, .record; cpu.lost            how many were lost just before it
 *               ctrace_tracefs_cpu_take(&cpu);
 *       }
 *     ctrace_tracefs_cpu_close(&cpu)
 */

#include "tracer/sources/kernel/kernel_stream.h"
#include "tracer/sources/tracefs/tracefs_layout.h"

struct ctrace_kept_file;

struct ctrace_tracefs_cpu {
	int directory; /* of the instance; borrows */
	unsigned number;
	struct ctrace_kept_file *pipe; /* per_cpu/cpuN/trace_pipe_raw; owned. NULL: no such CPU */
	uint8_t *bytes;
	struct ctrace_tracefs_page page;
	bool has_record; /* looked at, not taken */
	uint64_t lost;	 /* before that record, not told yet */
	uint64_t told;	 /* losses, all in all */
	uint64_t taken;	 /* records */
	uint64_t read_bytes;
	uint64_t broken; /* pages of which a rest was given up */
	struct ctrace_kernel_stream stream;
};

/* What the kernel counted. */
struct ctrace_tracefs_counts {
	uint64_t unread, read, lost;
};

/* False: not possible, errno says why. */
bool ctrace_tracefs_cpu_open(struct ctrace_tracefs_cpu *cpu, int directory, unsigned number,
			     const struct ctrace_tracefs_layout *layout);

/* Is there a record? Blocks: no. */
bool ctrace_tracefs_cpu_look(struct ctrace_tracefs_cpu *cpu,
			     const struct ctrace_tracefs_layout *layout);

static inline void ctrace_tracefs_cpu_take(struct ctrace_tracefs_cpu *cpu)
{
	cpu->has_record = false;
	cpu->taken++;
}

struct ctrace_tracefs_counts ctrace_tracefs_cpu_counts(const struct ctrace_tracefs_cpu *cpu);

/* Takes zeroed ones. The stream is finished too. */
void ctrace_tracefs_cpu_close(struct ctrace_tracefs_cpu *cpu);

#endif
