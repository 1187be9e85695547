/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_GATHER_H
#define CTRACE_GATHER_H

/*
 * Built streams come together: tracks and lanes in the order they are shown, CPUs first, counters
 * of a process merged by time, memory, tasks packed into lanes, flows sorted.
 */

#include "viewer-server/model/build/load.h"
#include "viewer-server/model/memory/memory_curves.h"

/* Fill the model from what was loaded; lanes move into it, the rest stays the caller's to finish.
 */
enum ctrace_status ctrace_gather(struct ctrace_model *model, struct ctrace_loaded *loaded,
				 const struct ctrace_memory_curves *memory);

/* For the files behind it (tracks.c, counter_lanes.c, memory_lanes.c, task_lanes.c, flow_table.c):
 */
struct ctrace_gathering {
	struct ctrace_model *model;
	struct ctrace_stream_build *builds;
	uint32_t build_count;
	struct ctrace_kernel_lanes *kernel;
	const struct ctrace_memory_curves *memory;
	/* Builds process by process, and the pid of each build; owned. */
	uint32_t *grouped;
	uint64_t *pids;
	/* Those of the process that is being added, ascending; borrows `grouped`. */
	const uint32_t *own;
	uint32_t own_count;
	uint32_t *build_of_thread;			  /* owned; NULL: not asked for yet */
	struct ctrace_column lanes, lane_streams, tracks; /* moved into the model at the end */
};

/* Add a lane (moved: *lane is left empty) under `track`; false: no memory. `stream` may be
 * CTRACE_NONE. */
bool ctrace_gather_lane(struct ctrace_gathering *gathering, struct ctrace_lane *lane,
			uint32_t track, uint32_t depth, uint32_t stream);
/* The process a built stream belongs to. */
uint64_t ctrace_gather_pid(const struct ctrace_gathering *gathering, uint32_t build);

enum ctrace_status ctrace_gather_counters(struct ctrace_gathering *gathering, uint64_t pid,
					  uint32_t track);
/* The samples, sorted here, one lane a name from `depth` on. */
bool ctrace_gather_counter_lanes(struct ctrace_gathering *gathering, struct ctrace_column *samples,
				 uint32_t track, uint32_t depth);
/* A process's collections and pauses; fills `halted` of its threads, which have no lanes yet. */
enum ctrace_status ctrace_gather_collector(struct ctrace_gathering *gathering, uint64_t pid,
					   uint32_t track);
enum ctrace_status ctrace_gather_memory(struct ctrace_gathering *gathering, uint64_t pid,
					uint32_t track);
enum ctrace_status ctrace_gather_memory_threads(struct ctrace_gathering *gathering, uint64_t pid,
						uint32_t track);
enum ctrace_status ctrace_gather_tasks(struct ctrace_gathering *gathering, uint64_t pid,
				       uint32_t track);
/* Those of all processes, when all are there. */
void ctrace_gather_tasks_sort(struct ctrace_gathering *gathering);
enum ctrace_status ctrace_gather_flows(struct ctrace_gathering *gathering);

#endif
