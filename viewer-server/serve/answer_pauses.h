/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_PAUSES_H
#define CTRACE_SERVE_ANSWER_PAUSES_H

/* Minimum mutator utilisation as JSON (viewer-server/API.md, "pauses"). */

#include "viewer-server/serve/answer.h"

#include <jansson.h>

/* As ctrace_pauses_ask. */
enum ctrace_status ctrace_answer_pauses(const struct ctrace_answer_source *source,
					const struct ctrace_message *question,
					const struct ctrace_patience *patience, json_t **json);

#endif
