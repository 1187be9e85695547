/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_HEAP_H
#define CTRACE_SERVE_ANSWER_HEAP_H

/* Memory of a trace or a range as JSON (viewer-server/API.md, "heap"). */

#include "viewer-server/serve/answer_event.h"
#include "viewer-server/serve/message.h"

/* Rows of an answer; those with the most bytes. */
#define CTRACE_HEAP_THREADS_MAX 32u
#define CTRACE_HEAP_HANDS_MAX	512u
#define CTRACE_HEAP_POOLS_MAX	100u

/* Gives *json, without its `req`. Else a status; of CTRACE_ERR_LIMIT *error has the line. */
enum ctrace_status ctrace_answer_heap(const struct ctrace_answer_source *source,
				      const struct ctrace_message *question,
				      const struct ctrace_patience *patience, json_t **json,
				      struct ctrace_error *error);

#endif
