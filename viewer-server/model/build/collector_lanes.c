/* SPDX-License-Identifier: MIT */
/*
 * What collectors told in all threads of a process, together: collections, packed so that they do
 * not overlap; pauses, where the world stood still for whatever thread; the heap; and in each
 * thread that was stopped by itself, when.
 */

#include "viewer-server/model/build/gather.h"

#include "viewer-server/model/lanes/pyramid.h"
#include "viewer-server/model/tile.h"

#include <string.h>

/* Collections of so many threads at once, or so deep in each other; further ones stand in their
 * threads only. */
#define CYCLE_LANES_MAX 16u

static int by_start(const void *a, const void *b)
{
	const struct ctrace_collector_work *x = a, *y = b;

	if (x->start != y->start) {
		return x->start < y->start ? -1 : 1;
	}
	if (x->end != y->end) {
		return x->end > y->end ? -1 : 1;
	}
	return (x->ref > y->ref) - (x->ref < y->ref);
}

static bool append_all(struct ctrace_column *to, const struct ctrace_column *from, size_t size)
{
	if (from->count == 0) {
		return true;
	}
	if (!ctrace_column_reserve(to, size, from->count)) {
		return false;
	}
	memcpy((char *)to->items + to->count * size, from->items, from->count * size);
	to->count += from->count;
	return true;
}

static bool append_work(struct ctrace_lane *lane, const struct ctrace_collector_work *work)
{
	const struct ctrace_lane_event event = {
		.start = work->start,
		.duration = work->end - work->start,
		.name = CTRACE_NAME_COLLECTOR + work->kind,
		.flags = work->flags,
		.ref = work->ref,
		.has_other = true,
		.other = work->end_ref,
	};

	return ctrace_lane_append(lane, &event);
}

static bool add_lane(struct ctrace_gathering *gathering, struct ctrace_lane *lane, uint32_t track,
		     uint32_t depth)
{
	bool is_ok = lane->count == 0 ||
		     (ctrace_lane_seal(lane) &&
		      ctrace_pyramid_create(lane, gathering->model->duration) &&
		      ctrace_gather_lane(gathering, lane, track, depth, CTRACE_NONE));

	ctrace_lane_finish(lane);
	return is_ok;
}

/* ---- Pauses ------------------------------------------------------------------ */

/* Stops of several threads that overlap are one pause: as the first, until all are over. */
static bool merge_pauses(const struct ctrace_column *all, struct ctrace_lane *lane)
{
	const struct ctrace_collector_work *work = all->items;
	struct ctrace_collector_work pause = {0};
	bool has_pause = false, is_ok = true;

	for (size_t i = 0; is_ok && i < all->count; i++) {
		if (work[i].kind != CTRACE_COLLECTOR_WORLD_STOPPED) {
			continue;
		}
		if (!has_pause || work[i].start >= pause.end) {
			is_ok = !has_pause || append_work(lane, &pause);
			pause = work[i];
			has_pause = true;
		} else if (work[i].end > pause.end) {
			pause.end = work[i].end;
			pause.end_ref = work[i].end_ref;
			pause.flags |= work[i].flags;
		}
	}
	return is_ok && (!has_pause || append_work(lane, &pause));
}

/* ---- Collections --------------------------------------------------------------- */

static bool pack_cycles(struct ctrace_gathering *gathering, const struct ctrace_column *all,
			struct ctrace_lane *lanes)
{
	const struct ctrace_collector_work *work = all->items;
	bool is_ok = true;

	for (size_t i = 0; is_ok && i < all->count; i++) {
		uint32_t lane = 0;

		if (!ctrace_collector_is_cycle(work[i].kind)) {
			continue;
		}
		while (lane < CYCLE_LANES_MAX && lanes[lane].count > 0 &&
		       lanes[lane].last_end > work[i].start) {
			lane++;
		}
		if (lane == CYCLE_LANES_MAX) {
			gathering->model->repaired++;
		} else {
			is_ok = append_work(&lanes[lane], &work[i]);
		}
	}
	return is_ok;
}

static bool add_work(struct ctrace_gathering *gathering, struct ctrace_column *all, uint32_t track)
{
	struct ctrace_lane cycles[CYCLE_LANES_MAX] = {0};
	struct ctrace_lane pauses = {.info = {.kind = CTRACE_LANE_PAUSE}};
	bool is_ok;

	if (all->count == 0) {
		return true;
	}
	qsort(all->items, all->count, sizeof(struct ctrace_collector_work), by_start);
	for (uint32_t i = 0; i < CYCLE_LANES_MAX; i++) {
		cycles[i].info.kind = CTRACE_LANE_CYCLE;
	}
	is_ok = merge_pauses(all, &pauses) && pack_cycles(gathering, all, cycles);
	is_ok = is_ok && add_lane(gathering, &pauses, track, 0);
	for (uint32_t i = 0; i < CYCLE_LANES_MAX; i++) {
		is_ok = is_ok && add_lane(gathering, &cycles[i], track, i);
		ctrace_lane_finish(&cycles[i]);
	}
	ctrace_lane_finish(&pauses);
	return is_ok;
}

/* ---- Stopped threads ------------------------------------------------------------- */

static int by_thread_then_time(const void *a, const void *b)
{
	const struct ctrace_collector_halt *x = a, *y = b;

	if (x->thread != y->thread) {
		return x->thread < y->thread ? -1 : 1;
	}
	if (x->time != y->time) {
		return x->time < y->time ? -1 : 1;
	}
	return (x->ref > y->ref) - (x->ref < y->ref);
}

static bool append_halt(struct ctrace_lane *lane, const struct ctrace_collector_halt *stopped,
			uint64_t end, uint32_t end_ref)
{
	const struct ctrace_lane_event event = {
		.start = stopped->time,
		.duration = end - stopped->time,
		.name = CTRACE_NAME_HALTED,
		.flags = end_ref == CTRACE_NO_REF ? CTRACE_REAL_UNFINISHED : 0u,
		.ref = stopped->ref,
		.has_other = true,
		.other = end_ref,
	};

	return ctrace_lane_append(lane, &event);
}

/* Of one thread, in the order of time. Who is stopped twice is let go once. */
static bool pair_halts(const struct ctrace_gathering *gathering,
		       const struct ctrace_collector_halt *halts, size_t count,
		       struct ctrace_lane *lane)
{
	const struct ctrace_collector_halt *open = NULL;
	bool is_ok = true;

	for (size_t i = 0; is_ok && i < count; i++) {
		if (halts[i].is_stopped) {
			open = open == NULL ? &halts[i] : open;
		} else if (open != NULL) {
			is_ok = append_halt(lane, open, halts[i].time, halts[i].ref);
			open = NULL;
		}
	}
	if (is_ok && open != NULL) {
		is_ok = append_halt(lane, open, gathering->model->duration, CTRACE_NO_REF);
	}
	return is_ok && ctrace_lane_seal(lane) &&
	       ctrace_pyramid_create(lane, gathering->model->duration);
}

/* A tid of another process is nobody that this collector could stop. */
static struct ctrace_lane *lane_of(const struct ctrace_gathering *gathering, uint64_t pid,
				   const uint32_t *builds, uint32_t thread)
{
	if (thread == CTRACE_NO_THREAD || builds[thread] == CTRACE_NONE ||
	    ctrace_gather_pid(gathering, builds[thread]) != pid) {
		return NULL;
	}
	return &gathering->builds[builds[thread]].halted;
}

/* Once for all processes. */
static const uint32_t *builds_by_thread(struct ctrace_gathering *gathering)
{
	uint32_t count = gathering->model->threads.count;
	uint32_t *builds;

	if (gathering->build_of_thread != NULL) {
		return gathering->build_of_thread;
	}
	builds = malloc((count + 1u) * sizeof(*builds));
	if (builds != NULL) {
		memset(builds, 0xff, (count + 1u) * sizeof(*builds));
		for (uint32_t i = 0; i < gathering->build_count; i++) {
			if (gathering->builds[i].thread != CTRACE_NO_THREAD) {
				builds[gathering->builds[i].thread] = i;
			}
		}
	}
	gathering->build_of_thread = builds;
	return builds;
}

static bool add_halts(struct ctrace_gathering *gathering, struct ctrace_column *all, uint64_t pid)
{
	struct ctrace_collector_halt *halts = all->items;
	const uint32_t *builds;
	bool is_ok = true;

	if (all->count == 0) {
		return true;
	}
	builds = builds_by_thread(gathering);
	if (builds == NULL) {
		return false;
	}
	qsort(halts, all->count, sizeof(*halts), by_thread_then_time);
	for (size_t i = 0, end; is_ok && i < all->count; i = end) {
		struct ctrace_lane *lane = lane_of(gathering, pid, builds, halts[i].thread);

		for (end = i + 1; end < all->count && halts[end].thread == halts[i].thread; end++) {
		}
		is_ok = lane == NULL || pair_halts(gathering, &halts[i], end - i, lane);
	}
	return is_ok;
}

/* ---- All together ------------------------------------------------------------------ */

enum ctrace_status ctrace_gather_collector(struct ctrace_gathering *gathering, uint64_t pid,
					   uint32_t track)
{
	struct ctrace_column work = {0}, halts = {0}, heap = {0};
	bool is_ok = true;

	for (uint32_t i = 0; is_ok && i < gathering->own_count; i++) {
		const struct ctrace_stream_build *build = &gathering->builds[gathering->own[i]];

		is_ok = append_all(&work, &build->collector_work,
				   sizeof(struct ctrace_collector_work)) &&
			append_all(&halts, &build->collector_halts,
				   sizeof(struct ctrace_collector_halt)) &&
			append_all(&heap, &build->collector_heap,
				   sizeof(struct ctrace_counter_sample));
	}
	is_ok = is_ok && add_work(gathering, &work, track) && add_halts(gathering, &halts, pid) &&
		ctrace_gather_counter_lanes(gathering, &heap, track, 0);
	ctrace_column_finish(&work);
	ctrace_column_finish(&halts);
	ctrace_column_finish(&heap);
	return is_ok ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}
