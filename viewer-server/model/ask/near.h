/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_NEAR_H
#define CTRACE_NEAR_H

/* Who is whose parent and child: spans of a thread by their lanes' order and their times. */

#include "viewer-server/model/model_parts.h"

/* The span of `lane` that contains `time`; `count` of the lane if none. */
uint32_t ctrace_near_containing(const struct ctrace_lane *lane, uint64_t time);
/* Children of a span in the lane below it: [*first, *end). Lane CTRACE_NONE if there is no such
 * lane. */
uint32_t ctrace_near_children(const struct ctrace_model *model, struct ctrace_place place,
			      uint32_t *first, uint32_t *end);
struct ctrace_place ctrace_near_parent(const struct ctrace_model *model, struct ctrace_place place);
/* The innermost span of a thread at a time. `stream` is a position in model->streams. */
struct ctrace_place ctrace_near_innermost(const struct ctrace_model *model, uint32_t stream,
					  uint64_t time);
/* A span's duration without its children. */
uint64_t ctrace_near_self(const struct ctrace_model *model, struct ctrace_place place);

#endif
