/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CALL_WEAVE_H
#define CTRACE_CALL_WEAVE_H

/*
 * The kernel's system calls take their places among a thread's own spans. A thread inside the
 * kernel tells nothing, so none of its own begins and ends lies inside a call; where one seems to,
 * the two clocks differ (by some tens of nanoseconds), and the nearer end of the call gives way:
 *
 *     call      [======]                 [======]
 *     span begins    |        ─►              |            the call begins with it, or
 *                                        [====]            ends with it
 *
 * All zero is no calls.
 */

#include "viewer-server/model/lanes/lane.h"

/* Kernel stamps are good to 50 ns; ends that had to give way further are counted as repaired. */
#define CTRACE_WEAVE_CLOCK_NS 1000u

struct ctrace_call_weave {
	struct ctrace_lane calls; /* owned; not sealed */
	uint32_t next;
	uint64_t floor; /* the next call may not begin before it */
	uint64_t repaired;
};

/* The next call that is over at `time`, when one of the thread's own spans begins or ends. False:
 * none. */
bool ctrace_call_weave_next(struct ctrace_call_weave *weave, uint64_t time,
			    struct ctrace_lane_event *event);

#endif
