/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MEMORY_CURVES_H
#define CTRACE_MEMORY_CURVES_H

/*
 * The memory of each process over time, from one walk over what the trace tells of it (SPEC 8.5):
 * bytes in RAM, in all and without what is of files; bytes alive, in all and in each pool; how fast
 * it gets more, in all and in each thread; anonymous memory it has mapped; pages it has touched.
 * The timeline and Chrome JSON both show these, so they agree.
 *
 *     ctrace_memory_curves_init(&curves, trace, &settings)
 *       while (ctrace_memory_curves_step(&curves) == CTRACE_OK) …      some thousand events each
 *       curves.processes, curves.pools, curves.threads
 *     ctrace_memory_curves_finish(&curves)
 *
 * What is alive is told as in analysis/heap_sums.h, and comes to the same sums.
 *
 * Thread: any, own object.  Allocates: a chunk for each stream under way, 32 to 64 bytes a block
 * that is alive, up to 1 MiB a curve.
 */

#include "format/map.h"
#include "viewer-server/model/memory/heap_walk.h"
#include "viewer-server/model/memory/live_blocks.h"
#include "viewer-server/model/memory/mapped_bytes.h"
#include "viewer-server/model/memory/memory_curve.h"

#define CTRACE_MEMORY_AHEAD 16u /* a power of two */

/* A page fault is taken for so many bytes. */
#define CTRACE_FAULT_BYTES 4096u

struct ctrace_memory_process {
	uint64_t pid;
	uint64_t live, touched;			 /* bytes, now */
	bool is_sampled;			 /* live, its pools and its rates are estimates */
	struct ctrace_curve resident, anonymous; /* bytes */
	struct ctrace_curve alive;		 /* bytes; empty: nothing is told of it */
	struct ctrace_rate got;			 /* bytes */
	struct ctrace_curve mapped;		 /* bytes */
	struct ctrace_curve faulted;		 /* bytes */
	struct ctrace_mapped_bytes mappings;
	/* Positions + 1 in `pools` and `threads`; 0: none. Pools as first met. */
	uint32_t first_pool, last_pool, first_thread;
};

struct ctrace_memory_pool {
	uint32_t process;
	uint64_t pool; /* 0: malloc's, which has no curve of its own */
	char *name;    /* owned; NULL: not told */
	uint32_t name_size;
	uint64_t live;
	struct ctrace_curve alive;
	uint32_t next; /* of its process, likewise */
};

/* Of a stream; only those that got something have stretches. */
struct ctrace_memory_thread {
	uint32_t stream, process;
	uint32_t next; /* of its process, likewise, if it has stretches */
	double bytes;
	struct ctrace_rate got;
	struct ctrace_live_block last_freed; /* owner 0: none */
};

struct ctrace_memory_call; /* one that has begun */

struct ctrace_memory_settings {
	const struct ctrace_thread_table *threads; /* borrows */
	const uint8_t *chunks; /* as in struct ctrace_heap_choice, and borrowed as long */
	bool is_checked;
	uint64_t until; /* ns: what comes then and later is left out */
};

struct ctrace_memory_curves {
	const struct ctrace_trace *trace; /* borrows */
	uint64_t until, duration;	  /* ns; duration: not beyond `until` */
	struct ctrace_heap_walk walk;
	struct ctrace_live_blocks blocks;
	struct ctrace_column processes;	      /* struct ctrace_memory_process, as first met */
	struct ctrace_column pools;	      /* struct ctrace_memory_pool, as first met */
	struct ctrace_memory_thread *threads; /* owned; by the walk's streams */
	uint32_t thread_count;
	unsigned rate_shift; /* of all rates: stretches of 2^rate_shift ns */
	/* private below */
	struct ctrace_map process_of_pid, pool_of_key, call_of_key;
	struct ctrace_column calls; /* struct ctrace_memory_call */
	uint8_t *mapping_calls;	    /* owned; enum ctrace_mapping_call by number */
	/* Events on their way from the walk, so that what they need is in the cache when it is
	 * their turn. */
	struct ctrace_heap_event ahead[CTRACE_MEMORY_AHEAD];
	uint64_t ahead_in, ahead_out;
	uint64_t last_pid, last_pool;
	uint32_t last_owner; /* of these two; 0: none yet */
};

/* By number of the call: enum ctrace_mapping_call, ctrace_trace_call_end() of them. The caller
 * frees it; NULL: no memory. */
uint8_t *ctrace_memory_mapping_calls(const struct ctrace_trace *trace);

/* CTRACE_ERR_NO_MEMORY, or done. Undo with _finish, also after a failure. */
enum ctrace_status ctrace_memory_curves_init(struct ctrace_memory_curves *curves,
					     const struct ctrace_trace *trace,
					     const struct ctrace_memory_settings *settings);
/* CTRACE_END: all is told, the curves are closed. CTRACE_ERR_NO_MEMORY. */
enum ctrace_status ctrace_memory_curves_step(struct ctrace_memory_curves *curves);
void ctrace_memory_curves_finish(struct ctrace_memory_curves *curves);

/*
 * A rate as points (memory_curve.h). Where blocks were chosen at random, stretches are so long that
 * 16 chosen ones come in one on average; they are 2^*shift ns.
 */
bool ctrace_memory_rate_points(const struct ctrace_memory_curves *curves,
			       const struct ctrace_rate *rate, bool is_sampled, unsigned *shift,
			       struct ctrace_column *points);

#endif
