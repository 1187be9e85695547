/* SPDX-License-Identifier: MIT */
/* Building a lane and asking its columns, blocks and forest. */

#include "viewer-server/model/lanes/lane.h"

#include "viewer-server/model/lanes/pyramid.h"

#include <string.h>

static bool resize_column(void **column, size_t item_size, uint32_t room)
{
	void *grown = realloc(*column, item_size * room);

	if (grown == NULL) {
		return false;
	}
	*column = grown;
	return true;
}

/* Counters have values, gaps the number of events lost, samples a weight. */
static bool has_value(const struct ctrace_lane *lane)
{
	return lane->info.kind == CTRACE_LANE_COUNTER || lane->info.kind == CTRACE_LANE_GAP ||
	       lane->info.kind == CTRACE_LANE_SAMPLE;
}

static bool has_duration(const struct ctrace_lane *lane)
{
	return lane->info.kind != CTRACE_LANE_INSTANT && lane->info.kind != CTRACE_LANE_COUNTER &&
	       lane->info.kind != CTRACE_LANE_SAMPLE;
}

static bool set_room(struct ctrace_lane *lane, uint32_t room)
{
	if (!resize_column((void **)&lane->start, sizeof(uint64_t), room) ||
	    !resize_column((void **)&lane->name, sizeof(uint32_t), room) ||
	    !resize_column((void **)&lane->ref, sizeof(uint32_t), room)) {
		return false;
	}
	if (has_duration(lane) &&
	    !resize_column((void **)&lane->duration, sizeof(uint32_t), room)) {
		return false;
	}
	if (lane->other != NULL && !resize_column((void **)&lane->other, sizeof(uint32_t), room)) {
		return false;
	}
	if (has_value(lane) && !resize_column((void **)&lane->value, sizeof(double), room)) {
		return false;
	}
	lane->room = room;
	return true;
}

static bool grow(struct ctrace_lane *lane)
{
	uint32_t room = lane->room == 0 ? 64 : lane->room * 2;

	return room > lane->room && set_room(lane, room);
}

static bool append_duration(struct ctrace_lane *lane, uint64_t duration)
{
	struct ctrace_long_duration *entry;

	if (duration < CTRACE_DURATION_LONG) {
		lane->duration[lane->count] = (uint32_t)duration;
		return true;
	}
	entry = ctrace_column_add(&lane->longs, sizeof(*entry));
	if (entry == NULL) {
		return false;
	}
	*entry = (struct ctrace_long_duration){lane->count, duration};
	lane->duration[lane->count] = CTRACE_DURATION_LONG;
	return true;
}

/* Lanes of spans get the column with their first call. */
static bool append_other(struct ctrace_lane *lane, const struct ctrace_lane_event *event)
{
	if (lane->other == NULL && !event->has_other) {
		return true;
	}
	if (lane->other == NULL) {
		lane->other = malloc(lane->room * sizeof(uint32_t));
		if (lane->other == NULL) {
			return false;
		}
		memset(lane->other, 0xff, lane->count * sizeof(uint32_t));
	}
	lane->other[lane->count] = event->has_other ? event->other : CTRACE_NO_REF;
	return true;
}

bool ctrace_lane_append(struct ctrace_lane *lane, const struct ctrace_lane_event *event)
{
	if (lane->count == lane->room && !grow(lane)) {
		return false;
	}
	if (lane->duration != NULL && !append_duration(lane, event->duration)) {
		return false;
	}
	if (!append_other(lane, event)) {
		return false;
	}
	lane->start[lane->count] = event->start;
	lane->name[lane->count] = event->name | event->flags << CTRACE_FLAGS_SHIFT;
	lane->ref[lane->count] = event->ref;
	if (lane->value != NULL) {
		lane->value[lane->count] = event->value;
	}
	lane->count++;
	lane->last_end = event->start + event->duration;
	return true;
}

uint64_t ctrace_lane_long_duration(const struct ctrace_lane *lane, uint32_t index)
{
	const struct ctrace_long_duration *longs = lane->longs.items;
	size_t low = 0, high = lane->longs.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (longs[middle].index < index) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return longs[low].duration;
}

static uint32_t longer(const struct ctrace_lane *lane, uint32_t a, uint32_t b)
{
	return ctrace_lane_duration(lane, b) > ctrace_lane_duration(lane, a) ? b : a;
}

static void seal_block(struct ctrace_lane *lane, uint32_t block, uint64_t *busy, uint32_t *logs)
{
	struct ctrace_lane_block *entry = &lane->blocks[block];
	uint32_t first = block * CTRACE_BLOCK_EVENTS;
	uint32_t end = first + CTRACE_BLOCK_EVENTS < lane->count ? first + CTRACE_BLOCK_EVENTS
								 : lane->count;

	*entry = (struct ctrace_lane_block){
		.busy_before = *busy, .logs_before = *logs, .longest = first};
	for (uint32_t i = first; i < end; i++) {
		entry->longest = longer(lane, entry->longest, i);
		entry->names |= UINT64_C(1) << (ctrace_lane_name(lane, i) % 64);
		*busy += ctrace_lane_duration(lane, i);
		*logs += (lane->name[i] >> CTRACE_FLAGS_SHIFT) & 1;
	}
}

static bool seal_forest(struct ctrace_lane *lane)
{
	uint32_t below = lane->block_count;

	for (uint32_t level = 0; level < CTRACE_FOREST_LEVELS && below > CTRACE_FOREST_FAN;
	     level++) {
		uint32_t count = (below + CTRACE_FOREST_FAN - 1) / CTRACE_FOREST_FAN;
		uint32_t *nodes = malloc(count * sizeof(*nodes));

		if (nodes == NULL) {
			return false;
		}
		for (uint32_t i = 0; i < below; i++) {
			uint32_t best =
				level == 0 ? lane->blocks[i].longest : lane->forest[level - 1][i];
			uint32_t *node = &nodes[i / CTRACE_FOREST_FAN];

			*node = i % CTRACE_FOREST_FAN == 0 ? best : longer(lane, *node, best);
		}
		lane->forest[level] = nodes;
		lane->forest_count[level] = count;
		below = count;
	}
	return true;
}

static void seal_value_block(struct ctrace_lane *lane, uint32_t block, double *area)
{
	uint32_t first = block * CTRACE_BLOCK_EVENTS;
	uint32_t end = first + CTRACE_BLOCK_EVENTS < lane->count ? first + CTRACE_BLOCK_EVENTS
								 : lane->count;

	lane->value_area[block] = *area;
	lane->value_min[block] = lane->value[first];
	lane->value_max[block] = lane->value[first];
	for (uint32_t i = first; i < end; i++) {
		double value = lane->value[i];

		lane->value_min[block] =
			value < lane->value_min[block] ? value : lane->value_min[block];
		lane->value_max[block] =
			value > lane->value_max[block] ? value : lane->value_max[block];
		if (i + 1 < lane->count) {
			*area += ctrace_lane_area(value, lane->start[i + 1] - lane->start[i]);
		}
	}
}

static bool seal_values(struct ctrace_lane *lane)
{
	double area = 0;

	lane->value_min = malloc(lane->block_count * sizeof(double));
	lane->value_max = malloc(lane->block_count * sizeof(double));
	lane->value_area = malloc(lane->block_count * sizeof(double));
	if (lane->value_min == NULL || lane->value_max == NULL || lane->value_area == NULL) {
		return false;
	}
	lane->info.min = lane->value[0];
	lane->info.max = lane->value[0];
	for (uint32_t i = 0; i < lane->block_count; i++) {
		seal_value_block(lane, i, &area);
		lane->info.min =
			lane->value_min[i] < lane->info.min ? lane->value_min[i] : lane->info.min;
		lane->info.max =
			lane->value_max[i] > lane->info.max ? lane->value_max[i] : lane->info.max;
	}
	return true;
}

bool ctrace_lane_seal(struct ctrace_lane *lane)
{
	uint64_t busy = 0;
	uint32_t logs = 0;

	lane->info.events = lane->count;
	if (lane->count == 0) {
		return true;
	}
	if (!set_room(lane, lane->count)) {
		return false;
	}
	lane->block_count = (lane->count - 1) / CTRACE_BLOCK_EVENTS + 1;
	lane->blocks = malloc(lane->block_count * sizeof(*lane->blocks));
	if (lane->blocks == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < lane->block_count; i++) {
		seal_block(lane, i, &busy, &logs);
	}
	return seal_forest(lane) && (lane->value == NULL || seal_values(lane));
}

void ctrace_lane_finish(struct ctrace_lane *lane)
{
	free(lane->start);
	free(lane->duration);
	free(lane->name);
	free(lane->ref);
	free(lane->other);
	free(lane->value);
	free(lane->blocks);
	free(lane->value_min);
	free(lane->value_max);
	free(lane->value_area);
	for (uint32_t i = 0; i < CTRACE_FOREST_LEVELS; i++) {
		free(lane->forest[i]);
	}
	ctrace_column_finish(&lane->longs);
	ctrace_pyramid_destroy(lane->pyramid);
	memset(lane, 0, sizeof(*lane));
}

uint64_t ctrace_lane_bytes(const struct ctrace_lane *lane)
{
	uint64_t each = sizeof(uint64_t) + 2 * sizeof(uint32_t);

	each += lane->duration != NULL ? sizeof(uint32_t) : 0;
	each += lane->value != NULL ? sizeof(double) : 0;
	each += lane->other != NULL ? sizeof(uint32_t) : 0;
	return each * lane->count + lane->block_count * sizeof(struct ctrace_lane_block) +
	       lane->longs.count * sizeof(struct ctrace_long_duration) +
	       ctrace_pyramid_bytes(lane->pyramid);
}

static uint32_t lower_bound_within(const struct ctrace_lane *lane, uint32_t low, uint32_t high,
				   uint64_t time)
{
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (lane->start[middle] < time) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

uint32_t ctrace_lane_lower_bound(const struct ctrace_lane *lane, uint64_t time)
{
	return lower_bound_within(lane, 0, lane->count, time);
}

uint32_t ctrace_lane_gallop(const struct ctrace_lane *lane, uint32_t from, uint64_t time)
{
	uint32_t step = 1, low = from;

	while (low < lane->count && lane->start[low] < time) {
		from = low + 1;
		low = lane->count - low > step ? low + step : lane->count;
		step *= 2;
	}
	return lower_bound_within(lane, from, low, time);
}

uint64_t ctrace_lane_busy_before(const struct ctrace_lane *lane, uint32_t index)
{
	uint32_t block = index / CTRACE_BLOCK_EVENTS;
	uint32_t i = block * CTRACE_BLOCK_EVENTS;
	uint64_t busy;

	if (index == 0) {
		return 0;
	}
	if (block == lane->block_count) {
		block--;
		i -= CTRACE_BLOCK_EVENTS;
	}
	busy = lane->blocks[block].busy_before;
	for (; i < index; i++) {
		busy += ctrace_lane_duration(lane, i);
	}
	return busy;
}

/* The longest of whole blocks [from, to), by way of the forest where it covers many. */
static uint32_t longest_of_blocks(const struct ctrace_lane *lane, uint32_t best, uint32_t from,
				  uint32_t to)
{
	while (from < to) {
		uint32_t level = 0, unit = CTRACE_FOREST_FAN, taken = 1,
			 candidate = lane->blocks[from].longest;

		while (level < CTRACE_FOREST_LEVELS && lane->forest[level] != NULL &&
		       from % unit == 0 && to - from >= unit) {
			candidate = lane->forest[level][from / unit];
			taken = unit;
			unit *= CTRACE_FOREST_FAN;
			level++;
		}
		best = longer(lane, best, candidate);
		from += taken;
	}
	return best;
}

uint32_t ctrace_lane_longest(const struct ctrace_lane *lane, uint32_t from, uint32_t to)
{
	uint32_t best = from;
	uint32_t first_block = (from + CTRACE_BLOCK_EVENTS - 1) / CTRACE_BLOCK_EVENTS;
	uint32_t end_block = to / CTRACE_BLOCK_EVENTS;

	if (first_block >= end_block) {
		for (uint32_t i = from; i < to; i++) {
			best = longer(lane, best, i);
		}
		return best;
	}
	for (uint32_t i = from; i < first_block * CTRACE_BLOCK_EVENTS; i++) {
		best = longer(lane, best, i);
	}
	best = longest_of_blocks(lane, best, first_block, end_block);
	for (uint32_t i = end_block * CTRACE_BLOCK_EVENTS; i < to; i++) {
		best = longer(lane, best, i);
	}
	return best;
}

uint64_t ctrace_lane_busy(const struct ctrace_lane *lane, uint64_t start, uint64_t end)
{
	uint32_t from = ctrace_lane_lower_bound(lane, start);
	uint32_t to = ctrace_lane_lower_bound(lane, end);
	uint64_t busy = ctrace_lane_busy_before(lane, to) - ctrace_lane_busy_before(lane, from);
	uint64_t last_end;

	if (from > 0) {
		last_end = lane->start[from - 1] + ctrace_lane_duration(lane, from - 1);
		if (last_end > start) {
			busy += (last_end < end ? last_end : end) - start;
		}
	}
	if (to > from) {
		last_end = lane->start[to - 1] + ctrace_lane_duration(lane, to - 1);
		busy -= last_end > end ? last_end - end : 0;
	}
	return busy;
}
