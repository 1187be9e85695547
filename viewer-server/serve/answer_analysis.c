/* SPDX-License-Identifier: MIT */
/* Splits and flames to JSON; see answer_analysis.h. */

#include "viewer-server/serve/answer_analysis.h"

#include "viewer-server/analysis/flame.h"
#include "viewer-server/analysis/lock_places.h"
#include "viewer-server/analysis/split.h"
#include "viewer-server/model/ask/sleeps.h"
#include "viewer-server/serve/answer_kernel.h"
#include "viewer-server/serve/json.h"

static const char *const part_names[] = {
	[CTRACE_SPLIT_RUNNING] = "running",   [CTRACE_SPLIT_RUNNABLE] = "runnable",
	[CTRACE_SPLIT_CALL] = "call",	      [CTRACE_SPLIT_LOCK] = "lock",
	[CTRACE_SPLIT_SLEEPING] = "sleeping", [CTRACE_SPLIT_STOPPED] = "stopped",
	[CTRACE_SPLIT_DEAD] = "dead",	      [CTRACE_SPLIT_UNKNOWN] = "unknown",
};

enum ctrace_status ctrace_answer_stretch(const struct ctrace_model *model,
					 const struct ctrace_message *question,
					 struct ctrace_stretch *stretch)
{
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(model, &count);
	struct ctrace_model_event event;
	if (!question->has_place) {
		uint64_t duration = ctrace_model_summary(model).duration_ns;
		*stretch = (struct ctrace_stretch){question->track, question->start, question->end};
		/* What is beyond the trace is no time of anybody. */
		stretch->end = stretch->end < duration ? stretch->end : duration;
		stretch->start = stretch->start < stretch->end ? stretch->start : stretch->end;
		return CTRACE_OK;
	}
	struct ctrace_place place = {question->lane, question->index};
	if (place.lane >= count || ctrace_model_event(model, place, &event) != CTRACE_OK) {
		return CTRACE_ERR_NOT_FOUND;
	}
	*stretch = (struct ctrace_stretch){lanes[place.lane].track, event.start,
					   event.start + event.duration};
	return CTRACE_OK;
}

static bool is_named(enum ctrace_split_part part)
{
	return part == CTRACE_SPLIT_CALL || part == CTRACE_SPLIT_LOCK;
}

static json_t *parts_of(const struct ctrace_split *split)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < split->row_count; i++) {
		const struct ctrace_split_row *row = &split->rows[i];
		json_t *json = json_pack("{s:s,s:o,s:o}", "part", part_names[row->part], "total",
					 ctrace_json_count(row->total), "count",
					 ctrace_json_count(row->count));
		if (is_named(row->part)) {
			json_object_set_new(json, "name", json_integer(row->name));
			json_object_set_new(json, "category",
					    json_string(row->is_library ? "call" : "syscall"));
		}
		if (row->longest.lane != CTRACE_NONE) {
			json_object_set_new(json, "longest", ctrace_answer_place(row->longest));
		}
		json_array_append_new(rows, json);
	}
	return rows;
}

/* The function that the thread slept in, if somebody looked. */
static void add_where(json_t *json, const struct ctrace_answer_source *source,
		      struct ctrace_place state)
{
	const struct ctrace_look *look = ctrace_sleep_look(source->model, state);
	uint32_t frame = look != NULL ? ctrace_lock_place(source->trace, look->stack) : 0;
	if (frame != 0) {
		json_object_set_new(json, "slept_in", ctrace_answer_frame(source->trace, frame));
	}
}

static json_t *waits_of(const struct ctrace_answer_source *source, const struct ctrace_split *split)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < split->wait_count; i++) {
		const struct ctrace_split_wait *wait = &split->waits[i];
		json_t *json = json_pack(
			"{s:o,s:o,s:o,s:s}", "place", ctrace_answer_place(wait->place), "start",
			ctrace_json_count(wait->start), "duration",
			ctrace_json_count(wait->duration), "part", part_names[wait->part]);
		if (is_named(wait->part)) {
			json_object_set_new(json, "name", json_integer(wait->name));
		}
		add_where(json, source, wait->place);
		json_array_append_new(rows, json);
	}
	return rows;
}

enum ctrace_status ctrace_answer_split(const struct ctrace_answer_source *source,
				       const struct ctrace_message *question,
				       const struct ctrace_patience *patience, json_t **json)
{
	struct ctrace_stretch stretch;
	struct ctrace_split split = {.row_count = 0};
	enum ctrace_status status = ctrace_answer_stretch(source->model, question, &stretch);
	if (status == CTRACE_OK) {
		status = ctrace_split_init(&split, source->model, stretch.track, stretch.start,
					   stretch.end, patience);
	}
	if (status == CTRACE_OK) {
		*json = json_pack("{s:s,s:I,s:o,s:o,s:o,s:b,s:o,s:o}", "type", "split", "track",
				  (json_int_t)split.track, "start", ctrace_json_count(split.start),
				  "end", ctrace_json_count(split.end), "duration",
				  ctrace_json_count(split.end - split.start), "has_states",
				  (int)split.has_states, "parts", parts_of(&split), "waits",
				  waits_of(source, &split));
	}
	if (status == CTRACE_OK && split.has_run_queue) {
		json_object_set_new(*json, "run_queue_estimate",
				    ctrace_json_count(split.run_queue));
	}
	ctrace_split_finish(&split);
	return status;
}

static json_t *nodes_of(const struct ctrace_flame *flame)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < flame->node_count; i++) {
		const struct ctrace_flame_node *node = &flame->nodes[i];
		json_int_t parent = node->parent == CTRACE_NONE ? -1 : (json_int_t)node->parent;
		json_array_append_new(rows,
				      json_pack("[I,I,o,o,o]", parent, (json_int_t)node->function,
						ctrace_json_count(node->total),
						ctrace_json_count(node->self),
						ctrace_json_count(node->samples)));
	}
	return rows;
}

static json_t *text_of(const struct ctrace_trace *trace, uint32_t string)
{
	return string != 0 ? ctrace_json_text(ctrace_trace_string(trace, string)) : json_string("");
}

json_t *ctrace_answer_functions(const struct ctrace_tree_function *functions, uint32_t count,
				const struct ctrace_trace *trace)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_tree_function *function = &functions[i];
		const struct ctrace_module_row *module =
			ctrace_trace_module(trace, function->module);
		json_array_append_new(rows,
				      json_pack("{s:o,s:o,s:o}", "function",
						text_of(trace, function->function), "file",
						text_of(trace, function->file), "module",
						text_of(trace, module != NULL ? module->path : 0)));
	}
	return rows;
}

json_t *ctrace_answer_flame_parts(const struct ctrace_flame *flame,
				  const struct ctrace_trace *trace)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "samples", ctrace_json_count(flame->samples),
			 "weight", ctrace_json_count(flame->weight), "unknown",
			 ctrace_json_count(flame->unknown), "left_out",
			 ctrace_json_count(flame->left_out), "functions",
			 ctrace_answer_functions(flame->functions, flame->function_count, trace),
			 "nodes", nodes_of(flame));
}

enum ctrace_status ctrace_answer_flame(const struct ctrace_answer_source *source,
				       const struct ctrace_message *question,
				       const struct ctrace_patience *patience, json_t **json)
{
	struct ctrace_stretch stretch;
	struct ctrace_flame flame = {.samples = 0};
	enum ctrace_status status = ctrace_answer_stretch(source->model, question, &stretch);
	if (status == CTRACE_OK) {
		status = ctrace_flame_init(&flame, source->model, source->trace, stretch.track,
					   stretch.start, stretch.end, patience);
	}
	if (status == CTRACE_OK) {
		*json = json_pack("{s:s,s:o,s:o}", "type", "flame", "start",
				  ctrace_json_count(stretch.start), "end",
				  ctrace_json_count(stretch.end));
		json_object_update_new(*json, ctrace_answer_flame_parts(&flame, source->trace));
	}
	ctrace_flame_finish(&flame);
	return status;
}
