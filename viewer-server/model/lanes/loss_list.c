/* SPDX-License-Identifier: MIT */
/* Joined intervals and two searches in them. */

#include "viewer-server/model/lanes/loss_list.h"

bool ctrace_loss_list_add(struct ctrace_loss_list *list, uint64_t from, uint64_t to)
{
	struct ctrace_loss_time *times = list->times.items, *added;

	if (list->times.count > 0 && from <= times[list->times.count - 1].to) {
		struct ctrace_loss_time *last = &times[list->times.count - 1];

		last->to = to > last->to ? to : last->to;
		return true;
	}
	added = ctrace_column_add(&list->times, sizeof(*added));
	if (added != NULL) {
		*added = (struct ctrace_loss_time){from, to > from ? to : from};
	}
	return added != NULL;
}

void ctrace_loss_list_finish(struct ctrace_loss_list *list)
{
	ctrace_column_finish(&list->times);
}

const struct ctrace_loss_time *ctrace_loss_list_first(const struct ctrace_loss_list *list,
						      uint64_t from, uint64_t to)
{
	const struct ctrace_loss_time *times = list->times.items;
	size_t low = 0, high = list->times.count;

	if (high == 0 || times[high - 1].to <= from) {
		return NULL;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (times[middle].to <= from) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return times[low].from < to ? &times[low] : NULL;
}

const struct ctrace_loss_time *ctrace_loss_list_before(const struct ctrace_loss_list *list,
						       uint64_t time)
{
	const struct ctrace_loss_time *times = list->times.items;
	size_t low = 0, high = list->times.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (times[middle].from < time) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low > 0 ? &times[low - 1] : NULL;
}
