/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RUN_DELAYS_H
#define CTRACE_RUN_DELAYS_H

/*
 * For how long threads waited for a CPU, as /proc/TID/schedstat says: what there is
 * for a user whom the kernel does not tell of wakings. It is right where threads contend,
 * and leaves out about 15 us of each waking of a CPU that idled: an estimate.
 *
 *     ctrace_run_delays_init(&delays, trace, source)
 *       ctrace_run_delays_touch(&delays, tid)      it ran
 *       ctrace_run_delays_read(&delays, now_ms)    once a round: whoever ran and was not read
 * lately ctrace_run_delays_finish(&delays)
 */

#include "format/map.h"
#include "tracer/sources/kernel/kernel_stream.h"

struct ctrace_run_delay;

struct ctrace_run_delays {
	struct ctrace_kernel_stream stream;
	struct ctrace_run_delay *list; /* owned */
	uint32_t count, capacity;
	struct ctrace_map by_tid;
	uint32_t *touched; /* owned: indexes into the list */
	uint32_t touched_count, touched_capacity;
};

/* False without memory. */
bool ctrace_run_delays_init(struct ctrace_run_delays *delays, struct ctrace_source_trace *trace,
			    const char *source);
void ctrace_run_delays_touch(struct ctrace_run_delays *delays, uint32_t tid);
/* Blocks: no; each read is three system calls. */
void ctrace_run_delays_read(struct ctrace_run_delays *delays, uint64_t now_ms);
/* Takes zeroed ones. */
void ctrace_run_delays_finish(struct ctrace_run_delays *delays);

#endif
