/* SPDX-License-Identifier: MIT */
/* struct ctrace_detail to JSON, member by member as API.md lists them. */

#include "viewer-server/serve/answer_collector.h"
#include "viewer-server/serve/answer_kernel.h"

#include "viewer-server/model/tile.h"
#include "viewer-server/serve/json.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const arg_types[] = {
	[CTRACE_ARG_I64] = "i64",   [CTRACE_ARG_U64] = "u64", [CTRACE_ARG_F64] = "f64",
	[CTRACE_ARG_BOOL] = "bool", [CTRACE_ARG_STR] = "str", [CTRACE_ARG_PTR] = "ptr",
	[CTRACE_ARG_HEX] = "hex",
};

static const char *const event_kinds[] = {
	[CTRACE_LANE_SPAN] = "span",	   [CTRACE_LANE_INSTANT] = "instant",
	[CTRACE_LANE_COUNTER] = "counter", [CTRACE_LANE_TASK] = "task",
	[CTRACE_LANE_GAP] = "gap",	   [CTRACE_LANE_CPU] = "cpu",
	[CTRACE_LANE_STATE] = "state",	   [CTRACE_LANE_SAMPLE] = "sample",
	[CTRACE_LANE_CYCLE] = "cycle",	   [CTRACE_LANE_PAUSE] = "pause",
	[CTRACE_LANE_HALT] = "halt",
};

json_t *ctrace_answer_place(struct ctrace_place place)
{
	if (place.lane == CTRACE_NONE) {
		return json_null();
	}
	return json_pack("[I,I]", (json_int_t)place.lane, (json_int_t)place.index);
}

static json_t *decimal(uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_string(text);
}

static json_t *string_of(const struct ctrace_trace *trace, uint32_t id)
{
	return ctrace_json_text(ctrace_trace_string(trace, id));
}

/* Always text: exact whatever the page's numbers can hold. */
static json_t *value_text(const struct ctrace_value *value)
{
	char text[40];
	switch (value->type) {
	case CTRACE_ARG_STR:
		return ctrace_json_text(value->str);
	case CTRACE_ARG_I64:
		snprintf(text, sizeof(text), "%" PRId64, value->i64);
		break;
	case CTRACE_ARG_F64:
		snprintf(text, sizeof(text), "%.17g", value->f64);
		break;
	case CTRACE_ARG_BOOL:
		return json_string(value->u64 != 0 ? "true" : "false");
	case CTRACE_ARG_PTR:
	case CTRACE_ARG_HEX:
		snprintf(text, sizeof(text), "0x%" PRIx64, value->u64);
		break;
	case CTRACE_ARG_U64:
		snprintf(text, sizeof(text), "%" PRIu64, value->u64);
		break;
	}
	return json_string(text);
}

static json_t *args_of(const struct ctrace_trace *trace, const struct ctrace_detail *detail)
{
	json_t *args = json_array();
	for (unsigned i = 0; i < detail->arg_count; i++) {
		const struct ctrace_value *value = &detail->args[i];
		json_array_append_new(args, json_pack("{s:o,s:s,s:o}", "name",
						      string_of(trace, value->name), "type",
						      arg_types[value->type], "value",
						      value_text(value)));
	}
	return args;
}

static void add_site(json_t *json, const struct ctrace_trace *trace, const struct ctrace_site *site)
{
	if (site == NULL) {
		return;
	}
	if (site->category != 0) {
		json_object_set_new(json, "category", string_of(trace, site->category));
	}
	if (site->kind == CTRACE_KIND_LOG) {
		json_object_set_new(json, "kind", json_string("log"));
	}
	if (site->file != 0 || site->function != 0) {
		json_object_set_new(json, "site",
				    json_pack("{s:o,s:I,s:o}", "file", string_of(trace, site->file),
					      "line", (json_int_t)site->line, "function",
					      string_of(trace, site->function)));
	}
}

static json_t *steps_of(const struct ctrace_detail *detail)
{
	json_t *steps = json_array();
	for (uint32_t i = 0; i < detail->step_count; i++) {
		const struct ctrace_task_step *step = &detail->steps[i];
		json_array_append_new(steps,
				      json_pack("{s:I,s:o,s:I}", "name", (json_int_t)step->name,
						"time", ctrace_json_count(step->time), "track",
						(json_int_t)step->track));
	}
	return steps;
}

static json_t *flow_end(const struct ctrace_flow_end *end)
{
	if (end->place.lane == CTRACE_NONE) {
		return json_null();
	}
	return json_pack("{s:I,s:I,s:o}", "lane", (json_int_t)end->place.lane, "index",
			 (json_int_t)end->place.index, "time", ctrace_json_count(end->time));
}

static json_t *flows_of(const struct ctrace_detail *detail)
{
	json_t *flows = json_array();
	for (uint32_t i = 0; i < detail->flow_count; i++) {
		const struct ctrace_flow *flow = &detail->flows[i];
		json_array_append_new(flows,
				      json_pack("{s:o,s:o,s:o}", "id", decimal(flow->id), "from",
						flow_end(&flow->from), "to", flow_end(&flow->to)));
	}
	return flows;
}

static void add_task(json_t *json, const struct ctrace_answer_source *source,
		     const struct ctrace_detail *detail)
{
	if (!detail->has_task) {
		return;
	}
	json_t *task = json_pack("{s:o}", "id", decimal(detail->task_id));
	struct ctrace_model_event event;
	if (detail->task.lane != CTRACE_NONE &&
	    ctrace_model_event(source->model, detail->task, &event) == CTRACE_OK) {
		json_object_set_new(task, "lane", json_integer(detail->task.lane));
		json_object_set_new(task, "index", json_integer(detail->task.index));
		json_object_set_new(task, "name", json_integer(event.name));
	}
	json_object_set_new(json, "task", task);
}

/* Where the event stands among others: only spans nest. */
static void add_family(json_t *json, const struct ctrace_detail *detail,
		       const struct ctrace_lane_info *lane)
{
	if (lane->kind != CTRACE_LANE_SPAN) {
		return;
	}
	json_object_set_new(json, "depth", json_integer(lane->depth));
	json_object_set_new(json, "self", ctrace_json_count(detail->self));
	json_object_set_new(json, "children", json_integer(detail->children));
	if (detail->parent.lane != CTRACE_NONE) {
		json_object_set_new(json, "parent", ctrace_answer_place(detail->parent));
	}
	if (detail->first_child.lane != CTRACE_NONE) {
		json_object_set_new(json, "first_child", ctrace_answer_place(detail->first_child));
	}
}

static void add_own(json_t *json, const struct ctrace_detail *detail,
		    const struct ctrace_lane_info *lane)
{
	if (lane->kind == CTRACE_LANE_TASK) {
		json_object_set_new(json, "steps", steps_of(detail));
	}
	if (lane->kind == CTRACE_LANE_COUNTER) {
		json_object_set_new(json, "value", ctrace_json_real(detail->event.value));
	}
	if (lane->kind == CTRACE_LANE_GAP) {
		const char *reason = ctrace_loss_name(detail->lost_reason);
		json_object_set_new(json, "lost",
				    json_pack("{s:o,s:s}", "count",
					      ctrace_json_count(detail->lost_count), "reason",
					      reason != NULL ? reason : "unknown"));
	}
	if (detail->flow_count > 0) {
		json_object_set_new(json, "flows", flows_of(detail));
	}
}

json_t *ctrace_answer_detail(const struct ctrace_answer_source *source,
			     const struct ctrace_detail *detail)
{
	uint32_t lane_count;
	const struct ctrace_model_event *event = &detail->event;
	const struct ctrace_lane_info *lane =
		&ctrace_model_lanes(source->model, &lane_count)[event->place.lane];
	json_t *json = json_pack(
		"{s:s,s:I,s:I,s:o,s:o,s:b,s:b,s:s,s:I,s:I,s:o}", "type", "event", "lane",
		(json_int_t)event->place.lane, "index", (json_int_t)event->place.index, "start",
		ctrace_json_count(event->start), "duration", ctrace_json_count(event->duration),
		"is_unfinished", (event->flags & CTRACE_REAL_UNFINISHED) != 0, "began_before",
		(event->flags & CTRACE_REAL_BEGAN_BEFORE) != 0, "kind", event_kinds[lane->kind],
		"name", (json_int_t)event->name, "track", (json_int_t)lane->track, "args",
		args_of(source->trace, detail));
	add_site(json, source->trace, detail->site);
	add_family(json, detail, lane);
	add_task(json, source, detail);
	add_own(json, detail, lane);
	ctrace_answer_kernel(json, source, detail);
	ctrace_answer_collector(json, source, detail);
	json_object_set_new(json, "chrome", ctrace_answer_chrome(source, detail));
	return json;
}
