/* SPDX-License-Identifier: MIT */
/* Sums of sleeps as a flame, and looks, to JSON; see answer_sleeps.h. */

#include "viewer-server/serve/answer_sleeps.h"

#include "viewer-server/analysis/heap_stack.h"
#include "viewer-server/analysis/lock_places.h"
#include "viewer-server/analysis/sleep_sums.h"
#include "viewer-server/serve/answer_analysis.h"
#include "viewer-server/serve/answer_kernel.h"
#include "viewer-server/serve/json.h"

#include <stdlib.h>

static enum ctrace_status make_flame(struct ctrace_flame *flame,
				     const struct ctrace_sleep_sums *sums,
				     const struct ctrace_trace *trace,
				     const struct ctrace_patience *patience)
{
	struct ctrace_flame_stack *stacks = calloc(sums->count + 1u, sizeof(*stacks));
	enum ctrace_status status;
	if (stacks == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < sums->count; i++) {
		const struct ctrace_sleep_row *row = &sums->rows[i];
		stacks[i] = (struct ctrace_flame_stack){row->stack, row->sum.total, row->sum.count};
	}
	status = ctrace_flame_of_stacks_init(flame, trace, stacks, sums->count, patience);
	free(stacks);
	return status;
}

static json_t *sum_of(const struct ctrace_sleep_sum *sum)
{
	return json_pack("{s:o,s:o,s:o}", "total", ctrace_json_count(sum->total), "count",
			 ctrace_json_count(sum->count), "estimated",
			 ctrace_json_count(sum->estimated));
}

static json_t *answer_of(const struct ctrace_answer_source *source,
			 const struct ctrace_stretch *stretch, const struct ctrace_sleep_sums *sums,
			 const struct ctrace_flame *flame)
{
	json_t *json =
		json_pack("{s:s,s:o,s:o,s:o,s:o,s:o}", "type", "sleeps", "start",
			  ctrace_json_count(stretch->start), "end", ctrace_json_count(stretch->end),
			  "threads", ctrace_json_count(sums->threads), "all", sum_of(&sums->all),
			  "not_looked_at", sum_of(&sums->not_looked));
	json_object_update_new(json, ctrace_answer_flame_parts(flame, source->trace));
	return json;
}

enum ctrace_status ctrace_answer_sleeps(const struct ctrace_answer_source *source,
					const struct ctrace_message *question,
					const struct ctrace_patience *patience, json_t **json)
{
	struct ctrace_stretch stretch;
	struct ctrace_sleep_sums sums = {.count = 0};
	struct ctrace_flame flame = {.samples = 0};
	enum ctrace_status status = ctrace_answer_stretch(source->model, question, &stretch);
	if (status == CTRACE_OK) {
		const struct ctrace_sleep_settings settings = {.start = stretch.start,
							       .end = stretch.end,
							       .track = stretch.track,
							       .patience = patience};
		status = ctrace_sleep_sums_init(&sums, source->model, &settings);
	}
	if (status == CTRACE_OK) {
		status = make_flame(&flame, &sums, source->trace, patience);
	}
	if (status == CTRACE_OK) {
		*json = answer_of(source, &stretch, &sums, &flame);
	}
	ctrace_flame_finish(&flame);
	ctrace_sleep_sums_finish(&sums);
	return status;
}

/* ---- Looks -------------------------------------------------------------------------- */

static json_t *look_of(const struct ctrace_trace *trace, const struct ctrace_look_told *told)
{
	const struct ctrace_frame_row *frames[CTRACE_HEAP_STACK_MAX];
	unsigned count = ctrace_heap_stack(trace, told->first.stack, frames);
	const struct ctrace_told_frames brief = ctrace_lock_told_frames(trace, frames, count);
	return json_pack("{s:o,s:o,s:o,s:s,s:[i,i],s:o}", "time",
			 ctrace_json_count(told->first.time), "last", ctrace_json_count(told->last),
			 "count", ctrace_json_count(told->count), "state",
			 ctrace_thread_state_name(told->first.doing), "brief", (int)brief.call,
			 (int)brief.own, "frames", ctrace_answer_frames(trace, told->first.stack));
}

void ctrace_answer_looks(json_t *json, const struct ctrace_trace *trace,
			 const struct ctrace_looks_told *told)
{
	json_t *looks;
	if (told->count == 0) {
		return;
	}
	looks = json_array();
	for (unsigned i = 0; i < told->count; i++) {
		json_array_append_new(looks, look_of(trace, &told->items[i]));
	}
	json_object_set_new(json, "seen", looks);
	json_object_set_new(json, "seen_left_out", ctrace_json_count(told->left_out));
}
