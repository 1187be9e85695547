/* SPDX-License-Identifier: MIT */
/* One bucket from columns, blocks and forest. */

#include "viewer-server/model/lanes/bucket.h"

/* Up to here one plain walk is quicker than two prefix sums and a tree. */
#define WALK_EVENTS 96u

static uint64_t event_end(const struct ctrace_lane *lane, uint32_t index)
{
	return lane->start[index] + ctrace_lane_duration(lane, index);
}

/* What the merged event before the bucket spills into it; only the last one before can. */
static uint64_t spill(const struct ctrace_lane *lane, uint64_t from, uint8_t level, uint32_t first)
{
	uint64_t width = UINT64_C(1) << level, end;

	if (first == 0 || ctrace_bucket_is_real(lane, first - 1, level)) {
		return 0;
	}
	end = event_end(lane, first - 1);
	if (end <= from) {
		return 0;
	}
	return end - from < width ? end - from : width;
}

/* Any bucket: from sums over blocks. */
static uint32_t sum_up(const struct ctrace_lane *lane, uint64_t from, uint8_t level,
		       struct ctrace_span_bucket *bucket)
{
	uint64_t to = from + (UINT64_C(1) << level), last_end;
	uint32_t first = bucket->first, end = ctrace_lane_gallop(lane, first, to), merged = end;

	merged -= end > first && ctrace_bucket_is_real(lane, end - 1, level);
	bucket->count = merged - first;
	if (merged == first) {
		return end;
	}
	last_end = event_end(lane, merged - 1);
	bucket->busy +=
		ctrace_lane_busy_before(lane, merged) - ctrace_lane_busy_before(lane, first);
	bucket->busy -= last_end > to ? last_end - to : 0;
	bucket->longest = ctrace_lane_longest(lane, first, merged);
	bucket->longest_ns = ctrace_lane_duration(lane, bucket->longest);
	return end;
}

/*
 * A bucket of few events, in one walk; CTRACE_NONE: they are many. Merged durations of
 * these levels fit 32 bits, so the mark of a long one is not among them.
 */
static uint32_t walk(const struct ctrace_lane *lane, uint64_t from, uint8_t level,
		     struct ctrace_span_bucket *bucket)
{
	uint64_t width = UINT64_C(1) << level, to = from + width, busy = 0, last_end = to;
	uint32_t i = bucket->first, longest = CTRACE_NONE, most = 0, reals = 0;
	uint32_t limit = lane->count - i < WALK_EVENTS ? lane->count : i + WALK_EVENTS;

	for (; i < limit && lane->start[i] < to; i++) {
		uint32_t duration = lane->duration[i];

		if (duration >= 2 * width) {
			reals = 1; /* and the last one to start here */
			i++;
			break;
		}
		if (duration > most || longest == CTRACE_NONE) {
			most = duration;
			longest = i;
		}
		busy += duration;
		last_end = lane->start[i] + duration;
	}
	if (i == limit && limit < lane->count && lane->start[i] < to) {
		return CTRACE_NONE;
	}
	bucket->busy += busy - (last_end > to ? last_end - to : 0);
	bucket->count = i - reals - bucket->first;
	bucket->longest = longest;
	bucket->longest_ns = most;
	return i;
}

uint32_t ctrace_bucket_describe(const struct ctrace_lane *lane, uint64_t from, uint8_t level,
				uint32_t first, struct ctrace_span_bucket *bucket)
{
	uint32_t end = CTRACE_NONE;

	*bucket = (struct ctrace_span_bucket){
		.busy = spill(lane, from, level, first),
		.first = first,
		.longest = CTRACE_NONE,
		.longest_name = CTRACE_NONE,
	};
	if (level < 31) {
		end = walk(lane, from, level, bucket);
	}
	if (end == CTRACE_NONE) {
		end = sum_up(lane, from, level, bucket);
	}
	if (bucket->longest != CTRACE_NONE) {
		bucket->longest_name = ctrace_lane_name(lane, bucket->longest);
	}
	return end;
}
