/* SPDX-License-Identifier: MIT */
/* Minimum, maximum and mean of a stretch of a counter. */

#include "viewer-server/model/lanes/counter.h"

static void widen(struct ctrace_counter_bucket *bucket, double low, double high)
{
	bucket->min = low < bucket->min ? low : bucket->min;
	bucket->max = high > bucket->max ? high : bucket->max;
}

static void extremes(const struct ctrace_lane *lane, struct ctrace_counter_bucket *bucket,
		     uint32_t first, uint32_t end)
{
	uint32_t i = first;

	bucket->min = bucket->max = lane->value[first];
	while (i < end) {
		if (i % CTRACE_BLOCK_EVENTS == 0 && end - i >= CTRACE_BLOCK_EVENTS) {
			widen(bucket, lane->value_min[i / CTRACE_BLOCK_EVENTS],
			      lane->value_max[i / CTRACE_BLOCK_EVENTS]);
			i += CTRACE_BLOCK_EVENTS;
		} else {
			widen(bucket, lane->value[i], lane->value[i]);
			i++;
		}
	}
}

/* Area under the counter from sample `first` to sample `last`. */
static double area_between(const struct ctrace_lane *lane, uint32_t first, uint32_t last)
{
	uint32_t from_block = (first + CTRACE_BLOCK_EVENTS - 1) / CTRACE_BLOCK_EVENTS;
	uint32_t to_block = last / CTRACE_BLOCK_EVENTS;
	double area = 0;
	uint32_t i = first;

	if (from_block < to_block) {
		for (; i < from_block * CTRACE_BLOCK_EVENTS; i++) {
			area += ctrace_lane_area(lane->value[i],
						 lane->start[i + 1] - lane->start[i]);
		}
		area += lane->value_area[to_block] - lane->value_area[from_block];
		i = to_block * CTRACE_BLOCK_EVENTS;
	}
	for (; i < last; i++) {
		area += ctrace_lane_area(lane->value[i], lane->start[i + 1] - lane->start[i]);
	}
	return area;
}

/* Sums over a whole lane round: the mean stays among the values it is of. */
static double between(double mean, double low, double high)
{
	if (mean < low) {
		return low;
	}
	return mean > high ? high : mean;
}

struct ctrace_counter_bucket ctrace_counter_bucket(const struct ctrace_lane *lane, uint64_t from,
						   uint64_t to, uint32_t first, uint32_t end)
{
	struct ctrace_counter_bucket bucket = {0};
	uint64_t begin = first > 0 ? from : lane->start[first];
	double area = area_between(lane, first, end - 1), low, high, held;

	extremes(lane, &bucket, first, end);
	if (to <= begin) {
		bucket.mean = lane->value[end - 1];
		return bucket;
	}
	held = lane->value[first > 0 ? first - 1 : first];
	low = held < bucket.min ? held : bucket.min;
	high = held > bucket.max ? held : bucket.max;
	area += ctrace_lane_area(held, lane->start[first] - begin);
	area += ctrace_lane_area(lane->value[end - 1], to - lane->start[end - 1]);
	bucket.mean = between(area / (double)(to - begin), low, high);
	return bucket;
}
