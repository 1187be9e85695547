/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_THREAD_QUERY_H
#define CTRACE_THREAD_QUERY_H

/*
 * What there is of a thread, for answers that take several of its lanes together (analysis/).
 *
 * Thread: any.  Allocates: nothing.
 */

#include "viewer-server/model/query.h"

struct ctrace_thread_view {
	uint32_t state_lane, sample_lane; /* CTRACE_NONE: it has none */
	uint32_t first_span_lane, span_lanes;
};

/* False: the track is no thread. */
bool ctrace_thread_view(const struct ctrace_model *model, uint32_t track,
			struct ctrace_thread_view *view);

/* The thread whose events stand in this stream of the file; CTRACE_NONE: it has no track. */
uint32_t ctrace_thread_track(const struct ctrace_model *model, uint32_t stream);
/* The thread that a tid meant at a time, which is told in ticks of the file and in ns. */
struct ctrace_named_thread ctrace_thread_named(const struct ctrace_model *model, uint64_t tid,
					       uint64_t ticks, uint64_t time);

/* The innermost call that the thread is in at a time; lane CTRACE_NONE: none. */
struct ctrace_place ctrace_thread_call_at(const struct ctrace_model *model, uint32_t track,
					  uint64_t time);
/* The span or call that a span is in; lane CTRACE_NONE: none. */
struct ctrace_place ctrace_thread_parent(const struct ctrace_model *model,
					 struct ctrace_place place);
/* The first event of a lane that ends after `time`; its index may be one past the last. */
uint32_t ctrace_thread_first_after(const struct ctrace_model *model, uint32_t lane, uint64_t time);
/* A sample's stack; 0: not known. */
uint32_t ctrace_thread_stack(const struct ctrace_model *model, struct ctrace_place sample);
/* How much longer the thread had waited for a CPU at `end` than at `start`, by the kernel's
 * estimate. False: it is not known. */
bool ctrace_thread_run_delay(const struct ctrace_model *model, uint32_t track, uint64_t start,
			     uint64_t end, uint64_t *waited);

#endif
