/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SCATTER_H
#define CTRACE_SCATTER_H

/*
 * A tile's buckets from its events, one walk over the events and none over the buckets' borders:
 * where buckets hold a few events each, guessing where each bucket ends costs more than the work.
 *
 * Thread: any, own object.  Allocates: nothing.
 */

#include "viewer-server/model/lanes/bucket.h"
#include "viewer-server/model/tile.h"

/* From so many events in a tile it is quicker than bucket by bucket, and up to so many. */
#define CTRACE_SCATTER_EVENTS_MIN 128u
#define CTRACE_SCATTER_EVENTS_MAX (32u * CTRACE_TILE_BUCKETS)
/* Durations of merged events fit 32 bits up to here. */
#define CTRACE_SCATTER_LEVEL_MAX 30u

struct ctrace_scatter {
	uint64_t busy[CTRACE_TILE_BUCKETS + 2]; /* what passes the tile's end lands behind it */
	uint64_t best[CTRACE_TILE_BUCKETS];	/* duration above, index inverted below: the largest
						   is the longest, the first of equals */
	uint32_t count[CTRACE_TILE_BUCKETS];
	uint32_t real[CTRACE_TILE_REAL_MAX]; /* events that are drawn for themselves, in order */
	uint32_t real_count;
};

/* Events [first, end) are those that start in the tile, which begins at `from`. */
void ctrace_scatter_fill(struct ctrace_scatter *scatter, const struct ctrace_lane *lane,
			 uint64_t from, uint8_t level, uint32_t first, uint32_t end);

/* What bucket `position` says, as ctrace_bucket_describe does; `first` is not set. */
struct ctrace_span_bucket ctrace_scatter_bucket(const struct ctrace_scatter *scatter,
						const struct ctrace_lane *lane, uint32_t position);

#endif
