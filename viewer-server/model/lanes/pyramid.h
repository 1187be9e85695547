/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PYRAMID_H
#define CTRACE_PYRAMID_H

/*
 * Ready buckets for the zoomed-out levels of a large lane, so that a whole-range picture
 * touches neither events nor blocks:
 *
 *     level top:      1 bucket
 *     level top - 1:  2 buckets
 *     …
 *     level bottom:   at most a bucket for 8 events, and at most 65,536
 *
 * Each level is computed by the split rule of that level (bucket.h), so an answer from here
 * is the answer the events would give.
 */

#include "viewer-server/model/lanes/bucket.h"

/* Below the bottom a bucket has few events, and a walk over them is quick. All levels together: 4
 * to 8 bytes an event. */
#define CTRACE_PYRAMID_EVENTS_PER_BUCKET 8u
#define CTRACE_PYRAMID_BUCKETS		 65536u
/* Smaller lanes answer quickly enough without. */
#define CTRACE_PYRAMID_EVENTS 65536u

struct ctrace_pyramid {
	uint8_t bottom, top;
	struct ctrace_span_bucket
		*levels[64]; /* [level][bucket], one more at the end for its `first` */
	uint32_t counts[64];
};

/* Build for a sealed span lane of a trace of `duration` ns; false: no memory. Small lanes get none.
 */
bool ctrace_pyramid_create(struct ctrace_lane *lane, uint64_t duration);
void ctrace_pyramid_destroy(struct ctrace_pyramid *pyramid); /* NULL is fine */
uint64_t ctrace_pyramid_bytes(const struct ctrace_pyramid *pyramid);

/* The bucket at `level`, or NULL where the pyramid has no such level. Its neighbour [1] may be read
 * for `first`. */
static inline const struct ctrace_span_bucket *ctrace_pyramid_at(
	const struct ctrace_pyramid *pyramid, uint8_t level, uint64_t bucket)
{
	if (pyramid == NULL || level < pyramid->bottom || level > pyramid->top ||
	    bucket >= pyramid->counts[level]) {
		return NULL;
	}
	return &pyramid->levels[level][bucket];
}

#endif
