/* SPDX-License-Identifier: MIT */
/* Looks by time; see look_list.h. */

#include "viewer-server/model/threads/look_list.h"

#include "format/limits.h"

/* Who is not asleep runs, or is about to. */
static enum ctrace_thread_doing doing_of(uint64_t run_state)
{
	return run_state == 0 ? CTRACE_STATE_RUNNING : ctrace_thread_state_of((unsigned)run_state);
}

struct ctrace_look ctrace_look_of_fields(uint64_t time, const struct ctrace_value *values)
{
	uint64_t stack = values[2].u64;

	return (struct ctrace_look){
		.time = time,
		.stack = stack <= CTRACE_STACK_MAX ? (uint32_t)stack : 0,
		.doing = doing_of(values[1].u64),
	};
}

bool ctrace_look_add(struct ctrace_column *looks, const struct ctrace_look *look)
{
	struct ctrace_look *added = ctrace_column_add(looks, sizeof(*added));

	if (added == NULL) {
		return false;
	}
	*added = *look;
	return true;
}

/* From the back, where there is room. */
bool ctrace_look_merge(struct ctrace_column *looks, struct ctrace_column *more)
{
	size_t i = looks->count, j = more->count, at = i + j;
	struct ctrace_look *items;
	const struct ctrace_look *added = more->items;

	if (j == 0) {
		return true;
	}
	if (!ctrace_column_reserve(looks, sizeof(*items), j)) {
		return false;
	}
	items = looks->items;
	while (j > 0) {
		bool is_old = i > 0 && items[i - 1].time > added[j - 1].time;

		items[--at] = is_old ? items[--i] : added[--j];
	}
	looks->count += more->count;
	ctrace_column_finish(more);
	return true;
}

size_t ctrace_look_first(const struct ctrace_column *looks, uint64_t time)
{
	size_t low = 0, high = looks->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ctrace_look_at(looks, middle)->time < time) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

bool ctrace_look_is_asleep(const struct ctrace_look *look)
{
	return ctrace_thread_state_is_waiting(look->doing);
}

const struct ctrace_look *ctrace_look_asleep(const struct ctrace_column *looks, uint64_t begin,
					     uint64_t end)
{
	const struct ctrace_look *found = NULL;

	for (size_t i = ctrace_look_first(looks, begin); i < looks->count; i++) {
		const struct ctrace_look *look = ctrace_look_at(looks, i);

		if (look->time >= end) {
			break;
		}
		if (ctrace_look_is_asleep(look) && look->stack != 0) {
			return look;
		}
		if (ctrace_look_is_asleep(look) && found == NULL) {
			found = look;
		}
	}
	return found;
}

const struct ctrace_look *ctrace_look_within(const struct ctrace_column *looks, uint64_t begin,
					     uint64_t end)
{
	for (size_t i = ctrace_look_first(looks, begin); i < looks->count; i++) {
		const struct ctrace_look *look = ctrace_look_at(looks, i);

		if (look->time >= end) {
			return NULL;
		}
		if (look->stack != 0) {
			return look;
		}
	}
	return NULL;
}

static struct ctrace_look_told *told_of(struct ctrace_looks_told *told,
					const struct ctrace_look *look)
{
	for (unsigned i = 0; i < told->count; i++) {
		if (told->items[i].first.stack == look->stack &&
		    told->items[i].first.doing == look->doing) {
			return &told->items[i];
		}
	}
	if (told->count == CTRACE_LOOKS_TOLD_MAX) {
		return NULL;
	}
	told->items[told->count] = (struct ctrace_look_told){.first = *look};
	return &told->items[told->count++];
}

struct ctrace_looks_told ctrace_looks_tell(const struct ctrace_column *looks, uint64_t begin,
					   uint64_t end, bool is_of_sleeps)
{
	struct ctrace_looks_told told = {.count = 0};

	for (size_t i = ctrace_look_first(looks, begin); i < looks->count; i++) {
		const struct ctrace_look *look = ctrace_look_at(looks, i);
		struct ctrace_look_told *item;

		if (look->time >= end) {
			break;
		}
		if (look->stack == 0 || (is_of_sleeps && !ctrace_look_is_asleep(look))) {
			continue;
		}
		item = told_of(&told, look);
		if (item == NULL) {
			told.left_out++;
			continue;
		}
		item->last = look->time;
		item->count++;
	}
	return told;
}

uint64_t ctrace_look_since(const struct ctrace_column *looks, size_t index, uint64_t born)
{
	uint64_t time = ctrace_look_at(looks, index)->time;
	uint64_t since = index > 0 ? ctrace_look_at(looks, index - 1)->time : born;
	uint64_t least = time > CTRACE_LOOK_NS_MAX ? time - CTRACE_LOOK_NS_MAX : 0;

	since = since > least ? since : least;
	return since < time ? since : time;
}
