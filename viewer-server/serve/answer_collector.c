/* SPDX-License-Identifier: MIT */
/* struct ctrace_collector_detail to JSON, member by member as API.md lists them. */

#include "viewer-server/serve/answer_collector.h"

#include "viewer-server/model/threads/collector_kind.h"
#include "viewer-server/serve/answer_kernel.h"
#include "viewer-server/serve/json.h"

static void set(json_t *json, const char *key, json_t *value)
{
	json_object_set_new(json, key, value);
}

static void add_who(json_t *json, const struct ctrace_collector_detail *collector)
{
	if (collector->who.track == CTRACE_NONE) {
		return;
	}
	set(json, "who",
	    json_pack("{s:o,s:o,s:I}", "tid", ctrace_json_count(collector->who.tid), "label",
		      ctrace_json_text(collector->who.label), "track",
		      (json_int_t)collector->who.track));
	set(json, "span", ctrace_answer_place(collector->span));
}

/* Bytes that are not known are left out. */
static void add_end(json_t *json, const struct ctrace_collector_end *end)
{
	if (end->is_there && end->live != 0) {
		set(json, "live", ctrace_json_count(end->live));
	}
	if (end->is_there && end->freed != 0) {
		set(json, "freed", ctrace_json_count(end->freed));
	}
}

static void add_heap(json_t *json, const struct ctrace_collector_detail *collector)
{
	if (collector->heap_before >= 0) {
		set(json, "heap_before", ctrace_json_real(collector->heap_before));
	}
	if (collector->heap_after >= 0) {
		set(json, "heap_after", ctrace_json_real(collector->heap_after));
	}
}

static void add_cycle(json_t *json, const struct ctrace_answer_source *source,
		      const struct ctrace_collector_detail *collector)
{
	struct ctrace_model_event event;
	if (collector->cycle.lane == CTRACE_NONE ||
	    ctrace_model_event(source->model, collector->cycle, &event) != CTRACE_OK) {
		return;
	}
	json_t *cycle =
		json_pack("{s:o,s:I,s:o,s:o}", "place", ctrace_answer_place(collector->cycle),
			  "name", (json_int_t)event.name, "start", ctrace_json_count(event.start),
			  "duration", ctrace_json_count(event.duration));
	add_end(cycle, &collector->cycle_end);
	set(json, "cycle", cycle);
}

static void add_interrupted(json_t *json, const struct ctrace_answer_source *source,
			    const struct ctrace_collector_detail *collector)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < collector->interrupted_count; i++) {
		json_array_append_new(rows,
				      ctrace_answer_waker(source, &collector->interrupted[i]));
	}
	set(json, "interrupted", rows);
}

void ctrace_answer_collector(json_t *json, const struct ctrace_answer_source *source,
			     const struct ctrace_detail *detail)
{
	const struct ctrace_collector_detail *collector = &detail->collector;
	if (!collector->is_there) {
		return;
	}
	json_t *told = json_object();
	add_who(told, collector);
	add_end(told, &collector->end);
	add_heap(told, collector);
	add_cycle(told, source, collector);
	if (ctrace_collector_is_cycle(collector->kind)) {
		set(told, "pauses",
		    json_pack("{s:o,s:o}", "count", ctrace_json_count(collector->pauses), "total",
			      ctrace_json_count(collector->paused)));
	}
	if (collector->kind == CTRACE_COLLECTOR_WORLD_STOPPED) {
		add_interrupted(told, source, collector);
	}
	set(json, "category", json_string("gc"));
	set(json, "collector", told);
}
