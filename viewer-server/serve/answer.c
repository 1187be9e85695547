/* SPDX-License-Identifier: MIT */
/* Questions to the model, answers to JSON; see answer.h. What one event looks like is in
 * answer_event.c. */

#include "viewer-server/serve/answer.h"

#include "viewer-server/limits.h"
#include "viewer-server/serve/answer_analysis.h"
#include "viewer-server/serve/answer_heap.h"
#include "viewer-server/serve/answer_locks.h"
#include "viewer-server/serve/answer_pauses.h"
#include "viewer-server/serve/answer_sleeps.h"
#include "viewer-server/serve/json.h"

#include <stdio.h>
#include <stdlib.h>

static json_t *req_of(const struct ctrace_req *req)
{
	return req->is_real ? ctrace_json_real(req->real) : json_integer(req->integer);
}

char *ctrace_answer_error(const struct ctrace_req *req, const char *text, size_t *size)
{
	json_t *json = json_pack("{s:s,s:s}", "type", "error", "text", text);
	if (req != NULL && req->is_there) {
		json_object_set_new(json, "req", req_of(req));
	}
	return ctrace_json_dump_take(json, size);
}

char *ctrace_answer_progress(const char *stage, uint64_t done, uint64_t total, size_t *size)
{
	return ctrace_json_dump_take(json_pack("{s:s,s:s,s:o,s:o}", "type", "progress", "stage",
					       stage, "done", ctrace_json_count(done), "total",
					       ctrace_json_count(total)),
				     size);
}

char *ctrace_answer_so_far(const struct ctrace_message *question,
			   const struct ctrace_range_share *share, size_t *size)
{
	json_t *json;
	if (question->type == CTRACE_MESSAGE_HEAP) {
		json = json_pack("{s:s,s:o,s:b,s:o,s:o}", "type", "heap", "req",
				 req_of(&question->req), "done", 0, "count",
				 ctrace_json_count(share->count), "of",
				 ctrace_json_count(share->of));
		return ctrace_json_dump_take(json, size);
	}
	json = json_pack("{s:s,s:o,s:b,s:o,s:o,s:o,s:i,s:[],s:[],s:[]}", "type", "range", "req",
			 req_of(&question->req), "done", 0, "count",
			 ctrace_json_count(share->count), "of", ctrace_json_count(share->of),
			 "busy", ctrace_json_count(share->busy), "lost", 0, "events", "places",
			 "names");
	return ctrace_json_dump_take(json, size);
}

static char *refusal(const struct ctrace_message *question, enum ctrace_status status,
		     const struct ctrace_error *error, size_t *size)
{
	if (status == CTRACE_END) {
		*size = 0;
		return NULL; /* cancelled, or out of patience: the worker knows which */
	}
	const char *text = error != NULL && error->text[0] != '\0' ? error->text
			   : status == CTRACE_ERR_NOT_FOUND ? "there is no such event or lane"
							    : ctrace_status_name(status);
	return ctrace_answer_error(&question->req, text, size);
}

static bool is_lane(const struct ctrace_model *model, uint32_t lane)
{
	uint32_t count;
	ctrace_model_lanes(model, &count);
	return lane < count;
}

static char *answer_event(const struct ctrace_answer_source *source,
			  const struct ctrace_message *question, size_t *size)
{
	struct ctrace_place place = {question->lane, question->index};
	struct ctrace_error error = {.status = CTRACE_OK};
	struct ctrace_detail detail;
	enum ctrace_status status = CTRACE_ERR_NOT_FOUND;
	if (is_lane(source->model, place.lane)) {
		status = ctrace_detail_init(&detail, source->model, place, &error);
	}
	if (status != CTRACE_OK) {
		return refusal(question, status, &error, size);
	}
	json_t *json = ctrace_answer_detail(source, &detail);
	ctrace_detail_finish(&detail);
	json_object_set_new(json, "req", req_of(&question->req));
	return ctrace_json_dump_take(json, size);
}

static json_t *found_at(const struct ctrace_model *model, struct ctrace_place place)
{
	struct ctrace_model_event event;
	if (place.lane == CTRACE_NONE || ctrace_model_event(model, place, &event) != CTRACE_OK) {
		return json_pack("{s:s,s:i,s:i}", "type", "found", "lane", -1, "index", -1);
	}
	return json_pack("{s:s,s:I,s:I,s:o,s:o,s:b}", "type", "found", "lane",
			 (json_int_t)place.lane, "index", (json_int_t)place.index, "start",
			 ctrace_json_count(event.start), "duration",
			 ctrace_json_count(event.duration), "wrapped", 0);
}

static char *answer_at(const struct ctrace_answer_source *source,
		       const struct ctrace_message *question, size_t *size)
{
	if (!is_lane(source->model, question->lane)) {
		return refusal(question, CTRACE_ERR_NOT_FOUND, NULL, size);
	}
	struct ctrace_place place = ctrace_model_at(source->model, question->lane, question->time);
	json_t *json = found_at(source->model, place);
	json_object_set_new(json, "req", req_of(&question->req));
	return ctrace_json_dump_take(json, size);
}

static json_t *matches_of(const struct ctrace_name_set *set)
{
	json_t *names = json_array();
	for (uint32_t i = 0; i < set->names; i++) {
		if ((set->bits[i / 64] >> (i % 64) & 1) != 0) {
			json_array_append_new(names, json_integer(i));
		}
	}
	return names;
}

static char *answer_search(const struct ctrace_answer_source *source,
			   const struct ctrace_message *question,
			   const struct ctrace_patience *patience, size_t *size)
{
	struct ctrace_name_set set;
	enum ctrace_status status = ctrace_name_set_init(&set, source->model, question->text,
							 question->text_size, patience);
	if (status != CTRACE_OK) {
		return refusal(question, status, NULL, size);
	}
	uint64_t count = ctrace_model_count(source->model, &set);
	json_t *json =
		json_pack("{s:s,s:o,s:o,s:o}", "type", "search", "req", req_of(&question->req),
			  "count", ctrace_json_count(count), "names", matches_of(&set));
	ctrace_name_set_finish(&set);
	return ctrace_json_dump_take(json, size);
}

/* Which hit it is goes without saying where counting takes long. */
static json_t *found_next(const struct ctrace_model *model, const struct ctrace_name_set *set,
			  const struct ctrace_found *found, const struct ctrace_patience *brief)
{
	uint64_t position;
	json_t *json =
		json_pack("{s:s,s:I,s:I,s:o,s:o,s:b,s:o}", "type", "found", "lane",
			  (json_int_t)found->place.lane, "index", (json_int_t)found->place.index,
			  "start", ctrace_json_count(found->start), "duration",
			  ctrace_json_count(found->duration), "wrapped", (int)found->wrapped,
			  "count", ctrace_json_count(ctrace_model_count(model, set)));
	if (ctrace_model_position(model, set, found->place, brief, &position) == CTRACE_OK) {
		json_object_set_new(json, "position", ctrace_json_count(position));
	}
	return json;
}

static char *answer_find(const struct ctrace_answer_source *source,
			 const struct ctrace_message *question,
			 const struct ctrace_patience *patience,
			 const struct ctrace_patience *brief, size_t *size)
{
	struct ctrace_place place = {question->lane, question->index};
	struct ctrace_name_set set;
	struct ctrace_found found;
	enum ctrace_status status = ctrace_name_set_init(&set, source->model, question->text,
							 question->text_size, patience);
	if (status != CTRACE_OK) {
		return refusal(question, status, NULL, size);
	}
	status = ctrace_model_find(source->model, &set, question->time, place, question->direction,
				   patience, &found);
	json_t *json = NULL;
	if (status == CTRACE_OK) {
		json = found_next(source->model, &set, &found, brief);
	} else if (status == CTRACE_ERR_NOT_FOUND) {
		json = json_pack("{s:s,s:i,s:i,s:i}", "type", "found", "lane", -1, "index", -1,
				 "count", 0);
	}
	ctrace_name_set_finish(&set);
	if (json == NULL) {
		return refusal(question, status, NULL, size);
	}
	json_object_set_new(json, "req", req_of(&question->req));
	return ctrace_json_dump_take(json, size);
}

static json_t *totals_of(const struct ctrace_range *range)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < range->name_count; i++) {
		const struct ctrace_name_total *name = &range->names[i];
		json_array_append_new(rows, json_pack("{s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "name",
						      (json_int_t)name->name, "count",
						      ctrace_json_count(name->count), "total",
						      ctrace_json_count(name->total), "self",
						      ctrace_json_count(name->self), "min",
						      ctrace_json_count(name->min), "max",
						      ctrace_json_count(name->max), "longest",
						      ctrace_answer_place(name->longest)));
	}
	return rows;
}

static json_t *places_of(const struct ctrace_range *range)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < range->top_count; i++) {
		const struct ctrace_model_event *event = &range->top[i].event;
		json_array_append_new(
			rows,
			json_pack("[I,I,o,o,o,I]", (json_int_t)event->place.lane,
				  (json_int_t)event->place.index, ctrace_json_count(event->start),
				  ctrace_json_count(event->duration),
				  ctrace_json_count(range->top[i].self), (json_int_t)event->name));
	}
	return rows;
}

static char *dump_range(const struct ctrace_answer_source *source,
			const struct ctrace_message *question, const struct ctrace_range *range,
			const struct ctrace_patience *patience, size_t *size)
{
	json_t *json = json_pack(
		"{s:s,s:o,s:b,s:o,s:o,s:o,s:o,s:o,s:o}", "type", "range", "req",
		req_of(&question->req), "done", 1, "count", ctrace_json_count(range->count), "busy",
		ctrace_json_count(range->busy), "lost", ctrace_json_count(range->lost), "events",
		ctrace_answer_chrome_top(source, range, patience), "places", places_of(range),
		"names", totals_of(range));
	return ctrace_json_dump_take(json, size);
}

static char *answer_range(const struct ctrace_answer_source *source,
			  const struct ctrace_message *question,
			  const struct ctrace_patience *patience, size_t *size)
{
	for (uint32_t i = 0; i < question->lane_count; i++) {
		if (!is_lane(source->model, question->lanes[i])) {
			return refusal(question, CTRACE_ERR_NOT_FOUND, NULL, size);
		}
	}
	struct ctrace_range range;
	enum ctrace_status status = ctrace_range_init(
		&range, source->model, question->lanes, question->lane_count, question->start,
		question->end, question->top, question->is_by_start, patience);
	if (status != CTRACE_OK) {
		return refusal(question, status, NULL, size);
	}
	char *text = dump_range(source, question, &range, patience, size);
	ctrace_range_finish(&range);
	return text;
}

static char *answer_analysis(const struct ctrace_answer_source *source,
			     const struct ctrace_message *question,
			     const struct ctrace_patience *patience,
			     enum ctrace_status (*make)(const struct ctrace_answer_source *source,
							const struct ctrace_message *question,
							const struct ctrace_patience *patience,
							json_t **json),
			     size_t *size)
{
	json_t *json = NULL;
	enum ctrace_status status = make(source, question, patience, &json);
	if (status == CTRACE_ERR_NOT_FOUND) {
		return ctrace_answer_error(&question->req, "there is no such event or thread",
					   size);
	}
	if (status == CTRACE_ERR_LIMIT) {
		return ctrace_answer_error(&question->req,
					   "too wide: more pieces of time than can be weighed; "
					   "zoom in, or ask of one thread",
					   size);
	}
	if (status != CTRACE_OK) {
		return refusal(question, status, NULL, size);
	}
	json_object_set_new(json, "req", req_of(&question->req));
	return ctrace_json_dump_take(json, size);
}

static char *answer_heap(const struct ctrace_answer_source *source,
			 const struct ctrace_message *question,
			 const struct ctrace_patience *patience, size_t *size)
{
	struct ctrace_error error = {.status = CTRACE_OK};
	json_t *json = NULL;
	enum ctrace_status status = ctrace_answer_heap(source, question, patience, &json, &error);
	if (status != CTRACE_OK) {
		return refusal(question, status, &error, size);
	}
	json_object_set_new(json, "req", req_of(&question->req));
	return ctrace_json_dump_take(json, size);
}

static char *answer_locks(const struct ctrace_answer_source *source,
			  const struct ctrace_message *question,
			  const struct ctrace_patience *patience, size_t *size)
{
	struct ctrace_error error = {.status = CTRACE_OK};
	json_t *json = NULL;
	enum ctrace_status status = ctrace_answer_locks(source, question, patience, &json, &error);
	if (status != CTRACE_OK) {
		return refusal(question, status, &error, size);
	}
	json_object_set_new(json, "req", req_of(&question->req));
	return ctrace_json_dump_take(json, size);
}

static char *answer(const struct ctrace_answer_source *source,
		    const struct ctrace_message *question, const struct ctrace_patience *patience,
		    const struct ctrace_patience *brief, size_t *size)
{
	switch (question->type) {
	case CTRACE_MESSAGE_EVENT:
		return answer_event(source, question, size);
	case CTRACE_MESSAGE_RANGE:
		return answer_range(source, question, patience, size);
	case CTRACE_MESSAGE_SEARCH:
		return answer_search(source, question, patience, size);
	case CTRACE_MESSAGE_FIND:
		return answer_find(source, question, patience, brief, size);
	case CTRACE_MESSAGE_AT:
		return answer_at(source, question, size);
	case CTRACE_MESSAGE_SPLIT:
		return answer_analysis(source, question, patience, ctrace_answer_split, size);
	case CTRACE_MESSAGE_FLAME:
		return answer_analysis(source, question, patience, ctrace_answer_flame, size);
	case CTRACE_MESSAGE_SLEEPS:
		return answer_analysis(source, question, patience, ctrace_answer_sleeps, size);
	case CTRACE_MESSAGE_PAUSES:
		return answer_analysis(source, question, patience, ctrace_answer_pauses, size);
	case CTRACE_MESSAGE_HEAP:
		return answer_heap(source, question, patience, size);
	case CTRACE_MESSAGE_LOCKS:
		return answer_locks(source, question, patience, size);
	case CTRACE_MESSAGE_VIEW:
	case CTRACE_MESSAGE_CANCEL:
		break;
	}
	return ctrace_answer_error(&question->req, "this is not a question", size);
}

char *ctrace_answer_fit_take(const struct ctrace_req *req, char *text, size_t *size)
{
	char line[128];
	if (*size <= CTRACE_ANSWER_BYTES_MAX) {
		return text;
	}
	snprintf(line, sizeof(line),
		 "an answer of %zu bytes, the limit is %u; ask for a part of it", *size,
		 CTRACE_ANSWER_BYTES_MAX);
	free(text);
	return ctrace_answer_error(req, line, size);
}

char *ctrace_answer_make(const struct ctrace_answer_source *source,
			 const struct ctrace_message *question,
			 const struct ctrace_patience *patience,
			 const struct ctrace_patience *brief, size_t *size)
{
	*size = 0;
	char *text = answer(source, question, patience, brief, size);
	return ctrace_answer_fit_take(&question->req, text, size);
}
