/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_HEAP_SUMS_H
#define CTRACE_HEAP_SUMS_H

/*
 * The memory of a trace at a moment, and what became of it until then: by place, by thread, by
 * pool; who touched pages first, where faults are told; what processes had in RAM. One walk over
 * the trace; no model is needed.
 *
 *     ctrace_heap_init(&heap, trace, &settings)
 *       heap.sites, heap.pairs, heap.pools, heap.total
 *     ctrace_heap_finish(&heap)
 *
 * Where blocks were chosen at random, sums are estimates (SPEC 8.5): `variance` is that of the
 * bytes, and bytes plus or minus 1.96 times its root hold the truth in 95 of 100 traces.
 *
 * Thread: any, own object.  Allocates: up to 256 bytes a block that is alive, 1 KiB a place.
 */

#include "format/map.h"
#include "viewer-server/analysis/resident_sums.h"
#include "viewer-server/model/memory/heap_blocks.h"
#include "viewer-server/model/memory/heap_walk.h"
#include "viewer-server/model/query.h"

/* Lives are counted by the number of their binary digits in ns: the last is from 4.6 minutes on. */
#define CTRACE_HEAP_LIVES 40u
/* A page fault is taken for so many bytes. */
#define CTRACE_HEAP_FAULT_BYTES 4096u

struct ctrace_heap_sum {
	uint64_t bytes;
	double blocks, variance;
};

/* All blocks that were got at one stack, in one pool. */
struct ctrace_heap_site {
	uint64_t stack, pool; /* stack 0: not known */
	struct ctrace_heap_sum live,
		before;			   /* at the moment; at the one that it is compared with */
	struct ctrace_heap_sum kept;	   /* alive at both */
	struct ctrace_heap_sum got, freed; /* between the two, or from the beginning on */
	/* Of the live ones, those that are older than any block of here that was freed became. */
	struct ctrace_heap_sum overdue;
	/* Pages that its page faults brought: `blocks` are faults, of 4 KiB each. Between the two,
	 * or from the beginning on; of a sample by count, so that there is no variance to tell. */
	struct ctrace_heap_sum touched;
	uint64_t longest_life;		 /* ns; of the freed ones, also before */
	double lives[CTRACE_HEAP_LIVES]; /* of the freed ones, in blocks */
};

/* Blocks that one thread got and another gave back. */
struct ctrace_heap_pair {
	uint32_t from, to; /* streams */
	struct ctrace_heap_sum sum;
};

struct ctrace_heap_pool {
	uint64_t pid, pool;
	struct ctrace_bytes name; /* of `named`; may be empty */
	char *named;		  /* owned */
	uint64_t reserved;	  /* bytes that it has, at the moment */
	uint64_t live;		  /* of which so many are given out */
};

/* The curve over the whole trace: so many equal stretches of time. */
#define CTRACE_HEAP_POINTS 256u

struct ctrace_heap_point {
	uint64_t live, most;		  /* bytes alive at its end; at most within it */
	uint64_t got;			  /* bytes that were got in it */
	uint64_t resident, resident_most; /* bytes in RAM, likewise */
};

struct ctrace_heap {
	const struct ctrace_trace *trace; /* borrows */
	struct ctrace_heap_site *sites;	  /* owned; largest first, by live or by growth */
	uint32_t site_count, site_room;
	struct ctrace_heap_pair *pairs; /* owned; largest first */
	uint32_t pair_count, pair_room;
	struct ctrace_heap_pool *pools; /* owned; as first met */
	uint32_t pool_count, pool_room;
	struct ctrace_heap_site total;
	uint64_t peak, peak_time; /* live bytes, until the moment */
	struct ctrace_heap_point curve[CTRACE_HEAP_POINTS];
	uint32_t point_count; /* up to the moment */
	uint64_t point_ns;    /* how long each is; 1 and up */
	uint64_t moment;      /* ns: the last event's, if that is before the one asked for */
	struct ctrace_resident resident;
	uint64_t events, unmatched; /* of blocks; unmatched: frees of blocks that are not known */
	uint64_t lost, damaged;
	bool is_sampled;   /* some of it are estimates */
	bool is_full;	   /* a bound of the settings was passed */
	uint32_t rows_max; /* of the settings */
	struct ctrace_map site_by_key, pair_by_key, pool_by_key; /* while it is made */
	struct ctrace_heap_blocks blocks;
};

struct ctrace_heap_settings {
	uint64_t at;   /* ns; UINT64_MAX: the end */
	uint64_t from; /* compare with this moment */
	bool has_from;
	bool has_pid; /* of this process alone */
	uint64_t pid;
	/* How many blocks may be alive at a time; how many places, pools and pairs of threads there
	 * may be. 0: no bound but memory. */
	uint64_t blocks_max;
	uint32_t rows_max;
	const uint8_t *buffer_chunks;		/* as in struct ctrace_heap_choice */
	const struct ctrace_patience *patience; /* NULL: as long as it takes */
};

/* Done, or CTRACE_ERR_NO_MEMORY, CTRACE_ERR_LIMIT (a bound of the settings), CTRACE_END (out of
 * patience). Undo with _finish, also after a failure. */
enum ctrace_status ctrace_heap_init(struct ctrace_heap *heap, const struct ctrace_trace *trace,
				    const struct ctrace_heap_settings *settings);
void ctrace_heap_finish(struct ctrace_heap *heap);

/* Half of the freed blocks lived no longer than so many ns; 0: none was freed. */
uint64_t ctrace_heap_median_life(const struct ctrace_heap_site *site);
/* Half the width of the 95 % interval of the bytes. */
/* Of the growth from `before` to `live`: what is alive at both is certain. */
double ctrace_heap_growth_variance(const struct ctrace_heap_site *site);
double ctrace_heap_spread(const struct ctrace_heap_sum *sum);

#endif
