/* SPDX-License-Identifier: MIT */
/* Clocks of an instance; see tracefs_clock.h. */

#include "tracer/sources/tracefs/tracefs_clock.h"

#include "tracer/sources/tracefs/tracefs_mount.h"
#include "tracer/src/clock/clock.h"

#include <string.h>

struct choice {
	const char *name;
	enum ctrace_clock_kind own; /* the recorder's clock that it is; 0: none */
	enum ctrace_stamp_clock stamps;
};

/* Best first. mono may be slewed, so it comes last. */
static const struct choice choices[] = {
	{"x86-tsc", CTRACE_CLOCK_TSC, CTRACE_STAMP_RAW},
	{"mono_raw", CTRACE_CLOCK_MONOTONIC_RAW, CTRACE_STAMP_RAW},
	{"mono_raw", 0, CTRACE_STAMP_RAW},
	{"mono", 0, CTRACE_STAMP_MONOTONIC},
};

bool ctrace_tracefs_clock_set(struct ctrace_tracefs_clock *clock, int directory,
			      struct ctrace_source_answer *answer)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		const struct choice *choice = &choices[i];

		if ((choice->own != 0 && choice->own != ctrace_clock_kind()) ||
		    ctrace_tracefs_write(directory, "trace_clock", choice->name) != 0) {
			continue;
		}
		*clock = (struct ctrace_tracefs_clock){.name = choice->name,
						       .is_own = choice->own != 0};
		if (!clock->is_own) {
			ctrace_clock_anchors_init(&clock->anchors, choice->stamps);
		}
		return true;
	}
	ctrace_source_refuse(answer, "a kernel of version 4.2 or later",
			     "tracefs has neither the clock mono_raw nor mono");
	return false;
}

const char *ctrace_tracefs_clock_name(const struct ctrace_tracefs_clock *clock)
{
	return clock->name;
}

void ctrace_tracefs_clock_round(struct ctrace_tracefs_clock *clock)
{
	if (!clock->is_own) {
		ctrace_clock_anchors_add(&clock->anchors);
	}
}

uint64_t ctrace_tracefs_clock_ticks(const struct ctrace_tracefs_clock *clock, uint64_t stamp)
{
	return clock->is_own ? stamp : ctrace_clock_anchors_ticks(&clock->anchors, stamp);
}

uint64_t ctrace_tracefs_clock_stamp(const struct ctrace_tracefs_clock *clock, uint64_t ticks)
{
	return clock->is_own ? ticks : ctrace_clock_anchors_stamp(&clock->anchors, ticks);
}
