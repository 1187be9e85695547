/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_SLEEPS_H
#define CTRACE_SERVE_ANSWER_SLEEPS_H

/* Where threads slept, as a flame (viewer-server/API.md, "sleeps"), and the looks that panels of
 * single events tell of. */

#include "viewer-server/model/threads/look_list.h"
#include "viewer-server/serve/answer_event.h"
#include "viewer-server/serve/message.h"

/* As ctrace_answer_flame. */
enum ctrace_status ctrace_answer_sleeps(const struct ctrace_answer_source *source,
					const struct ctrace_message *question,
					const struct ctrace_patience *patience, json_t **json);

/* Members `seen` and `seen_left_out`, if anybody looked. */
void ctrace_answer_looks(json_t *json, const struct ctrace_trace *trace,
			 const struct ctrace_looks_told *told);

#endif
