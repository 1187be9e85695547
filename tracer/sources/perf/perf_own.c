/* SPDX-License-Identifier: MIT */

/* Which of two ways a record comes by; see perf_own.h. */

#include "tracer/sources/perf/perf_own.h"

#include "tracer/src/limits.h"

bool ctrace_perf_ways_add(struct ctrace_perf_ways *ways, uint64_t event, uint32_t tid)
{
	return ctrace_map_put(&ways->tid_by_event, event, tid) &&
	       ctrace_map_put(&ways->way_by_tid, tid, tid);
}

/* 0: not known yet. */
static uint32_t way_of(const struct ctrace_perf_ways *ways, uint32_t tid)
{
	uint32_t way = ctrace_map_get(&ways->way_by_tid, tid);

	return way != CTRACE_MAP_NONE ? way : 0;
}

/* Numbers of threads that are gone are never taken out: with too many, ways are found anew. */
static void set_way(struct ctrace_perf_ways *ways, uint32_t tid, uint32_t way)
{
	if (ways->way_by_tid.count >= CTRACE_OWN_WAYS_MAX) {
		ctrace_map_finish(&ways->way_by_tid);
	}
	ctrace_map_put(&ways->way_by_tid, tid, way);
}

bool ctrace_perf_ways_take(struct ctrace_perf_ways *ways, const struct ctrace_perf_record *record)
{
	uint32_t by = ctrace_map_get(&ways->tid_by_event, record->event);
	/* Of a fork: who made it. */
	uint32_t tid = record->type == PERF_RECORD_FORK ? record->parent_tid : record->tid;
	uint32_t way = way_of(ways, tid);

	if (way == 0) {
		way = by;
		set_way(ways, tid, way);
	}
	if (way != by) {
		return false;
	}
	if (record->type == PERF_RECORD_FORK && way_of(ways, record->tid) != record->tid) {
		set_way(ways, record->tid, by);
	} else if (record->type == PERF_RECORD_EXIT) {
		set_way(ways, tid, 0);
	}
	return true;
}

void ctrace_perf_ways_finish(struct ctrace_perf_ways *ways)
{
	ctrace_map_finish(&ways->tid_by_event);
	ctrace_map_finish(&ways->way_by_tid);
}
