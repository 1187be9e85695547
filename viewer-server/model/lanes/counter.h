/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_COUNTER_H
#define CTRACE_COUNTER_H

/* What a counter did within a bucket of time. */

#include "viewer-server/model/lanes/lane.h"

struct ctrace_counter_bucket {
	double min, max; /* of the samples in the bucket */
	double mean;	 /* weighted by time, with the value held from before */
};

/* Samples [first, end) lie in [from, to); there is at least one. */
struct ctrace_counter_bucket ctrace_counter_bucket(const struct ctrace_lane *lane, uint64_t from,
						   uint64_t to, uint32_t first, uint32_t end);

#endif
