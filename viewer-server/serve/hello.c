/* SPDX-License-Identifier: MIT */
/* The model's tables as JSON; see hello.h. */

#include "viewer-server/serve/hello.h"

#include "viewer-server/limits.h"
#include "viewer-server/model/threads/thread_state.h"
#include "viewer-server/serve/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const track_kinds[] = {
	[CTRACE_TRACK_PROCESS] = "process",   [CTRACE_TRACK_THREAD] = "thread",
	[CTRACE_TRACK_COUNTERS] = "counters", [CTRACE_TRACK_TASKS] = "tasks",
	[CTRACE_TRACK_CPUS] = "cpus",	      [CTRACE_TRACK_COLLECTOR] = "collector",
	[CTRACE_TRACK_MEMORY] = "memory",
};

static const char *const lane_kinds[] = {
	[CTRACE_LANE_SPAN] = "span",	   [CTRACE_LANE_INSTANT] = "instant",
	[CTRACE_LANE_COUNTER] = "counter", [CTRACE_LANE_TASK] = "task",
	[CTRACE_LANE_GAP] = "gap",	   [CTRACE_LANE_CPU] = "cpu",
	[CTRACE_LANE_STATE] = "state",	   [CTRACE_LANE_SAMPLE] = "sample",
	[CTRACE_LANE_CYCLE] = "cycle",	   [CTRACE_LANE_PAUSE] = "pause",
	[CTRACE_LANE_HALT] = "halt",
};

static const char *clock_name(enum ctrace_clock_kind kind)
{
	switch (kind) {
	case CTRACE_CLOCK_TSC:
		return "TSC";
	case CTRACE_CLOCK_MONOTONIC_RAW:
		return "CLOCK_MONOTONIC_RAW";
	case CTRACE_CLOCK_MONOTONIC:
		return "CLOCK_MONOTONIC";
	case CTRACE_CLOCK_ARM:
		return "CNTVCT";
	case CTRACE_CLOCK_ARTIFICIAL:
		return "artificial";
	}
	return "unknown";
}

static json_t *meta_of(const struct ctrace_trace *trace)
{
	uint32_t count;
	const struct ctrace_meta *meta = ctrace_trace_meta(trace, &count);
	json_t *rows = json_array();
	for (uint32_t i = 0; i < count; i++) {
		json_array_append_new(rows, json_pack("[o,o]", ctrace_json_text(meta[i].key),
						      ctrace_json_text(meta[i].value)));
	}
	return rows;
}

static json_t *damage_of(const struct ctrace_model *model)
{
	uint32_t count;
	const struct ctrace_damage *damage = ctrace_model_damage(model, &count);
	json_t *rows = json_array();
	for (uint32_t i = 0; i < count && i < CTRACE_HELLO_DAMAGE_MAX; i++) {
		const char *text = damage[i].error.text;
		struct ctrace_bytes bytes = {text, (uint32_t)strlen(text)};
		json_array_append_new(rows, json_pack("{s:o,s:o,s:o}", "offset",
						      ctrace_json_count(damage[i].offset), "bytes",
						      ctrace_json_count(damage[i].size), "text",
						      ctrace_json_text(bytes)));
	}
	return rows;
}

static json_t *trace_of(const struct ctrace_model *model, const struct ctrace_trace *trace,
			const char *name)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);
	struct ctrace_model_summary summary = ctrace_model_summary(model);
	struct ctrace_bytes label = {name, (uint32_t)strlen(name)};
	uint32_t damage_count;
	ctrace_model_damage(model, &damage_count);
	char wall[24];
	snprintf(wall, sizeof(wall), "%" PRIu64, summary.wall_start_ns);
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:s,s:o,s:b,s:s,s:o,s:o,s:o,s:o}", "name",
			 ctrace_json_text(label), "bytes", ctrace_json_count(info->file_bytes),
			 "events", ctrace_json_count(summary.events), "duration",
			 ctrace_json_count(summary.duration_ns), "first",
			 ctrace_json_count(summary.first_ns), "wall_start_ns", wall, "lost",
			 ctrace_json_count(summary.lost), "is_finished", info->has_trailer, "clock",
			 clock_name(info->clock_kind), "meta", meta_of(trace), "damage",
			 damage_of(model), "damage_count", ctrace_json_count(damage_count),
			 "repaired", ctrace_json_count(summary.repaired));
}

static json_t *source_of(const struct ctrace_trace *trace, const struct ctrace_source_row *row)
{
	static const char *const states[] = {
		[CTRACE_SOURCE_RECORDED] = "recorded",
		[CTRACE_SOURCE_MISSING] = "missing",
		[CTRACE_SOURCE_NOT_ASKED] = "not asked",
	};
	uint64_t rate = ctrace_trace_info(trace)->ticks_per_second;
	json_t *json = json_pack(
		"{s:o,s:s,s:o}", "name", ctrace_json_text(ctrace_trace_string(trace, row->name)),
		"state", states[row->state], "why",
		row->why != 0 ? ctrace_json_text(ctrace_trace_string(trace, row->why))
			      : json_string(""));
	if (row->state == CTRACE_SOURCE_RECORDED) {
		json_object_set_new(json, "events", ctrace_json_count(row->events));
		json_object_set_new(json, "lost", ctrace_json_count(row->lost));
		json_object_set_new(json, "checks", ctrace_json_count(row->checks));
		json_object_set_new(json, "misses", ctrace_json_count(row->misses));
		json_object_set_new(
			json, "slack",
			ctrace_json_count((uint64_t)((double)row->slack * 1e9 / (double)rate)));
	}
	return json;
}

static json_t *sources_of(const struct ctrace_trace *trace)
{
	uint32_t count;
	const struct ctrace_source_row *rows = ctrace_trace_sources(trace, &count);
	json_t *json = json_array();
	for (uint32_t i = 0; i < count; i++) {
		json_array_append_new(json, source_of(trace, &rows[i]));
	}
	return json;
}

static json_t *states_of(void)
{
	json_t *rows = json_array();
	for (unsigned i = 0; i < CTRACE_STATES; i++) {
		json_array_append_new(rows, json_pack("{s:I,s:s}", "name",
						      (json_int_t)ctrace_model_state_name(i),
						      "state", ctrace_thread_state_name(i)));
	}
	return rows;
}

static json_t *track_of(const struct ctrace_track *track)
{
	json_int_t parent = track->parent == CTRACE_NONE ? -1 : (json_int_t)track->parent;
	json_t *json = json_pack(
		"{s:I,s:I,s:s,s:o,s:o,s:o,s:o,s:o}", "id", (json_int_t)track->id, "parent", parent,
		"kind", track_kinds[track->kind], "label", ctrace_json_text(track->label), "pid",
		ctrace_json_count(track->pid), "tid", ctrace_json_count(track->tid), "events",
		ctrace_json_count(track->events), "lost", ctrace_json_count(track->lost));
	if (track->memory > 0) {
		json_object_set_new(json, "memory", ctrace_json_count(track->memory));
	}
	if (track->looks > 0) {
		json_object_set_new(json, "looks", ctrace_json_count(track->looks));
	}
	return json;
}

/* Of counters of memory, and of collectors' heaps. */
static void add_unit(json_t *json, const struct ctrace_lane_info *lane)
{
	static const char *const units[] = {
		[CTRACE_UNIT_BYTES] = "bytes",
		[CTRACE_UNIT_BYTES_PER_SECOND] = "bytes/s",
	};
	if (lane->unit == CTRACE_UNIT_NONE) {
		return;
	}
	json_object_set_new(json, "unit", json_string(units[lane->unit]));
	if (!lane->is_made) {
		return;
	}
	json_object_set_new(json, "step", ctrace_json_count(lane->step));
	json_object_set_new(json, "is_estimate", json_boolean(lane->is_estimate));
}

static json_t *lane_of(const struct ctrace_lane_info *lane, bool is_of_cpus)
{
	json_t *json = json_pack("{s:I,s:I,s:s,s:I,s:o,s:o}", "id", (json_int_t)lane->id, "track",
				 (json_int_t)lane->track, "kind", lane_kinds[lane->kind], "depth",
				 (json_int_t)lane->depth, "events", ctrace_json_count(lane->events),
				 "repaired", ctrace_json_count(lane->repaired));
	if (is_of_cpus && lane->cpu != CTRACE_NO_CPU) {
		json_object_set_new(json, "cpu", json_integer(lane->cpu));
	}
	if (lane->kind == CTRACE_LANE_COUNTER) {
		json_object_set_new(json, "name", json_integer(lane->name));
		json_object_set_new(json, "min", ctrace_json_real(lane->min));
		json_object_set_new(json, "max", ctrace_json_real(lane->max));
		add_unit(json, lane);
	}
	return json;
}

char *ctrace_hello_make(const struct ctrace_model *model, const struct ctrace_trace *trace,
			const char *name, size_t *size)
{
	uint32_t track_count, lane_count;
	const struct ctrace_track *tracks = ctrace_model_tracks(model, &track_count);
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(model, &lane_count);
	json_t *track_rows = json_array(), *lane_rows = json_array();
	for (uint32_t i = 0; i < track_count; i++) {
		json_array_append_new(track_rows, track_of(&tracks[i]));
	}
	for (uint32_t i = 0; i < lane_count; i++) {
		json_array_append_new(lane_rows, lane_of(&lanes[i], tracks[lanes[i].track].kind ==
									    CTRACE_TRACK_CPUS));
	}
	json_t *hello = json_pack("{s:s,s:i,s:i,s:o,s:o,s:o,s:o,s:o}", "type", "hello", "version",
				  1, "generation", 1, "trace", trace_of(model, trace, name),
				  "sources", sources_of(trace), "states", states_of(), "tracks",
				  track_rows, "lanes", lane_rows);
	return ctrace_json_dump_take(hello, size);
}

char *ctrace_names_make(const struct ctrace_model *model, uint32_t first, uint32_t *next,
			size_t *size)
{
	uint32_t count = ctrace_model_name_count(model), i = first;
	json_t *names = json_array();
	for (size_t bytes = 0; i < count && bytes < CTRACE_PIECE_BYTES; i++) {
		struct ctrace_bytes name = ctrace_model_name(model, i);
		json_array_append_new(names, ctrace_json_text(name));
		bytes += name.size + 3u;
	}
	*next = i;
	return ctrace_json_dump_take(json_pack("{s:s,s:I,s:o}", "type", "names", "first",
					       (json_int_t)first, "names", names),
				     size);
}
