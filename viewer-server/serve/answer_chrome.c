/* SPDX-License-Identifier: MIT */
/* The encoder's lines as JSON values; see answer_chrome.h. */

#include "viewer-server/serve/answer_chrome.h"

#include "viewer-server/export/chrome_click.h"
#include "viewer-server/limits.h"

/* A pause may be stops of several threads together: the JSON has the first of them. */
static json_t *chrome_of_span(const struct ctrace_answer_source *source, struct ctrace_place place)
{
	struct ctrace_detail detail;
	json_t *lines;
	if (ctrace_detail_init(&detail, source->model, place, NULL) != CTRACE_OK) {
		return json_array();
	}
	lines = ctrace_answer_chrome(source, &detail);
	ctrace_detail_finish(&detail);
	return lines;
}

json_t *ctrace_answer_chrome(const struct ctrace_answer_source *source,
			     const struct ctrace_detail *detail)
{
	struct ctrace_buffer text = {.size = 0};
	json_t *lines = NULL;
	uint32_t count;
	enum ctrace_lane_kind lane =
		ctrace_model_lanes(source->model, &count)[detail->event.place.lane].kind;
	if (lane == CTRACE_LANE_PAUSE && detail->collector.span.lane != CTRACE_NONE) {
		return chrome_of_span(source, detail->collector.span);
	}
	ctrace_buffer_put(&text, "[", 1);
	if (ctrace_chrome_click(&text, source->sites, detail, lane) == CTRACE_OK) {
		ctrace_buffer_put(&text, "]", 1);
		lines = json_loadb((const char *)text.bytes, text.size, JSON_ALLOW_NUL, NULL);
	}
	ctrace_buffer_finish(&text);
	return lines != NULL ? lines : json_array();
}

json_t *ctrace_answer_chrome_top(const struct ctrace_answer_source *source,
				 const struct ctrace_range *range,
				 const struct ctrace_patience *patience)
{
	json_t *lines = json_array();
	for (uint32_t i = 0; i < range->top_count && i < CTRACE_RANGE_EVENTS_MAX; i++) {
		struct ctrace_detail detail;
		if (!patience->go_on(patience->context)) {
			break;
		}
		if (ctrace_detail_init(&detail, source->model, range->top[i].event.place, NULL) ==
		    CTRACE_OK) {
			json_t *own = ctrace_answer_chrome(source, &detail);
			json_array_extend(lines, own);
			json_decref(own);
			ctrace_detail_finish(&detail);
		}
	}
	return lines;
}
