/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOCK_DETAIL_H
#define CTRACE_LOCK_DETAIL_H

/*
 * Of a wait for a lock, whose call is in the detail already: who had the lock when it began, and
 * who let it go at last (SPEC 8.6), each with what that thread was doing. The second is looked for
 * in the chunks of the time of the wait, 64 of them at most, from the last one on. Where the two
 * threads were is told behind these events; of the holder also by the first sample of it from the
 * wait's begin to when the lock was let go.
 *
 * Thread: any, own detail.
 */

#include "viewer-server/model/model_parts.h"
#include "viewer-server/model/query.h"

void ctrace_lock_detail_find(struct ctrace_detail *detail, const struct ctrace_model *model,
			     uint64_t pid, uint64_t tid);

#endif
