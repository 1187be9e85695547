/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_EVENT_ORIGIN_H
#define CTRACE_EVENT_ORIGIN_H

/*
 * From an event of a lane back to what the file tells of it: by its number in the trace, or, where
 * the file does not hold it, by what the loader set aside (struct ctrace_stray, ctrace_loss_fact).
 *
 * Thread: any.  Blocks: on the disk.  Allocates: the detail's chunk.
 */

#include "viewer-server/model/model_parts.h"

/* Event number `ref` of the trace, read again; it borrows from `chunk`. */
enum ctrace_status ctrace_origin_read(const struct ctrace_model *model, uint32_t ref,
				      struct ctrace_chunk *chunk, struct ctrace_event *event,
				      struct ctrace_error *error);
/* Where it is. */
struct ctrace_event_place ctrace_origin_place(const struct ctrace_model *model, uint32_t ref);

/* Fill detail->origin, and from it the site, the arguments and the loss. detail->event is there. */
enum ctrace_status ctrace_origin_find(struct ctrace_detail *detail,
				      const struct ctrace_model *model, struct ctrace_error *error);

#endif
