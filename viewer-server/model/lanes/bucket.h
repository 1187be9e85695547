/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BUCKET_H
#define CTRACE_BUCKET_H

/*
 * What one bucket of time [from, to) says of a lane, by the split rule of
 * viewer-server/API.md: an event of two buckets or more stands for itself, all others
 * are merged into the bucket they start in.
 *
 * At most one event of a bucket's length can start in a bucket and it is the last one,
 * so "is there one to draw for itself?" is a look at a single event.
 */

#include "viewer-server/model/lanes/lane.h"

struct ctrace_span_bucket {
	uint64_t busy;	       /* ns of [from, to) covered by merged events */
	uint64_t longest_ns;   /* of the merged events */
	uint32_t first;	       /* the first event that starts here or later */
	uint32_t count;	       /* merged events: from `first` on */
	uint32_t longest;      /* index of the longest merged event; CTRACE_NONE: none is merged */
	uint32_t longest_name; /* the same */
};

/* Is the event drawn for itself where buckets are 2^level ns wide? */
static inline bool ctrace_bucket_is_real(const struct ctrace_lane *lane, uint32_t index,
					 uint8_t level)
{
	return ctrace_lane_duration(lane, index) >> level >= 2;
}

/*
 * Describe bucket [from, from + 2^level); `first` is the first event that starts in it or later.
 * Returns the first event behind it. If one starts in the bucket and is drawn for itself, it is the
 * one before that, and `count` leaves it out.
 */
uint32_t ctrace_bucket_describe(const struct ctrace_lane *lane, uint64_t from, uint8_t level,
				uint32_t first, struct ctrace_span_bucket *bucket);

#endif
