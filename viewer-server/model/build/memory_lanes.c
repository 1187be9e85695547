/* SPDX-License-Identifier: MIT */
/* A process's memory: counter lanes of what is shown of it (memory_views.h). */

#include "viewer-server/model/build/gather.h"

#include "viewer-server/model/build/names.h"
#include "viewer-server/model/build/track_labels.h"
#include "viewer-server/model/memory/memory_views.h"

static uint32_t build_of(const struct ctrace_gathering *gathering, uint32_t stream)
{
	for (uint32_t i = 0; i < gathering->own_count; i++) {
		if (gathering->builds[gathering->own[i]].stream == stream) {
			return gathering->own[i];
		}
	}
	return CTRACE_NONE;
}

/* A thread's rate is called as its thread is. CTRACE_NONE: no memory. */
static uint32_t name_of(struct ctrace_gathering *gathering, const struct ctrace_memory_view *view)
{
	struct ctrace_bytes text = {view->name, view->name_size};
	uint32_t build;

	switch (view->what) {
	case CTRACE_MEMORY_RESIDENT:
		return CTRACE_NAME_RESIDENT;
	case CTRACE_MEMORY_ANONYMOUS:
		return CTRACE_NAME_ANONYMOUS;
	case CTRACE_MEMORY_LIVE:
		return CTRACE_NAME_LIVE_HEAP;
	case CTRACE_MEMORY_RATE:
		return CTRACE_NAME_ALLOC_RATE;
	case CTRACE_MEMORY_MAPPED:
		return CTRACE_NAME_MAPPED;
	case CTRACE_MEMORY_TOUCHED:
		return CTRACE_NAME_TOUCHED;
	case CTRACE_MEMORY_THREAD_RATE:
		build = build_of(gathering, view->stream);
		text = build != CTRACE_NONE ? ctrace_track_thread_label(gathering, build) : text;
		break;
	case CTRACE_MEMORY_POOL:
		break;
	}
	return ctrace_names_add(gathering->model, text);
}

static bool add_lane(struct ctrace_gathering *gathering, const struct ctrace_memory_view *view,
		     uint32_t track, uint32_t depth)
{
	const struct ctrace_thread_row *row =
		ctrace_trace_thread(gathering->model->trace, view->stream);
	bool is_of_thread = view->what == CTRACE_MEMORY_THREAD_RATE;
	struct ctrace_lane lane = {.info = {.kind = CTRACE_LANE_COUNTER,
					    .name = name_of(gathering, view),
					    .unit = view->unit,
					    .is_made = true,
					    .step = view->step,
					    .tid = is_of_thread && row != NULL ? row->tid : 0,
					    .is_estimate = view->is_estimate}};
	bool is_ok = lane.info.name != CTRACE_NONE;

	for (size_t i = 0; is_ok && i < view->count; i++) {
		const struct ctrace_lane_event event = {
			.start = view->points[i].time,
			.name = lane.info.name,
			.ref = CTRACE_NO_REF,
			.value = view->points[i].value,
		};

		is_ok = ctrace_lane_append(&lane, &event);
	}
	is_ok = is_ok && ctrace_lane_seal(&lane) &&
		ctrace_gather_lane(gathering, &lane, track, depth, CTRACE_NONE);
	ctrace_lane_finish(&lane);
	return is_ok;
}

/* Of these no thread has events. */
static void count_for_track(struct ctrace_gathering *gathering, uint32_t track,
			    const struct ctrace_memory_view *view)
{
	struct ctrace_track *tracks = gathering->tracks.items;

	if (view->what == CTRACE_MEMORY_RESIDENT || view->what == CTRACE_MEMORY_TOUCHED) {
		tracks[track].memory += view->count;
	}
}

static enum ctrace_status add_lanes(struct ctrace_gathering *gathering, uint64_t pid,
				    uint32_t track, bool is_by_thread)
{
	uint32_t place = ctrace_map_get(&gathering->memory->process_of_pid, pid), depth = 0;
	struct ctrace_memory_views views;
	enum ctrace_status status;

	if (place == CTRACE_MAP_NONE) {
		return CTRACE_OK;
	}
	status = ctrace_memory_views_init(&views, gathering->memory, place);
	if (status != CTRACE_OK) {
		return status;
	}
	for (uint32_t i = 0; status == CTRACE_OK && i < views.count; i++) {
		const struct ctrace_memory_view *view = &views.views[i];

		if ((view->what == CTRACE_MEMORY_THREAD_RATE) != is_by_thread) {
			continue;
		}
		count_for_track(gathering, track, view);
		if (!add_lane(gathering, view, track, depth++)) {
			status = CTRACE_ERR_NO_MEMORY;
		}
	}
	ctrace_memory_views_finish(&views);
	return status;
}

enum ctrace_status ctrace_gather_memory(struct ctrace_gathering *gathering, uint64_t pid,
					uint32_t track)
{
	return add_lanes(gathering, pid, track, false);
}

enum ctrace_status ctrace_gather_memory_threads(struct ctrace_gathering *gathering, uint64_t pid,
						uint32_t track)
{
	return add_lanes(gathering, pid, track, true);
}
