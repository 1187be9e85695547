/* SPDX-License-Identifier: MIT */
/* The life of a stream that is built: from nothing to sealed lanes. */

#include "viewer-server/model/build/stream_build.h"

#include "viewer-server/model/build/stream_build_parts.h"
#include "viewer-server/model/lanes/pyramid.h"

#include <stdlib.h>

static const struct ctrace_pairing_calls calls = {
	.opened = ctrace_stream_build_opened,
	.closed = ctrace_stream_build_closed,
	.other = ctrace_stream_build_other,
	.lost = ctrace_stream_build_lost,
};

enum ctrace_status ctrace_stream_build_init(struct ctrace_stream_build *build,
					    struct ctrace_model *model, uint32_t stream)
{
	*build = (struct ctrace_stream_build){
		.model = model, .stream = stream, .thread = CTRACE_NO_THREAD};
	build->found.info.kind = CTRACE_LANE_SAMPLE;
	build->own_found.info.kind = CTRACE_LANE_SAMPLE;
	build->instants.info.kind = CTRACE_LANE_INSTANT;
	build->gaps.info.kind = CTRACE_LANE_GAP;
	build->halted.info.kind = CTRACE_LANE_HALT;
	return ctrace_pairing_init(&build->pairing, &calls, build);
}

void ctrace_stream_build_finish(struct ctrace_stream_build *build)
{
	char **names = build->names.items;

	for (size_t i = 0; i < build->names.count; i++) {
		free(names[i]);
	}
	for (uint32_t i = 0; i < build->lane_count; i++) {
		ctrace_lane_finish(&build->lanes[i]);
	}
	free(build->lanes);
	ctrace_lane_finish(&build->instants);
	ctrace_lane_finish(&build->gaps);
	ctrace_lane_finish(&build->states);
	ctrace_lane_finish(&build->found);
	ctrace_lane_finish(&build->own_found);
	ctrace_lane_finish(&build->weave.calls);
	ctrace_lane_finish(&build->halted);
	ctrace_column_finish(&build->collector_work);
	ctrace_column_finish(&build->collector_halts);
	ctrace_column_finish(&build->collector_heap);
	ctrace_column_finish(&build->delays);
	ctrace_column_finish(&build->looks);
	ctrace_column_finish(&build->own_looks);
	ctrace_column_finish(&build->samples);
	ctrace_column_finish(&build->tasks);
	ctrace_column_finish(&build->flows);
	ctrace_column_finish(&build->contexts);
	ctrace_column_finish(&build->losses);
	ctrace_column_finish(&build->strays);
	ctrace_column_finish(&build->names);
	ctrace_pairing_finish(&build->pairing);
	*build = (struct ctrace_stream_build){0};
}

enum ctrace_status ctrace_stream_build_chunk(struct ctrace_stream_build *build,
					     const struct ctrace_chunk *chunk, uint32_t ordinal,
					     struct ctrace_error *error)
{
	enum ctrace_status status;

	build->next_ref = ctrace_stream_build_ref(build, ordinal, 0);
	status = ctrace_pairing_chunk(&build->pairing, build->model->trace, chunk, ordinal, error);
	if (status == CTRACE_OK) {
		build->events += chunk->entry->events;
	}
	return build->is_out_of_memory ? CTRACE_ERR_NO_MEMORY : status;
}

static bool append_copy(struct ctrace_lane *to, const struct ctrace_lane *from, uint32_t index)
{
	const struct ctrace_lane_event event = {
		.start = from->start[index],
		.name = ctrace_lane_name(from, index),
		.flags = ctrace_lane_flags(from, index),
		.ref = from->ref[index],
		.has_other = true,
		.other = from->other[index],
		.value = from->value[index],
	};

	return ctrace_lane_append(to, &event);
}

/* A thread may be sampled by the kernel and by itself. */
static bool merge_samples(struct ctrace_stream_build *build)
{
	struct ctrace_lane merged = {.info = {.kind = CTRACE_LANE_SAMPLE}};
	struct ctrace_lane *kernel = &build->found, *own = &build->own_found;
	bool is_ok = true;

	for (uint32_t i = 0, j = 0; is_ok && (i < kernel->count || j < own->count);) {
		bool is_own =
			i == kernel->count || (j < own->count && own->start[j] < kernel->start[i]);

		is_ok = append_copy(&merged, is_own ? own : kernel, is_own ? j++ : i++);
	}
	ctrace_lane_finish(kernel);
	ctrace_lane_finish(own);
	*kernel = merged;
	return is_ok;
}

static bool seal(struct ctrace_stream_build *build)
{
	if ((build->own_found.count > 0 && !merge_samples(build)) ||
	    !ctrace_look_merge(&build->looks, &build->own_looks)) {
		return false;
	}
	bool is_ok = ctrace_lane_seal(&build->instants) && ctrace_lane_seal(&build->gaps) &&
		     ctrace_lane_seal(&build->found);

	for (uint32_t i = 0; is_ok && i < build->lane_count; i++) {
		is_ok = ctrace_lane_seal(&build->lanes[i]) &&
			ctrace_pyramid_create(&build->lanes[i], build->model->duration);
	}
	return is_ok;
}

void ctrace_stream_build_miss(struct ctrace_stream_build *build,
			      const struct ctrace_chunk_entry *entry)
{
	ctrace_pairing_miss(&build->pairing, entry);
}

enum ctrace_status ctrace_stream_build_close(struct ctrace_stream_build *build)
{
	build->next_ref = CTRACE_NO_REF;
	ctrace_pairing_close(&build->pairing, ctrace_trace_info(build->model->trace)->last_ticks);
	ctrace_stream_build_weave(build, UINT64_MAX, 0);
	ctrace_lane_finish(&build->weave.calls);
	ctrace_stream_build_change_task(build, CTRACE_NO_REF);
	build->repaired += build->pairing.repaired + build->weave.repaired;
	ctrace_pairing_finish(&build->pairing);
	if (build->is_out_of_memory || !seal(build)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	return CTRACE_OK;
}
