/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_ANALYSIS_H
#define CTRACE_SERVE_ANSWER_ANALYSIS_H

/* Answers that take several lanes together: where time went, flames (viewer-server/API.md). */

#include "viewer-server/analysis/flame.h"
#include "viewer-server/serve/answer_event.h"
#include "viewer-server/serve/message.h"

/* Which stretch of which thread a question means. */
struct ctrace_stretch {
	uint32_t track; /* CTRACE_NONE: of all threads */
	uint64_t start, end;
};
/* CTRACE_ERR_NOT_FOUND: there is no such event. */
enum ctrace_status ctrace_answer_stretch(const struct ctrace_model *model,
					 const struct ctrace_message *question,
					 struct ctrace_stretch *stretch);

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
