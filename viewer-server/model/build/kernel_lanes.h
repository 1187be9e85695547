/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_LANES_H
#define CTRACE_KERNEL_LANES_H

/*
 * What a kernel's buffers tell, as lanes: a turn lane for each CPU; for each thread its states, its
 * calls and its samples. The calls then go where the thread's own spans are (stream_build.h), the
 * rest as it is.
 *
 *     ctrace_kernel_lanes_init(&lanes, model, calls, &settings)    before any stream is built
 *       lanes.threads[i]: to be moved to where they belong
 *     ctrace_kernel_lanes_finish(&lanes)
 */

#include "viewer-server/model/kernel/kernel_replay.h"
#include "viewer-server/model/model_parts.h"

struct ctrace_thread_lanes {
	struct ctrace_lane states, calls, samples;
	struct ctrace_column delays; /* struct ctrace_run_delay */
	struct ctrace_column looks;  /* struct ctrace_look */
	bool has_pages;		     /* which no lane of its own shows */
};

struct ctrace_cpu_lanes {
	uint32_t cpu;
	uint32_t stream; /* of the buffer that lost */
	struct ctrace_lane turns, gaps;
	struct ctrace_column losses; /* struct ctrace_loss_fact */
	uint64_t events, lost;
};

struct ctrace_kernel_lanes {
	struct ctrace_model *model;
	struct ctrace_thread_lanes *threads; /* owned; as in the model's table */
	uint32_t thread_count;
	struct ctrace_cpu_lanes *cpus; /* owned; the last is for buffers of no single CPU */
	uint32_t cpu_count;
	struct ctrace_column wakes; /* struct ctrace_wake */
	uint64_t events, lost, repaired;
	bool is_out_of_memory;
	/* Set before. Told now and then: false stops. */
	bool (*go_on)(void *context, uint64_t events);
	void (*damaged)(void *context, uint32_t chunk, const struct ctrace_error *error);
	void *context;
};

/* CTRACE_END: `go_on` said no. Undo with _finish, also after a failure. */
enum ctrace_status ctrace_kernel_lanes_fill(struct ctrace_kernel_lanes *lanes,
					    struct ctrace_model *model);
void ctrace_kernel_lanes_finish(struct ctrace_kernel_lanes *lanes);

/* Does the kernel tell anything of this thread? */
static inline bool ctrace_kernel_lanes_know(const struct ctrace_kernel_lanes *lanes,
					    uint32_t thread)
{
	const struct ctrace_thread_lanes *of = &lanes->threads[thread];

	return of->states.count > 0 || of->calls.count > 0 || of->samples.count > 0 ||
	       of->looks.count > 0 || of->has_pages;
}

#endif
