/* SPDX-License-Identifier: MIT */
/* Making a model, and what it says of itself. */

#include "viewer-server/model/model.h"

#include "viewer-server/model/build/gather.h"
#include "viewer-server/model/build/load.h"
#include "viewer-server/model/build/names.h"
#include "viewer-server/model/memory/memory_curves.h"

#include <string.h>

static bool number_events(struct ctrace_model *model)
{
	uint32_t chunks = ctrace_trace_info(model->trace)->chunk_count;
	uint64_t events = 0;

	model->chunk_first = calloc(chunks + 1u, sizeof(*model->chunk_first));
	model->memory_chunks = calloc(chunks + 1u, sizeof(*model->memory_chunks));
	if (model->chunk_first == NULL || model->memory_chunks == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < chunks; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(model->trace, i);

		model->chunk_first[i] = events;
		events += entry->type == CTRACE_CHUNK_EVENTS ? entry->events : 0;
	}
	model->chunk_first[chunks] = events;
	return true;
}

/* Wall time of the trace's beginning: that of the first clock reading, less the time up to it. */
static uint64_t wall_start(const struct ctrace_model *model)
{
	uint32_t count;
	const struct ctrace_clock_row *rows = ctrace_trace_clocks(model->trace, &count);
	uint64_t since;

	if (count == 0 || rows[0].realtime_ns == 0) {
		return 0;
	}
	if (rows[0].ticks < ctrace_trace_info(model->trace)->base_ticks) {
		return rows[0].realtime_ns;
	}
	since = ctrace_trace_ns(model->trace, rows[0].ticks);
	return since < rows[0].realtime_ns ? rows[0].realtime_ns - since : 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct ctrace_damage *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool join_damage(struct ctrace_model *model, const struct ctrace_column *found)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(model->trace);

	model->damage = calloc(info->damage_count + found->count + 1, sizeof(*model->damage));
	if (model->damage == NULL) {
		return false;
	}
	if (info->damage_count > 0) {
		memcpy(model->damage, info->damage, info->damage_count * sizeof(*model->damage));
	}
	if (found->count > 0) {
		memcpy(&model->damage[info->damage_count], found->items,
		       found->count * sizeof(*model->damage));
	}
	model->damage_count = info->damage_count + (uint32_t)found->count;
	qsort(model->damage, model->damage_count, sizeof(*model->damage), by_offset);
	return true;
}

static void count_names_of(struct ctrace_model *model, const struct ctrace_lane *lane)
{
	/* Points of memory's lanes are made, from many events: nobody searches for one. */
	for (uint32_t i = 0; !lane->info.is_made && i < lane->count; i++) {
		model->name_counts[ctrace_lane_name(lane, i)]++;
	}
}

/* What is known only when all lanes stand. */
static bool complete(struct ctrace_model *model)
{
	model->infos = calloc(model->lane_count + 1u, sizeof(*model->infos));
	model->name_counts = calloc(model->name_count + 1u, sizeof(*model->name_counts));
	if (model->infos == NULL || model->name_counts == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < model->lane_count; i++) {
		model->infos[i] = model->lanes[i].info;
		count_names_of(model, &model->lanes[i]);
	}
	return true;
}

static bool tells_of_memory(const struct ctrace_model *model)
{
	uint32_t chunks = ctrace_trace_info(model->trace)->chunk_count;

	return memchr(model->memory_chunks, 1, chunks) != NULL;
}

/* One more walk, over the chunks in which the first has found memory. CTRACE_END: progress said to
 * stop. */
static enum ctrace_status walk_memory(struct ctrace_model *model,
				      struct ctrace_memory_curves *curves,
				      const struct ctrace_model_settings *settings)
{
	const struct ctrace_memory_settings own = {
		.threads = &model->threads,
		.chunks = model->memory_chunks,
		.is_checked = true,
		.until = UINT64_MAX,
	};
	enum ctrace_status status = CTRACE_OK;

	if (!tells_of_memory(model)) {
		return CTRACE_OK;
	}
	status = ctrace_memory_curves_init(curves, model->trace, &own);
	while (status == CTRACE_OK) {
		status = ctrace_memory_curves_step(curves);
		if (status == CTRACE_OK && settings->progress != NULL &&
		    !settings->progress(settings->context, "memory", curves->walk.read,
					curves->walk.of)) {
			return CTRACE_END;
		}
	}
	return status == CTRACE_END ? CTRACE_OK : status;
}

static enum ctrace_status build(struct ctrace_model *model,
				const struct ctrace_model_settings *settings,
				struct ctrace_error *error)
{
	struct ctrace_loaded loaded = {0};
	struct ctrace_memory_curves memory = {0};
	enum ctrace_status status = ctrace_thread_table_init(&model->threads, model->trace);

	if (status == CTRACE_OK) {
		status = ctrace_names_init(model);
	}
	if (status != CTRACE_OK || !number_events(model)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	model->duration =
		ctrace_trace_ns(model->trace, ctrace_trace_info(model->trace)->last_ticks);
	model->wall_start = wall_start(model);
	status = ctrace_load(&loaded, model, settings, error);
	if (status == CTRACE_OK) {
		status = walk_memory(model, &memory, settings);
	}
	if (status == CTRACE_OK) {
		status = ctrace_gather(model, &loaded, &memory);
	}
	if (status == CTRACE_OK && (!join_damage(model, &loaded.damage) || !complete(model))) {
		status = CTRACE_ERR_NO_MEMORY;
	}
	ctrace_memory_curves_finish(&memory);
	ctrace_loaded_finish(&loaded);
	return status;
}

enum ctrace_status ctrace_model_create(struct ctrace_model **model, struct ctrace_trace *trace,
				       const struct ctrace_model_settings *settings,
				       struct ctrace_error *error)
{
	static const struct ctrace_model_settings defaults;
	struct ctrace_model *made = calloc(1, sizeof(*made));
	enum ctrace_status status;

	*model = NULL;
	if (made == NULL) {
		return ctrace_error_set(error, CTRACE_ERR_NO_MEMORY, CTRACE_NO_OFFSET,
					CTRACE_NO_CHUNK, "no memory for the index");
	}
	made->trace = trace;
	status = build(made, settings != NULL ? settings : &defaults, error);
	if (status != CTRACE_OK) {
		ctrace_model_destroy(made);
		return ctrace_error_set(error, status, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK, "%s",
					status == CTRACE_END ? "stopped"
							     : "no memory for the index");
	}
	*model = made;
	return CTRACE_OK;
}

static void free_cpu_losses(struct ctrace_model *model)
{
	struct ctrace_cpu_losses *losses = model->cpu_losses.items;

	for (size_t i = 0; i < model->cpu_losses.count; i++) {
		ctrace_column_finish(&losses[i].losses);
	}
	ctrace_column_finish(&model->cpu_losses);
}

static void free_tracks(struct ctrace_model *model)
{
	char **labels = model->labels.items;

	for (size_t i = 0; i < model->labels.count; i++) {
		free(labels[i]);
	}
	ctrace_column_finish(&model->labels);
	for (uint32_t i = 0; model->streams != NULL && i < model->stream_count; i++) {
		ctrace_column_finish(&model->streams[i].contexts);
		ctrace_column_finish(&model->streams[i].delays);
		ctrace_column_finish(&model->streams[i].looks);
		ctrace_column_finish(&model->streams[i].losses);
		ctrace_column_finish(&model->streams[i].strays);
	}
	free(model->streams);
	free(model->thread_streams);
	free_cpu_losses(model);
	ctrace_column_finish(&model->wakes);
	free(model->tracks);
}

void ctrace_model_destroy(struct ctrace_model *model)
{
	if (model == NULL) {
		return;
	}
	for (uint32_t i = 0; i < model->lane_count; i++) {
		ctrace_lane_finish(&model->lanes[i]);
	}
	free(model->lanes);
	free(model->infos);
	free(model->lane_streams);
	free_tracks(model);
	ctrace_names_finish(model);
	ctrace_thread_table_finish(&model->threads);
	free(model->name_counts);
	free(model->chunk_first);
	free(model->memory_chunks);
	free(model->damage);
	ctrace_column_finish(&model->tasks);
	ctrace_column_finish(&model->steps);
	free(model->flows);
	free(model->flows_by_time);
	free(model);
}

static bool tells_what_happened(enum ctrace_lane_kind kind)
{
	switch (kind) {
	case CTRACE_LANE_SPAN:
	case CTRACE_LANE_INSTANT:
	case CTRACE_LANE_TASK:
	case CTRACE_LANE_CPU:
	case CTRACE_LANE_STATE:
	case CTRACE_LANE_SAMPLE:
		return true;
	default:
		return false;
	}
}

static uint64_t first_of(const struct ctrace_model *model)
{
	uint64_t first = model->duration;

	for (uint32_t i = 0; i < model->lane_count; i++) {
		const struct ctrace_lane *lane = &model->lanes[i];

		if (tells_what_happened(model->infos[i].kind) && lane->count > 0 &&
		    lane->start[0] < first) {
			first = lane->start[0];
		}
	}
	return first;
}

struct ctrace_model_summary ctrace_model_summary(const struct ctrace_model *model)
{
	struct ctrace_model_summary summary = {
		.events = model->events,
		.duration_ns = model->duration,
		.lost = model->lost,
		.repaired = model->repaired,
		.wall_start_ns = model->wall_start,
		.first_ns = first_of(model),
	};

	for (uint32_t i = 0; i < model->lane_count; i++) {
		summary.memory_bytes += ctrace_lane_bytes(&model->lanes[i]);
	}
	summary.memory_bytes += model->wakes.count * sizeof(struct ctrace_wake);
	for (uint32_t i = 0; i < model->stream_count; i++) {
		summary.memory_bytes += model->streams[i].looks.count * sizeof(struct ctrace_look);
	}
	return summary;
}

const struct ctrace_track *ctrace_model_tracks(const struct ctrace_model *model, uint32_t *count)
{
	*count = model->track_count;
	return model->tracks;
}

const struct ctrace_lane_info *ctrace_model_lanes(const struct ctrace_model *model, uint32_t *count)
{
	*count = model->lane_count;
	return model->infos;
}

const struct ctrace_damage *ctrace_model_damage(const struct ctrace_model *model, uint32_t *count)
{
	*count = model->damage_count;
	return model->damage;
}

uint32_t ctrace_model_name_count(const struct ctrace_model *model)
{
	return model->name_count;
}

struct ctrace_bytes ctrace_model_name(const struct ctrace_model *model, uint32_t name)
{
	return model->names[name < model->name_count ? name : CTRACE_NAME_UNKNOWN];
}

const uint8_t *ctrace_model_memory_chunks(const struct ctrace_model *model)
{
	return model->memory_chunks;
}
