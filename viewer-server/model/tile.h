/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TILE_H
#define CTRACE_TILE_H

/*
 * Tiles: what a lane looks like in 512 buckets of 2^level nanoseconds
 * (viewer-server/API.md has the split rule and the meaning of every column).
 * The cost of a tile depends on its buckets, never on the trace's size.
 *
 * Thread: any, own struct ctrace_tile.  Allocates: nothing.
 */

#include "viewer-server/model/model.h"

#define CTRACE_TILE_BUCKETS   512u
#define CTRACE_TILE_REAL_MAX  258u
#define CTRACE_TILE_LEVEL_MAX 50u

enum ctrace_tile_kind { CTRACE_TILE_SPANS = 1, CTRACE_TILE_INSTANTS, CTRACE_TILE_COUNTER };

enum ctrace_real_flags {
	CTRACE_REAL_CONTINUES = 1,
	CTRACE_REAL_UNFINISHED = 2,
	CTRACE_REAL_BEGAN_BEFORE = 4,
	CTRACE_REAL_HAS_ARGS = 8,
	CTRACE_REAL_HAS_FLOWS = 16,
	CTRACE_REAL_IS_SYSCALL = 32,
	CTRACE_REAL_IS_CALL = 64,      /* into a library */
	CTRACE_REAL_IS_COLLECTOR = 96, /* both: a collector's work, no call */
};

static inline bool ctrace_real_is_collector(unsigned flags)
{
	return (flags & CTRACE_REAL_IS_COLLECTOR) == CTRACE_REAL_IS_COLLECTOR;
}

static inline bool ctrace_real_is_call(unsigned flags)
{
	return (flags & CTRACE_REAL_IS_COLLECTOR) != 0 && !ctrace_real_is_collector(flags);
}

struct ctrace_tile_real {
	uint64_t start, duration; /* duration to the trace's end if unfinished */
	uint32_t index, name;
	uint16_t flags;
};

struct ctrace_tile_bucket {
	uint16_t position;
	uint64_t busy;	  /* ns covered by merged events, exact */
	uint32_t count;	  /* events that start here */
	uint64_t longest; /* ns */
	uint32_t longest_index, longest_name;
	/* of instants and counters; their longest_index and longest_name are the first event's */
	uint64_t first_time;
	uint16_t flags;
	/* counters */
	double min, max, first, last, mean;
};

struct ctrace_tile {
	uint32_t lane, number;
	uint8_t level;
	enum ctrace_tile_kind kind;
	double before; /* counters: value before the tile, NaN if none */
	uint32_t real_count, bucket_count;
	struct ctrace_tile_real real[CTRACE_TILE_REAL_MAX];
	struct ctrace_tile_bucket buckets[CTRACE_TILE_BUCKETS];
};

/* Fill `tile`. CTRACE_ERR_USAGE for a lane or level that does not exist; a tile beyond the trace is
 * empty. */
enum ctrace_status ctrace_tile_make(const struct ctrace_model *model, uint32_t lane, uint8_t level,
				    uint32_t number, struct ctrace_tile *tile);

#endif
