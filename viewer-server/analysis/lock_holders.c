/* SPDX-License-Identifier: MIT */
/* Holders of waits to looks at them; see lock_holders.h. */

#include "viewer-server/analysis/lock_holders.h"

#include "viewer-server/model/ask/sleeps.h"

static const struct ctrace_look *held_of(const struct ctrace_seen_wait *wait,
					 const struct ctrace_model *model)
{
	const struct ctrace_column *looks =
		wait->holder != 0 ? ctrace_sleep_looks_at(model, wait->holder, wait->ticks) : NULL;
	uint64_t until = wait->given_at != 0 ? wait->given_at : wait->end;

	return looks != NULL ? ctrace_look_within(looks, wait->begin, until) : NULL;
}

void ctrace_lock_holders_find(struct ctrace_lock_waits *waits, const struct ctrace_model *model)
{
	for (size_t i = 0; i < waits->count; i++) {
		waits->items[i].held = held_of(&waits->items[i], model);
	}
}
