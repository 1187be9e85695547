/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_LOCKS_H
#define CTRACE_SERVE_ANSWER_LOCKS_H

/* The answer to `locks` (viewer-server/API.md): gives *json, without its `req`; else a status, and
 * what to say of it. */

#include "viewer-server/serve/answer_event.h"
#include "viewer-server/serve/message.h"

enum ctrace_status ctrace_answer_locks(const struct ctrace_answer_source *source,
				       const struct ctrace_message *question,
				       const struct ctrace_patience *patience, json_t **json,
				       struct ctrace_error *error);

#endif
