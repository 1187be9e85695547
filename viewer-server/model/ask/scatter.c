/* SPDX-License-Identifier: MIT */
/* Adding up events by the bucket they start in. */

#include "viewer-server/model/ask/scatter.h"

#include <string.h>

static inline uint64_t past(uint64_t end, uint64_t border)
{
	return end > border ? end - border : 0;
}

/* `begin` and `end` within the bucket and the two behind it, which a merged event may reach. */
static inline void add_busy(uint64_t *busy, uint64_t begin, uint64_t end, uint64_t width)
{
	uint64_t second = past(end, width), third = past(second, width);

	busy[0] += end - begin - second;
	busy[1] += second - third;
	busy[2] += third;
}

/* What the event before the tile spills into it, if it is merged. */
static void add_spill(struct ctrace_scatter *scatter, const struct ctrace_lane *lane, uint64_t from,
		      uint8_t level, uint32_t first)
{
	uint64_t end;

	if (first == 0 || ctrace_bucket_is_real(lane, first - 1, level)) {
		return;
	}
	end = past(lane->start[first - 1] + ctrace_lane_duration(lane, first - 1), from);
	add_busy(scatter->busy, 0, end, UINT64_C(1) << level);
}

void ctrace_scatter_fill(struct ctrace_scatter *scatter, const struct ctrace_lane *lane,
			 uint64_t from, uint8_t level, uint32_t first, uint32_t end)
{
	uint64_t width = UINT64_C(1) << level;

	memset(scatter->busy, 0, sizeof(scatter->busy));
	memset(scatter->best, 0, sizeof(scatter->best));
	memset(scatter->count, 0, sizeof(scatter->count));
	scatter->real_count = 0;
	add_spill(scatter, lane, from, level, first);
	for (uint32_t i = first; i < end; i++) {
		uint64_t offset = lane->start[i] - from, duration = lane->duration[i];
		uint64_t position = offset >> level, begin = offset & (width - 1);
		uint64_t rank = duration << 32 | (uint32_t)~i;

		if (__builtin_expect(duration >= 2 * width, 0)) {
			scatter->real[scatter->real_count++] = i;
			continue;
		}
		scatter->count[position]++;
		scatter->best[position] =
			rank > scatter->best[position] ? rank : scatter->best[position];
		add_busy(&scatter->busy[position], begin, begin + duration, width);
	}
}

struct ctrace_span_bucket ctrace_scatter_bucket(const struct ctrace_scatter *scatter,
						const struct ctrace_lane *lane, uint32_t position)
{
	struct ctrace_span_bucket bucket = {
		.busy = scatter->busy[position],
		.count = scatter->count[position],
		.longest = CTRACE_NONE,
		.longest_name = CTRACE_NONE,
	};

	if (bucket.count > 0) {
		bucket.longest_ns = scatter->best[position] >> 32;
		bucket.longest = ~(uint32_t)scatter->best[position];
		bucket.longest_name = ctrace_lane_name(lane, bucket.longest);
	}
	return bucket;
}
