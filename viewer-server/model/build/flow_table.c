/* SPDX-License-Identifier: MIT */
/* Flows of all threads, sorted by id for their other ends and by thread and time for their own. */

#include "viewer-server/model/build/gather.h"

static int by_id_then_time(const void *a, const void *b)
{
	const struct ctrace_flow_fact *x = a, *y = b;

	if (x->id != y->id) {
		return x->id < y->id ? -1 : 1;
	}
	if (x->time != y->time) {
		return x->time < y->time ? -1 : 1;
	}
	return x->order - y->order;
}

static int by_stream_then_time(const void *a, const void *b, void *context)
{
	const struct ctrace_flow_fact *flows = context;
	const struct ctrace_flow_fact *x = &flows[*(const uint32_t *)a],
				      *y = &flows[*(const uint32_t *)b];

	if (x->stream != y->stream) {
		return x->stream < y->stream ? -1 : 1;
	}
	return (x->time > y->time) - (x->time < y->time);
}

static size_t count_flows(const struct ctrace_gathering *gathering)
{
	size_t count = 0;

	for (uint32_t i = 0; i < gathering->build_count; i++) {
		count += gathering->builds[i].flows.count;
	}
	return count;
}

static void collect(struct ctrace_gathering *gathering)
{
	struct ctrace_model *model = gathering->model;

	for (uint32_t i = 0; i < gathering->build_count; i++) {
		const struct ctrace_flow_event *events = gathering->builds[i].flows.items;

		for (size_t j = 0; j < gathering->builds[i].flows.count; j++) {
			model->flows[model->flow_count++] = (struct ctrace_flow_fact){
				.id = events[j].id,
				.time = events[j].time,
				.stream = i,
				.order = events[j].order,
			};
		}
	}
}

enum ctrace_status ctrace_gather_flows(struct ctrace_gathering *gathering)
{
	struct ctrace_model *model = gathering->model;
	size_t count = count_flows(gathering);

	model->flows = calloc(count + 1, sizeof(*model->flows));
	model->flows_by_time = calloc(count + 1, sizeof(*model->flows_by_time));
	if (model->flows == NULL || model->flows_by_time == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	collect(gathering);
	qsort(model->flows, count, sizeof(*model->flows), by_id_then_time);
	for (uint32_t i = 0; i < count; i++) {
		model->flows_by_time[i] = i;
	}
	qsort_r(model->flows_by_time, count, sizeof(*model->flows_by_time), by_stream_then_time,
		model->flows);
	return CTRACE_OK;
}
