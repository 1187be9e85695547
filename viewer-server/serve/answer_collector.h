/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_COLLECTOR_H
#define CTRACE_SERVE_ANSWER_COLLECTOR_H

/* What a collector told of an event, as members of the answer about it (viewer-server/API.md,
 * "event"). */

#include "viewer-server/serve/answer_event.h"

/* Add category and `collector` to the answer about such an event; of others, nothing. */
void ctrace_answer_collector(json_t *json, const struct ctrace_answer_source *source,
			     const struct ctrace_detail *detail);

#endif
