/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_RINGS_H
#define CTRACE_PERF_RINGS_H

/*
 * One perf event on every processor, of the program and all that it starts (or of all
 * that runs there), each with a ring and a stream of the trace; and their records in the
 * order of time. Further events can share the rings. Of the recorder's own process: an event of
 * each of its threads on every processor, which all write to that processor's ring, and
 * which threads that come later inherit.
 *
 *     cpu 0 ring ──┐
 *     cpu 1 ring ──┼─► oldest first ─► take(record, ticks) ─► stream of that cpu
 *     cpu 2 ring ──┘
 *
 * The order over all rings is what makes a mapping known before the samples in it,
 * and a program gone before the next one runs in its process. So a round takes only
 * what is older than its beginning: a record that another processor is writing at
 * that moment waits for the next round.
 *
 *     ctrace_perf_rings_open(&rings, &attr, &settings, &answer)
 *       ctrace_perf_rings_add(&rings, &another, pid, &answer)    further events
 *       ctrace_perf_rings_enable(&rings)                         those that wait for no exec
 *       ctrace_perf_rings_drain(&rings, pass)
 *     ctrace_perf_rings_close(&rings)            losses that no record told
 */

#include "tracer/sources/kernel/clock_anchors.h"
#include "tracer/sources/kernel/kernel_stream.h"
#include "tracer/sources/perf/perf_event.h"
#include "tracer/sources/perf/perf_own.h"
#include "tracer/sources/perf/perf_record.h"
#include "tracer/sources/perf/perf_ring.h"

struct ctrace_perf_cpu {
	struct ctrace_perf_ring ring;
	struct ctrace_kernel_stream stream;
	int cpu;
	int fd;	       /* of the event whose ring it is */
	uint64_t told; /* losses that records told of */
};

struct ctrace_kept_file;
struct ctrace_own_threads;

/* An event of one processor: of the program, or of one of its threads. */
struct ctrace_perf_slot {
	struct ctrace_kept_file *file; /* owned */
	uint32_t cpu;		       /* index */
};

struct ctrace_perf_rings {
	struct ctrace_perf_cpu *cpus; /* owned */
	uint32_t count;
	struct ctrace_perf_slot *slots; /* owned */
	uint32_t slot_count, slot_capacity;
	const struct ctrace_own_threads *own; /* borrows; NULL: it is another's process */
	uint32_t own_pid;
	struct ctrace_perf_ways ways; /* of our own process */
	bool is_unmappable;	      /* opening failed at a ring's memory */
	bool is_begun;
	struct perf_event_attr attr; /* as the kernel took it */
	struct ctrace_clock_anchors anchors;
	struct ctrace_source_trace *trace;
	/* Gets each record. The stream of its processor is cpu->stream. */
	void (*take)(void *context, struct ctrace_perf_cpu *cpu,
		     const struct ctrace_perf_record *record, uint64_t ticks);
	void *context;
	bool is_wide; /* of all that runs on the processor, begun by ctrace_perf_rings_enable */
	uint64_t kb;  /* of each ring, where the user does not say; 0: what any user may lock */
	/* The clock's self-test, at the beginning and at the end. */
	struct ctrace_source_counts checks;
	uint64_t events, lost; /* in the trace; in all */
	uint64_t taken;	       /* records */
	uint64_t malformed;    /* records that were not what their type says */
	uint64_t throttled;    /* times that the kernel stopped samples for a while */
};

/*
 * Open `attr` for `target`, on every processor that runs. `name`: of the source. False: none could
 * be opened, as `answer` says, and nothing is left behind. `rings` is the caller's storage; take,
 * context, is_wide and kb are set.
 */
bool ctrace_perf_rings_open(struct ctrace_perf_rings *rings, const struct perf_event_attr *attr,
			    const struct ctrace_source_target *target, const char *name,
			    struct ctrace_source_answer *answer);

/*
 * A further event on each of these processors, of the same sample_type; its records go to the same
 * rings. `pid`: of this thread and all that it starts; -1: of all that runs. False: it could not
 * be opened on one of them, as `answer` says; the rings are as before for the others.
 */
bool ctrace_perf_rings_add(struct ctrace_perf_rings *rings, const struct perf_event_attr *attr,
			   pid_t pid, struct ctrace_source_answer *answer);

/* All events begin. */
void ctrace_perf_rings_enable(struct ctrace_perf_rings *rings);
/* And end: what is in the rings is all that there will be. */
void ctrace_perf_rings_disable(struct ctrace_perf_rings *rings);

/* One round. */
void ctrace_perf_rings_drain(struct ctrace_perf_rings *rings, struct ctrace_source_pass *pass);

/* After the last round: what was lost and not told, streams, memory, descriptors. Takes zeroed
 * ones. */
void ctrace_perf_rings_close(struct ctrace_perf_rings *rings);

/* For the row in SOURCES: losses, the clock's test, and a remark if there is one to make. */
void ctrace_perf_rings_count(const struct ctrace_perf_rings *rings,
			     struct ctrace_source_counts *counts);

/* perf_rings_open.c for perf_rings.c: close all events, the last first. */
void ctrace_perf_rings_close_slots(struct ctrace_perf_rings *rings);

#endif
