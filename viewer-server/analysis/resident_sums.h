/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RESIDENT_SUMS_H
#define CTRACE_RESIDENT_SUMS_H

/*
 * What processes had in RAM (SPEC 8.5), over a stretch of time: each, and all together.
 *
 *     ctrace_resident_init(&resident, trace, &settings)      one walk; or, in a walk that is made
 * anyway: ctrace_resident_take(&resident, &event)              each process_memory, in order of
 * time ctrace_resident_pass(&resident, time)                the stretch begins: what holds now
 *     resident.rows, resident.all
 *     ctrace_resident_finish(&resident)                      takes zeroed ones
 *
 * A process that has ended has nothing; its `end` is what it had last.
 *
 * Thread: any, own object.  Allocates: 100 bytes a process.
 */

#include "format/map.h"
#include "viewer-server/model/memory/heap_walk.h"

struct ctrace_resident_row {
	uint64_t pid;	/* 0: of all together */
	uint64_t now;	/* bytes, at the last event that was taken */
	uint64_t begin; /* when the stretch began; 0: it was not there yet */
	uint64_t end;	/* the last value above 0 */
	uint64_t most, most_time;
	bool is_there; /* in the stretch; without one of these all else is 0 */
	bool has_ended;
};

struct ctrace_resident {
	struct ctrace_resident_row *rows; /* owned; as first met */
	uint32_t count, room;
	struct ctrace_resident_row all;
	struct ctrace_map row_of_pid;
	uint64_t events;
};

struct ctrace_resident_settings {
	uint64_t start, end;   /* ns; end UINT64_MAX: of the trace */
	const uint8_t *chunks; /* as in struct ctrace_heap_choice */
	/* Of the processes of these threads alone; none: of all. */
	const uint64_t *threads;
	uint32_t thread_count;
};

/* False: no memory. Others than process_memory are passed over. */
bool ctrace_resident_take(struct ctrace_resident *resident, const struct ctrace_heap_event *event);
void ctrace_resident_pass(struct ctrace_resident *resident, uint64_t time);
/* CTRACE_ERR_NO_MEMORY, or done. Rows are in order of the most. */
enum ctrace_status ctrace_resident_init(struct ctrace_resident *resident,
					const struct ctrace_trace *trace,
					const struct ctrace_resident_settings *settings);
void ctrace_resident_finish(struct ctrace_resident *resident);

#endif
