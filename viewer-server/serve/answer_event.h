/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_EVENT_H
#define CTRACE_SERVE_ANSWER_EVENT_H

/*
 * One event in all its detail as JSON.
 *
 * Thread: any.  Blocks: on the disk.  Allocates: yes.
 */

#include "viewer-server/serve/answer_chrome.h"

/* An `event` message without its req. */
json_t *ctrace_answer_detail(const struct ctrace_answer_source *source,
			     const struct ctrace_detail *detail);
/* [lane, index]; null for nowhere. */
json_t *ctrace_answer_place(struct ctrace_place place);
#endif
