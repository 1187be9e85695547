/* SPDX-License-Identifier: MIT */
/* One call after the other, up to each begin and end; see call_weave.h. */

#include "viewer-server/model/build/call_weave.h"

static void take(struct ctrace_call_weave *weave, uint64_t begin, uint64_t end,
		 struct ctrace_lane_event *event)
{
	const struct ctrace_lane *calls = &weave->calls;
	uint32_t i = weave->next++;

	*event = (struct ctrace_lane_event){
		.start = begin,
		.duration = end - begin,
		.name = ctrace_lane_name(calls, i),
		.flags = ctrace_lane_flags(calls, i),
		.ref = calls->ref[i],
		.has_other = true,
		.other = calls->other[i],
	};
}

bool ctrace_call_weave_next(struct ctrace_call_weave *weave, uint64_t time,
			    struct ctrace_lane_event *event)
{
	uint64_t begin, end;

	if (weave->next == weave->calls.count) {
		return false;
	}
	begin = weave->calls.start[weave->next];
	end = begin + ctrace_lane_duration(&weave->calls, weave->next);
	begin = begin > weave->floor ? begin : weave->floor;
	begin = begin < end ? begin : end;
	if (end <= time) {
		take(weave, begin, end, event);
		return true;
	}
	if (begin >= time) {
		return false;
	}
	if (time - begin <= end - time) {
		weave->repaired += time - begin > CTRACE_WEAVE_CLOCK_NS;
		weave->floor = time;
		return false;
	}
	weave->repaired += end - time > CTRACE_WEAVE_CLOCK_NS;
	take(weave, begin, time, event);
	return true;
}
