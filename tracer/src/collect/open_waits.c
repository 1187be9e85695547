/* SPDX-License-Identifier: MIT */

/* Waits that are not over; see open_waits.h. */

#include "tracer/src/collect/open_waits.h"

void ctrace_open_waits_begin(struct ctrace_open_waits *waits, uint32_t *place,
			     const struct ctrace_open_wait *wait)
{
	ctrace_open_waits_end(waits, place);
	if (waits->count == CTRACE_OPEN_WAITS_MAX) {
		return;
	}
	waits->list[waits->count] = *wait;
	waits->list[waits->count].place = place;
	*place = ++waits->count;
}

void ctrace_open_waits_end(struct ctrace_open_waits *waits, uint32_t *place)
{
	uint32_t index = *place - 1;

	if (*place == 0) {
		return;
	}
	*place = 0;
	waits->count--;
	if (index < waits->count) {
		waits->list[index] = waits->list[waits->count];
		*waits->list[index].place = index + 1;
	}
}
