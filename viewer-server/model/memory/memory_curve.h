/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MEMORY_CURVE_H
#define CTRACE_MEMORY_CURVE_H

/*
 * A value over time, in bounded memory. Up to CTRACE_CURVE_POINTS changes it holds every one;
 * beyond, time is cut into steps, and of each step the lowest, the highest and the last value
 * stand, at the times they had:
 *
 *     all     3 5 9 4 6 | 7 2 4 8 5 | …
 *     kept    3   9   6 |   2   8 5 | …
 *
 * So no extreme is lost, every value that is held was true at its time, and each step begins with
 * what the one before ended with. What is lost is the way between. All zero is empty.
 *
 * A rate is what came in each stretch of a fixed length, for streams of events that are too many to
 * stand for themselves.
 *
 * Thread: any, own object.
 */

#include "viewer-server/model/lanes/column.h"

#include <stdint.h>

#define CTRACE_CURVE_POINTS 65536u

struct ctrace_curve_point {
	uint64_t time; /* ns */
	double value;
};

struct ctrace_curve {
	struct ctrace_column points; /* struct ctrace_curve_point, by time */
	size_t step_first;	     /* the first point of the last step */
	unsigned step_shift;	     /* a step is 2^step_shift ns; 0: every point is there */
};

/* `time` is not below that of the last point. False: no memory. */
bool ctrace_curve_add(struct ctrace_curve *curve, uint64_t time, double value);
/* No more points come: the last step is thinned too. */
void ctrace_curve_close(struct ctrace_curve *curve);
void ctrace_curve_finish(struct ctrace_curve *curve);

/* What came in one stretch of a rate. */
struct ctrace_rate_stretch {
	uint64_t number; /* time >> shift */
	double sum;
	uint32_t events;
};

struct ctrace_rate {
	struct ctrace_column stretches; /* struct ctrace_rate_stretch; empty ones are left out */
};

bool ctrace_rate_add(struct ctrace_rate *rate, unsigned shift, uint64_t time, double amount);
/*
 * Its points, as a curve: from the begin of each stretch of 2^to ns on, so much a second. `from`:
 * the shift they were added with, not above `to`. The trace ends at `end`: a last stretch that
 * lies in it by less than half is joined to the one before. Points go to `points`, which is empty.
 */
bool ctrace_rate_points(const struct ctrace_rate *rate, unsigned from, unsigned to, uint64_t end,
			struct ctrace_column *points);
void ctrace_rate_finish(struct ctrace_rate *rate);

#endif
