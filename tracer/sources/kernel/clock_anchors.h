/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CLOCK_ANCHORS_H
#define CTRACE_CLOCK_ANCHORS_H

/*
 * Stamps of a kernel's clock as ticks of the recorder's, where the kernel cannot stamp with that
 * one: moments read on both, now and then, and straight lines between them.
 *
 *     ctrace_clock_anchors_init(&anchors, CTRACE_STAMP_RAW)   the first moment
 *       ctrace_clock_anchors_add(&anchors)                    before each round; few are kept
 *       ctrace_clock_anchors_ticks(&anchors, stamp)           between two moments, or near one
 */

#include <stdbool.h>
#include <stdint.h>

enum ctrace_stamp_clock { CTRACE_STAMP_RAW, CTRACE_STAMP_MONOTONIC };

struct ctrace_clock_anchor {
	uint64_t ticks, stamp_ns;
};

#define CTRACE_CLOCK_ANCHORS_MAX 64u

struct ctrace_clock_anchors {
	enum ctrace_stamp_clock clock;
	struct ctrace_clock_anchor list[CTRACE_CLOCK_ANCHORS_MAX]; /* oldest first */
	unsigned count;
};

/* Blocks: for 10 ms, to know the clocks' rates. */
void ctrace_clock_anchors_init(struct ctrace_clock_anchors *anchors, enum ctrace_stamp_clock clock);

/* A moment of now, if the last one is 100 ms old. */
void ctrace_clock_anchors_add(struct ctrace_clock_anchors *anchors);

/* For tests: a moment that is given. */
void ctrace_clock_anchors_put(struct ctrace_clock_anchors *anchors,
			      struct ctrace_clock_anchor anchor);

uint64_t ctrace_clock_anchors_ticks(const struct ctrace_clock_anchors *anchors, uint64_t stamp_ns);

/* And back. */
uint64_t ctrace_clock_anchors_stamp(const struct ctrace_clock_anchors *anchors, uint64_t ticks);

#endif
