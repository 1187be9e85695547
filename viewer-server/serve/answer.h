/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_H
#define CTRACE_SERVE_ANSWER_H

/*
 * Exact answers to the page's questions as JSON texts (viewer-server/API.md).
 *
 * Thread: any.  Blocks: on the disk.  Allocates: yes; texts are given, undo
 * with free; NULL without memory.
 */

#include "viewer-server/serve/answer_event.h"
#include "viewer-server/serve/message.h"

/* Answer any question but view and cancel. What cannot be answered is an `error` message. `brief`
 * is for what an answer can do without. */
char *ctrace_answer_make(const struct ctrace_answer_source *source,
			 const struct ctrace_message *question,
			 const struct ctrace_patience *patience,
			 const struct ctrace_patience *brief, size_t *size);
/* How far a range, or a walk over memory, is: a message of its type that is not done. */
char *ctrace_answer_so_far(const struct ctrace_message *question,
			   const struct ctrace_range_share *share, size_t *size);
/* The text, or, if it is too long for an answer, an error in its place (takes the text). */
char *ctrace_answer_fit_take(const struct ctrace_req *req, char *text, size_t *size);

char *ctrace_answer_error(const struct ctrace_req *req, const char *text, size_t *size);
char *ctrace_answer_progress(const char *stage, uint64_t done, uint64_t total, size_t *size);

#endif
