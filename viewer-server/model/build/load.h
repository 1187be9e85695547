/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOAD_H
#define CTRACE_LOAD_H

/*
 * Reads every EVENTS chunk into built streams: first what a kernel's buffers tell, in the order of
 * time, then the threads' own streams, side by side on two threads.
 */

#include "viewer-server/model/build/kernel_lanes.h"
#include "viewer-server/model/build/stream_build.h"

struct ctrace_loaded {
	struct ctrace_stream_build *builds; /* owned; one a stream, those without chunks last */
	uint32_t count;
	struct ctrace_kernel_lanes kernel; /* what is left after its threads' streams took theirs */
	struct ctrace_column damage;	   /* struct ctrace_damage found on the way; owned */
};

/* The model holds trace, threads, names, chunk_first and duration. CTRACE_END: progress said to
 * stop. */
enum ctrace_status ctrace_load(struct ctrace_loaded *loaded, struct ctrace_model *model,
			       const struct ctrace_model_settings *settings,
			       struct ctrace_error *error);
void ctrace_loaded_finish(struct ctrace_loaded *loaded);

#endif
