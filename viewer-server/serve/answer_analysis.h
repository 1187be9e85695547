/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_ANALYSIS_H
#define CTRACE_SERVE_ANSWER_ANALYSIS_H

/* Answers that take several lanes together: where time went, flames (viewer-server/API.md). */

#include "viewer-server/analysis/flame.h"
#include "viewer-server/serve/answer_event.h"
#include "viewer-server/serve/message.h"

/* Gives *json, without its `req`. Else a status as of the analysis; CTRACE_ERR_USAGE: the event is
 * of no thread. */
enum ctrace_status ctrace_answer_split(const struct ctrace_answer_source *source,
				       const struct ctrace_message *question,
				       const struct ctrace_patience *patience, json_t **json);
enum ctrace_status ctrace_answer_flame(const struct ctrace_answer_source *source,
				       const struct ctrace_message *question,
				       const struct ctrace_patience *patience, json_t **json);

/* The functions of a tree, as its nodes number them. */
json_t *ctrace_answer_functions(const struct ctrace_tree_function *functions, uint32_t count,
				const struct ctrace_trace *trace);

/* The members of a flame behind its times: samples to nodes. */
json_t *ctrace_answer_flame_parts(const struct ctrace_flame *flame,
				  const struct ctrace_trace *trace);

#endif
