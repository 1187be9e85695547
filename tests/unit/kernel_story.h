/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_STORY_H
#define CTRACE_KERNEL_STORY_H

/*
 * Small traces of what a kernel tells, on two CPUs, and what the model makes of them as text.
 *
 *     ctrace_story_begin(&made)                 threads main (tid 11) and worker (12) of process 10
 *     ctrace_story_switch(&made, CPU, ns, prev, state, next) …
 *     ctrace_fixture_open(&made); ctrace_model_create(…)
 *     ctrace_story_lane(model, lane)            "running 0-50 | sleeping 50-80 | …"
 *
 * Times are ns since the trace's beginning.
 */

#include "tests/unit/trace_fixture.h"

#include "format/kernel_events.h"
#include "viewer-server/model/model_parts.h"

#define CTRACE_STORY_MAIN   11u
#define CTRACE_STORY_WORKER 12u
/* Streams of the two buffers; those of the threads are 1 and 2. */
#define CTRACE_STORY_CPU0 6u

/* Calls that the story's table has. */
enum ctrace_story_call {
	CTRACE_STORY_READ,
	CTRACE_STORY_OPENAT = 257,
	CTRACE_STORY_FUTEX = 202,
	CTRACE_STORY_LOCK = 1000
};

void ctrace_story_begin(struct ctrace_made_trace *made);
/* Only a name is known of it. */
void ctrace_story_stranger(struct ctrace_made_trace *made, uint32_t stream, uint64_t tid,
			   const char *name);
void ctrace_story_switch(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t prev,
			 enum ctrace_run_state state, uint64_t next);
void ctrace_story_wake(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t waker,
		       uint64_t tid, uint32_t target);
void ctrace_story_enter(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t tid,
			uint32_t call);
void ctrace_story_exit(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t tid,
		       uint32_t call, int64_t result);
void ctrace_story_lost(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t count,
		       uint64_t since);

/*
 * Some hundred random events of both CPUs, likely and unlikely ones, with losses, calls with texts,
 * samples; main has spans, calls and samples of its own. The story is begun.
 */
void ctrace_story_random(struct ctrace_made_trace *made, uint64_t seed);

/* The only lane of a kind under a track whose tid is that (of CPUs: the cpu); NULL: none. */
const struct ctrace_lane *ctrace_story_find(const struct ctrace_model *model,
					    enum ctrace_lane_kind kind, uint64_t tid,
					    uint32_t depth);
/* Its events; `…-` began before, `-…` unfinished, `-!` cut. Valid until the next call. */
const char *ctrace_story_lane(const struct ctrace_model *model, const struct ctrace_lane *lane);

#endif
