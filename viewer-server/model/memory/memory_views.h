/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MEMORY_VIEWS_H
#define CTRACE_MEMORY_VIEWS_H

/*
 * What is shown of a process's memory: its curves as a list, each with a name, a unit and points.
 * The timeline makes lanes of it, Chrome JSON counters.
 *
 *     ctrace_memory_views_init(&views, &curves, process)      its place among curves.processes
 *       for each of views.count: views.views[i]
 *     ctrace_memory_views_finish(&views)
 *
 * Order: resident, anonymous, live heap, its pools, allocation rate, mapped, touched;
 * then the rates of threads, the largest first, if there are two and more. Curves without points
 * are left out.
 *
 * Thread: any, own object.  Allocates: up to 2 MiB, points of rates.
 */

#include "viewer-server/model/memory/memory_curves.h"
#include "viewer-server/model/model.h"

/* More pools and more threads than these are not shown. */
#define CTRACE_MEMORY_POOLS_SHOWN   32u
#define CTRACE_MEMORY_THREADS_SHOWN 64u
/* A longer name of a pool is cut. */
#define CTRACE_MEMORY_NAME_BYTES 256u

enum ctrace_memory_what {
	CTRACE_MEMORY_RESIDENT,
	CTRACE_MEMORY_ANONYMOUS,
	CTRACE_MEMORY_LIVE,
	CTRACE_MEMORY_POOL,
	CTRACE_MEMORY_RATE,
	CTRACE_MEMORY_MAPPED,
	CTRACE_MEMORY_TOUCHED,
	CTRACE_MEMORY_THREAD_RATE,
};

struct ctrace_memory_view {
	enum ctrace_memory_what what;
	enum ctrace_lane_unit unit;
	bool is_estimate;
	uint64_t step;	 /* as in struct ctrace_lane_info */
	uint32_t stream; /* of a thread's rate */
	char name[CTRACE_MEMORY_NAME_BYTES];
	uint32_t name_size;
	const struct ctrace_curve_point *points; /* borrows from the curves or from `own` */
	size_t count;
	struct ctrace_column own;
};

struct ctrace_memory_views {
	struct ctrace_memory_view *views; /* owned */
	uint32_t count;
};

/* CTRACE_ERR_NO_MEMORY, or done. Borrows from `curves`, which have come to their end. */
enum ctrace_status ctrace_memory_views_init(struct ctrace_memory_views *views,
					    const struct ctrace_memory_curves *curves,
					    uint32_t process);
void ctrace_memory_views_finish(struct ctrace_memory_views *views);

#endif
