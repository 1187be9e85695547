/* SPDX-License-Identifier: MIT */
/* struct ctrace_pauses to JSON, member by member as API.md lists them. */

#include "viewer-server/serve/answer_pauses.h"

#include "viewer-server/analysis/utilisation.h"
#include "viewer-server/serve/json.h"

static json_t *point_of(const struct ctrace_pause_point *point)
{
	return json_pack("[o,o,o,I]", ctrace_json_count(point->window),
			 ctrace_json_count(point->taken), ctrace_json_count(point->start),
			 (json_int_t)point->track);
}

static json_t *points_of(const struct ctrace_pause_point *points, uint32_t count)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < count; i++) {
		json_array_append_new(rows, point_of(&points[i]));
	}
	return rows;
}

static json_t *offers_of(const struct ctrace_pauses *pauses)
{
	json_t *rows = json_array();
	for (unsigned i = 0; i < CTRACE_PAUSE_WHATS; i++) {
		json_t *row = json_pack("{s:s}", "what", ctrace_pause_what_name(i));
		if (pauses->why_not[i] != NULL) {
			json_object_set_new(row, "why_not", json_string(pauses->why_not[i]));
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

enum ctrace_status ctrace_answer_pauses(const struct ctrace_answer_source *source,
					const struct ctrace_message *question,
					const struct ctrace_patience *patience, json_t **json)
{
	const struct ctrace_pauses_question asked = {
		.what = (enum ctrace_pause_what)question->what,
		.track = question->track,
		.start = question->start,
		.end = question->end,
		.window = question->window,
	};
	struct ctrace_pauses pauses;
	enum ctrace_status status =
		ctrace_pauses_ask(&pauses, source->model, source->trace, &asked, patience);
	if (status != CTRACE_OK) {
		return status;
	}
	*json = json_pack("{s:s,s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:I,s:o,s:o}", "type", "pauses", "what",
			  ctrace_pause_what_name(question->what), "track",
			  (json_int_t)question->track, "start", ctrace_json_count(pauses.start),
			  "end", ctrace_json_count(pauses.end), "offers", offers_of(&pauses),
			  "grain", ctrace_json_count(pauses.grain), "points",
			  points_of(pauses.points, pauses.point_count), "threads",
			  (json_int_t)pauses.threads, "pieces", ctrace_json_count(pauses.pieces),
			  "taken", ctrace_json_count(pauses.taken));
	if (pauses.pieces > 0) {
		json_object_set_new(*json, "longest", point_of(&pauses.longest));
	}
	if (pauses.point_count > 0) {
		json_object_set_new(*json, "window", ctrace_json_count(pauses.window));
		json_object_set_new(*json, "worst", points_of(pauses.worst, pauses.worst_count));
	}
	return CTRACE_OK;
}
