/* SPDX-License-Identifier: MIT */
/* A process's counters: one lane a name, samples of all threads merged by time. */

#include "viewer-server/model/build/gather.h"

#include <math.h>

static int by_name_then_time(const void *a, const void *b)
{
	const struct ctrace_counter_sample *x = a, *y = b;

	if (x->name != y->name) {
		return x->name < y->name ? -1 : 1;
	}
	if (x->time != y->time) {
		return x->time < y->time ? -1 : 1;
	}
	return (x->ref > y->ref) - (x->ref < y->ref);
}

static bool collect(const struct ctrace_gathering *gathering, struct ctrace_column *all)
{
	for (uint32_t i = 0; i < gathering->own_count; i++) {
		const struct ctrace_column *some = &gathering->builds[gathering->own[i]].samples;
		const struct ctrace_counter_sample *samples = some->items;

		if (!ctrace_column_reserve(all, sizeof(*samples), some->count)) {
			return false;
		}
		for (size_t j = 0; j < some->count; j++) {
			((struct ctrace_counter_sample *)all->items)[all->count++] = samples[j];
		}
	}
	return true;
}

static enum ctrace_lane_unit unit_of(uint32_t name)
{
	return name == CTRACE_NAME_COLLECTOR_HEAP || name == CTRACE_NAME_COLLECTOR_LIVE
		       ? CTRACE_UNIT_BYTES
		       : CTRACE_UNIT_NONE;
}

static bool add_lane(struct ctrace_gathering *gathering,
		     const struct ctrace_counter_sample *samples, size_t count, uint32_t track,
		     uint32_t depth)
{
	struct ctrace_lane lane = {.info = {.kind = CTRACE_LANE_COUNTER,
					    .name = samples[0].name,
					    .unit = unit_of(samples[0].name)}};
	double value = 0;
	bool is_ok = true;

	for (size_t i = 0; is_ok && i < count; i++) {
		/* What is not a number cannot be drawn: the value before holds. The event itself
		 * keeps it. */
		value = isfinite(samples[i].value) ? samples[i].value : value;
		const struct ctrace_lane_event event = {
			.start = samples[i].time,
			.name = samples[i].name,
			.ref = samples[i].ref,
			.value = value,
		};

		is_ok = ctrace_lane_append(&lane, &event);
	}
	is_ok = is_ok && ctrace_lane_seal(&lane) &&
		ctrace_gather_lane(gathering, &lane, track, depth, CTRACE_NONE);
	ctrace_lane_finish(&lane);
	return is_ok;
}

bool ctrace_gather_counter_lanes(struct ctrace_gathering *gathering, struct ctrace_column *all,
				 uint32_t track, uint32_t depth)
{
	const struct ctrace_counter_sample *samples = all->items;
	bool is_ok = true;

	if (all->count > 0) {
		qsort(all->items, all->count, sizeof(*samples), by_name_then_time);
	}
	for (size_t i = 0, end; is_ok && i < all->count; i = end) {
		for (end = i + 1; end < all->count && samples[end].name == samples[i].name; end++) {
		}
		is_ok = add_lane(gathering, &samples[i], end - i, track, depth++);
	}
	return is_ok;
}

enum ctrace_status ctrace_gather_counters(struct ctrace_gathering *gathering, uint64_t pid,
					  uint32_t track)
{
	struct ctrace_column all = {0};
	bool is_ok =
		collect(gathering, &all) && ctrace_gather_counter_lanes(gathering, &all, track, 0);

	(void)pid;
	ctrace_column_finish(&all);
	return is_ok ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}
