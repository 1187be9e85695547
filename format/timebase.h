/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TIMEBASE_H
#define CTRACE_TIMEBASE_H

/*
 * From ticks to nanoseconds, exactly as SPEC 6 says: piecewise linear through
 * the CLOCK rows. Each piece keeps a multiplier and a shift, so a conversion is
 * three multiplications instead of a division of 128 bits.
 */

#include "format/records.h"
#include "format/status.h"

#include <stdint.h>

struct ctrace_time_piece; /* one line between two rows */

struct ctrace_timebase {
	struct ctrace_time_piece *pieces;
	uint32_t *buckets; /* of equal ticks: the piece in which each begins */
	uint32_t piece_count, bucket_count;
	unsigned bucket_shift;
	uint64_t first_ticks;
};

/*
 * `rows` are in file order; they are sorted and thinned in place as SPEC 6
 * says, *count becomes how many count. `base` and `ticks_per_second` are the
 * file header's. Undo with ctrace_timebase_finish (zeroed is fine).
 */
enum ctrace_status ctrace_timebase_init(struct ctrace_timebase *timebase,
					struct ctrace_clock_row *rows, uint32_t *count,
					uint64_t base, uint64_t ticks_per_second);
void ctrace_timebase_finish(struct ctrace_timebase *timebase);

/* Nanoseconds from base to `ticks`, 0 to 2^63-1. Thread: any. */
uint64_t ctrace_timebase_ns(const struct ctrace_timebase *timebase, uint64_t ticks);

#endif
