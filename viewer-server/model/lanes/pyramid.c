/* SPDX-License-Identifier: MIT */
/* Filling the pyramid, level by level. */

#include "viewer-server/model/lanes/pyramid.h"

#include "viewer-server/model/tile.h"

static uint8_t bottom_level(const struct ctrace_lane *lane, uint64_t duration)
{
	uint64_t most = lane->count / CTRACE_PYRAMID_EVENTS_PER_BUCKET;
	uint8_t level = 0;

	most = most < CTRACE_PYRAMID_BUCKETS ? most : CTRACE_PYRAMID_BUCKETS;
	while (duration >> level >= most) {
		level++;
	}
	return level;
}

static bool fill_level(struct ctrace_pyramid *pyramid, const struct ctrace_lane *lane,
		       uint8_t level, uint64_t duration)
{
	uint32_t count = (uint32_t)(duration >> level) + 1, first = 0;
	struct ctrace_span_bucket *buckets = malloc((count + 1u) * sizeof(*buckets));

	pyramid->levels[level] = buckets;
	pyramid->counts[level] = count;
	if (buckets == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		first = ctrace_bucket_describe(lane, (uint64_t)i << level, level, first,
					       &buckets[i]);
	}
	buckets[count] = (struct ctrace_span_bucket){.first = lane->count};
	return true;
}

bool ctrace_pyramid_create(struct ctrace_lane *lane, uint64_t duration)
{
	struct ctrace_pyramid *pyramid;

	if (lane->count < CTRACE_PYRAMID_EVENTS || lane->duration == NULL) {
		return true;
	}
	pyramid = calloc(1, sizeof(*pyramid));
	lane->pyramid = pyramid;
	if (pyramid == NULL) {
		return false;
	}
	pyramid->bottom = bottom_level(lane, duration);
	pyramid->top = pyramid->bottom;
	for (uint8_t level = pyramid->bottom; level <= CTRACE_TILE_LEVEL_MAX; level++) {
		pyramid->top = level;
		if (!fill_level(pyramid, lane, level, duration)) {
			return false;
		}
		if (duration >> level == 0) {
			break;
		}
	}
	return true;
}

void ctrace_pyramid_destroy(struct ctrace_pyramid *pyramid)
{
	if (pyramid == NULL) {
		return;
	}
	for (uint32_t i = 0; i < 64; i++) {
		free(pyramid->levels[i]);
	}
	free(pyramid);
}

uint64_t ctrace_pyramid_bytes(const struct ctrace_pyramid *pyramid)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; pyramid != NULL && i < 64; i++) {
		bytes += pyramid->counts[i] * sizeof(struct ctrace_span_bucket);
	}
	return bytes;
}
