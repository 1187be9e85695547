/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOCK_HOLDERS_H
#define CTRACE_LOCK_HOLDERS_H

/*
 * Where the holder of a lock was while others waited for it: the first look at it that has a stack,
 * from a wait's begin to when the lock was let go. It sets `held` of the waits, which then borrow
 * from the model.
 *
 * Thread: any, own waits.  Allocates: nothing.
 */

#include "viewer-server/analysis/lock_waits.h"

void ctrace_lock_holders_find(struct ctrace_lock_waits *waits, const struct ctrace_model *model);

#endif
