/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_KERNEL_H
#define CTRACE_SERVE_ANSWER_KERNEL_H

/* What a kernel told of an event, as members of the answer about it (viewer-server/API.md,
 * "event"). */

#include "viewer-server/serve/answer_event.h"

/* Add category, args and result of a call; state, turn or sample; woke. */
void ctrace_answer_kernel(json_t *json, const struct ctrace_answer_source *source,
			  const struct ctrace_detail *detail);

/* Who made a thread runnable, or what a thread did at a time. */
json_t *ctrace_answer_waker(const struct ctrace_answer_source *source,
			    const struct ctrace_waker *waker);
/* Who, with the track; a function with its file, line, module and address. */
json_t *ctrace_answer_thread(const struct ctrace_named_thread *who);
json_t *ctrace_answer_frame(const struct ctrace_trace *trace, uint32_t frame);
/* All of a stack, innermost first. */
json_t *ctrace_answer_frames(const struct ctrace_trace *trace, uint32_t stack);

#endif
