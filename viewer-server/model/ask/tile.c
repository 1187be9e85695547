/* SPDX-License-Identifier: MIT */
/* Tiles of span, instant and counter lanes. Nothing here loops over events. */

#include "viewer-server/model/tile.h"

#include "viewer-server/model/ask/scatter.h"
#include "viewer-server/model/lanes/counter.h"
#include "viewer-server/model/lanes/pyramid.h"
#include "viewer-server/model/model_parts.h"

#include <math.h>
#include <string.h>

/* Walks the buckets of a tile with the positions of their events. */
struct walk {
	const struct ctrace_lane *lane;
	struct ctrace_tile *tile;
	uint64_t from; /* ns where the tile begins */
};

static void add_real(struct walk *walk, uint32_t index, uint16_t more_flags)
{
	const struct ctrace_lane *lane = walk->lane;
	struct ctrace_tile_real *real = &walk->tile->real[walk->tile->real_count++];

	*real = (struct ctrace_tile_real){
		.start = lane->start[index],
		.duration = ctrace_lane_duration(lane, index),
		.index = index,
		.name = ctrace_lane_name(lane, index),
		.flags = (uint16_t)((ctrace_lane_flags(lane, index) & ~CTRACE_LANE_CUT) |
				    more_flags),
	};
}

/* The event that began before the tile and is drawn in it for itself, if any: the last one before.
 */
static void add_crossing(struct walk *walk, uint32_t first)
{
	const struct ctrace_lane *lane = walk->lane;

	if (first > 0 && ctrace_bucket_is_real(lane, first - 1, walk->tile->level) &&
	    lane->start[first - 1] + ctrace_lane_duration(lane, first - 1) > walk->from) {
		add_real(walk, first - 1, CTRACE_REAL_CONTINUES);
	}
}

static void add_bucket(struct walk *walk, uint32_t position, const struct ctrace_span_bucket *found)
{
	struct ctrace_tile *tile = walk->tile;

	if (found->count == 0 && found->busy == 0) {
		return;
	}
	tile->buckets[tile->bucket_count++] = (struct ctrace_tile_bucket){
		.position = (uint16_t)position,
		.busy = found->busy,
		.count = found->count,
		.longest = found->longest_ns,
		.longest_index = found->longest,
		.longest_name = found->longest_name,
	};
}

/* `end`: the first event behind the bucket. */
static void add_spans(struct walk *walk, uint32_t position, const struct ctrace_span_bucket *found,
		      uint32_t end)
{
	if (end - found->first > found->count) {
		add_real(walk, end - 1, 0);
	}
	add_bucket(walk, position, found);
}

static void spans_from_pyramid(struct walk *walk, const struct ctrace_span_bucket *bucket,
			       uint32_t count)
{
	add_crossing(walk, bucket->first);
	for (uint32_t i = 0; i < count; i++, bucket++) {
		add_spans(walk, i, bucket, bucket[1].first);
	}
}

/*
 * The bucket before the next one with something in it: where the next event starts, or the one
 * beside, into which the last event may spill.
 */
static uint32_t next_bucket(const struct walk *walk, uint32_t bucket, uint32_t next)
{
	const struct ctrace_lane *lane = walk->lane;
	uint64_t to = walk->from + ((uint64_t)(bucket + 1) << walk->tile->level), start;

	if (next > 0 && lane->start[next - 1] + ctrace_lane_duration(lane, next - 1) > to &&
	    !ctrace_bucket_is_real(lane, next - 1, walk->tile->level)) {
		return bucket;
	}
	if (next == lane->count) {
		return CTRACE_TILE_BUCKETS;
	}
	start = (lane->start[next] - walk->from) >> walk->tile->level;
	return start < CTRACE_TILE_BUCKETS ? (uint32_t)start - 1 : CTRACE_TILE_BUCKETS;
}

/* Buckets of a few events each: events are added to their buckets, in one walk. */
static bool spans_by_scatter(struct walk *walk, uint32_t first)
{
	const struct ctrace_lane *lane = walk->lane;
	uint8_t level = walk->tile->level;
	struct ctrace_scatter scatter;
	uint32_t end;

	if (level > CTRACE_SCATTER_LEVEL_MAX) {
		return false;
	}
	end = ctrace_lane_gallop(lane, first,
				 walk->from + ((uint64_t)CTRACE_TILE_BUCKETS << level));
	if (end - first < CTRACE_SCATTER_EVENTS_MIN || end - first > CTRACE_SCATTER_EVENTS_MAX) {
		return false;
	}
	ctrace_scatter_fill(&scatter, lane, walk->from, level, first, end);
	for (uint32_t i = 0; i < scatter.real_count; i++) {
		add_real(walk, scatter.real[i], 0);
	}
	for (uint32_t i = 0; i < CTRACE_TILE_BUCKETS; i++) {
		const struct ctrace_span_bucket bucket = ctrace_scatter_bucket(&scatter, lane, i);

		add_bucket(walk, i, &bucket);
	}
	return true;
}

/* Empty buckets are jumped over: work is by events and buckets that have some. */
static void spans_from_events(struct walk *walk)
{
	const struct ctrace_lane *lane = walk->lane;
	uint8_t level = walk->tile->level;
	uint32_t first = ctrace_lane_lower_bound(lane, walk->from);

	add_crossing(walk, first);
	if (spans_by_scatter(walk, first)) {
		return;
	}
	for (uint32_t i = 0; i < CTRACE_TILE_BUCKETS; i++) {
		uint64_t from = walk->from + ((uint64_t)i << level);
		struct ctrace_span_bucket bucket;
		uint32_t end = ctrace_bucket_describe(lane, from, level, first, &bucket);

		add_spans(walk, i, &bucket, end);
		first = end;
		i = next_bucket(walk, i, first);
	}
}

static void make_spans(struct walk *walk)
{
	uint64_t bucket = (uint64_t)walk->tile->number * CTRACE_TILE_BUCKETS;
	const struct ctrace_pyramid *pyramid = walk->lane->pyramid;
	const struct ctrace_span_bucket *ready =
		ctrace_pyramid_at(pyramid, walk->tile->level, bucket);
	uint64_t left;

	walk->tile->kind = CTRACE_TILE_SPANS;
	if (ready == NULL) {
		spans_from_events(walk);
		return;
	}
	left = pyramid->counts[walk->tile->level] - bucket;
	spans_from_pyramid(walk, ready,
			   left < CTRACE_TILE_BUCKETS ? (uint32_t)left : CTRACE_TILE_BUCKETS);
}

static uint32_t logs_before(const struct ctrace_lane *lane, uint32_t index)
{
	uint32_t block = index / CTRACE_BLOCK_EVENTS, logs, i;

	block -= block == lane->block_count;
	logs = lane->blocks[block].logs_before;
	for (i = block * CTRACE_BLOCK_EVENTS; i < index; i++) {
		logs += ctrace_lane_flags(lane, i) & 1;
	}
	return logs;
}

/* 1: all of them are logs, 2: some are, 0: none. */
static uint16_t log_flags(const struct ctrace_lane *lane, uint32_t first, uint32_t end)
{
	uint32_t logs = logs_before(lane, end) - logs_before(lane, first);

	if (logs == end - first) {
		return 1;
	}
	return logs > 0 ? 2 : 0;
}

static void make_instants(struct walk *walk)
{
	const struct ctrace_lane *lane = walk->lane;
	struct ctrace_tile *tile = walk->tile;
	uint32_t first = ctrace_lane_lower_bound(lane, walk->from);

	tile->kind = CTRACE_TILE_INSTANTS;
	for (uint32_t i = 0; i < CTRACE_TILE_BUCKETS && first < lane->count; i++) {
		uint64_t to = walk->from + ((uint64_t)(i + 1) << tile->level);
		uint32_t end = ctrace_lane_gallop(lane, first, to);

		if (end == first) {
			continue;
		}
		tile->buckets[tile->bucket_count++] = (struct ctrace_tile_bucket){
			.position = (uint16_t)i,
			.count = end - first,
			.longest_index = first,
			.longest_name = ctrace_lane_name(lane, first),
			.first_time = lane->start[first],
			.flags = log_flags(lane, first, end),
		};
		first = end;
	}
}

static void make_counter(struct walk *walk, uint64_t trace_end)
{
	const struct ctrace_lane *lane = walk->lane;
	struct ctrace_tile *tile = walk->tile;
	uint32_t first = ctrace_lane_lower_bound(lane, walk->from);

	tile->kind = CTRACE_TILE_COUNTER;
	tile->before = first > 0 ? lane->value[first - 1] : NAN;
	for (uint32_t i = 0; i < CTRACE_TILE_BUCKETS && first < lane->count; i++) {
		uint64_t from = walk->from + ((uint64_t)i << tile->level);
		uint64_t to = from + (UINT64_C(1) << tile->level);
		uint32_t end = ctrace_lane_gallop(lane, first, to);
		struct ctrace_counter_bucket found;

		if (end == first) {
			continue;
		}
		found = ctrace_counter_bucket(lane, from, to < trace_end ? to : trace_end, first,
					      end);
		tile->buckets[tile->bucket_count++] = (struct ctrace_tile_bucket){
			.position = (uint16_t)i,
			.count = end - first,
			.longest_index = first,
			.first_time = lane->start[first],
			.min = found.min,
			.max = found.max,
			.first = lane->value[first],
			.last = lane->value[end - 1],
			.mean = found.mean,
		};
		first = end;
	}
}

/* Does the tile begin within the trace? Also keeps the shifts below 64 bits. */
static bool begins_in_trace(const struct ctrace_model *model, uint8_t level, uint32_t number)
{
	return number <= model->duration / CTRACE_TILE_BUCKETS >> level;
}

static enum ctrace_tile_kind tile_kind(const struct ctrace_lane *lane)
{
	switch (lane->info.kind) {
	case CTRACE_LANE_INSTANT:
	case CTRACE_LANE_SAMPLE:
		return CTRACE_TILE_INSTANTS;
	case CTRACE_LANE_COUNTER:
		return CTRACE_TILE_COUNTER;
	default:
		return CTRACE_TILE_SPANS;
	}
}

enum ctrace_status ctrace_tile_make(const struct ctrace_model *model, uint32_t lane, uint8_t level,
				    uint32_t number, struct ctrace_tile *tile)
{
	struct walk walk = {.lane = ctrace_model_lane(model, lane), .tile = tile};

	if (walk.lane == NULL || level > CTRACE_TILE_LEVEL_MAX) {
		return CTRACE_ERR_USAGE;
	}
	tile->lane = lane;
	tile->level = level;
	tile->number = number;
	tile->real_count = 0;
	tile->bucket_count = 0;
	tile->before = NAN;
	tile->kind = tile_kind(walk.lane);
	if (walk.lane->count == 0 || !begins_in_trace(model, level, number)) {
		return CTRACE_OK;
	}
	walk.from = (uint64_t)number * CTRACE_TILE_BUCKETS << level;
	switch (tile->kind) {
	case CTRACE_TILE_INSTANTS:
		make_instants(&walk);
		break;
	case CTRACE_TILE_COUNTER:
		make_counter(&walk, model->duration);
		break;
	default:
		make_spans(&walk);
	}
	return CTRACE_OK;
}
