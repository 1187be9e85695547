/* SPDX-License-Identifier: MIT */
/* One clock's stamps on another; see clock_anchors.h. */

#include "tracer/sources/kernel/clock_anchors.h"

#include "tracer/src/clock/clock.h"

#include <string.h>
#include <time.h>

#define ANCHOR_NS 100000000u
#define FIRST_NS  10000000

static struct ctrace_clock_anchor now(const struct ctrace_clock_anchors *anchors)
{
	struct ctrace_clock_row row;

	ctrace_clock_snapshot(&row);
	return (struct ctrace_clock_anchor){
		.ticks = row.ticks,
		.stamp_ns = anchors->clock == CTRACE_STAMP_RAW ? row.raw_ns : row.monotonic_ns,
	};
}

void ctrace_clock_anchors_put(struct ctrace_clock_anchors *anchors,
			      struct ctrace_clock_anchor anchor)
{
	if (anchors->count > 0 && anchor.stamp_ns <= anchors->list[anchors->count - 1].stamp_ns) {
		return;
	}
	if (anchors->count == CTRACE_CLOCK_ANCHORS_MAX) {
		anchors->count--;
		memmove(&anchors->list[0], &anchors->list[1],
			anchors->count * sizeof(anchors->list[0]));
	}
	anchors->list[anchors->count++] = anchor;
}

void ctrace_clock_anchors_init(struct ctrace_clock_anchors *anchors, enum ctrace_stamp_clock clock)
{
	const struct timespec wait = {.tv_nsec = FIRST_NS};

	*anchors = (struct ctrace_clock_anchors){.clock = clock};
	ctrace_clock_anchors_put(anchors, now(anchors));
	nanosleep(&wait, NULL);
	ctrace_clock_anchors_put(anchors, now(anchors));
}

void ctrace_clock_anchors_add(struct ctrace_clock_anchors *anchors)
{
	struct ctrace_clock_anchor at = now(anchors);

	if (at.stamp_ns - anchors->list[anchors->count - 1].stamp_ns >= ANCHOR_NS) {
		ctrace_clock_anchors_put(anchors, at);
	}
}

/* b + (at - a) * slope, where a and at may be before the line's beginning. */
static uint64_t along(uint64_t at, uint64_t a, uint64_t b, uint64_t a_span, uint64_t b_span)
{
	__extension__ __int128 distance = (int64_t)(at - a);

	/* As nearly always; the processor divides what fits into its registers several times
	 * faster. */
	if (at - a <= INT32_MAX && b_span <= UINT32_MAX) {
		return b + (at - a) * b_span / a_span;
	}
	return b + (uint64_t)(int64_t)(distance * (int64_t)b_span / (int64_t)a_span);
}

/* The line that a stamp lies on ends at this anchor; most are near the newest. */
static unsigned line_of(const struct ctrace_clock_anchors *anchors, uint64_t stamp_ns)
{
	unsigned at = anchors->count - 1;

	while (at > 1 && stamp_ns < anchors->list[at - 1].stamp_ns) {
		at--;
	}
	return at;
}

uint64_t ctrace_clock_anchors_ticks(const struct ctrace_clock_anchors *anchors, uint64_t stamp_ns)
{
	unsigned at = line_of(anchors, stamp_ns);
	const struct ctrace_clock_anchor *from = &anchors->list[at - 1], *to = &anchors->list[at];

	return along(stamp_ns, from->stamp_ns, from->ticks, to->stamp_ns - from->stamp_ns,
		     to->ticks - from->ticks);
}

uint64_t ctrace_clock_anchors_stamp(const struct ctrace_clock_anchors *anchors, uint64_t ticks)
{
	const struct ctrace_clock_anchor *to = &anchors->list[anchors->count - 1], *from = to - 1;

	return along(ticks, from->ticks, from->stamp_ns, to->ticks - from->ticks,
		     to->stamp_ns - from->stamp_ns);
}
