/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_DETAIL_H
#define CTRACE_KERNEL_DETAIL_H

/*
 * What the file tells of a state, a turn, a call or a sample beyond its lane: who woke, what was
 * given and returned, where.
 *
 * Thread: any.  Blocks: on the disk.  Allocates: the detail's chunks and lists.
 */

#include "viewer-server/model/model_parts.h"

/* Fill detail->kernel; detail->event and detail->origin are there. */
enum ctrace_status ctrace_kernel_detail_find(struct ctrace_detail *detail,
					     const struct ctrace_model *model,
					     struct ctrace_error *error);

/* The thread that `tid` meant then, and what it did; its CPU is not known. */
struct ctrace_waker ctrace_kernel_who(const struct ctrace_model *model, uint64_t tid,
				      uint64_t ticks, uint64_t time);

/* The innermost call that a thread is in at a time. `stream` is a position in model->streams. */
struct ctrace_place ctrace_kernel_call_at(const struct ctrace_model *model, uint32_t stream,
					  uint64_t time);

#endif
