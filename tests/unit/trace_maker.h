/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACE_MAKER_H
#define CTRACE_TRACE_MAKER_H

/*
 * Random traces from a number: the same seed gives the same bytes. Written
 * through format/writer.h, so they are valid, but otherwise as odd as the
 * format allows: every kind, all argument types, hostile names, spans open
 * over chunk borders, ends that match nothing, losses, a clock that drifts.
 */

#include "format/reader.h"
#include "format/writer.h"

#include <stdbool.h>
#include <stdint.h>

/* What was written, as a reader must give it back. */
struct ctrace_made_event {
	uint32_t stream;
	uint32_t kind, site; /* site as ctrace_event has it: CTRACE_NO_SITE for unnamed ends and
				plain kinds */
	uint64_t ticks;
	unsigned value_count;
	const struct ctrace_value *values;
};

struct ctrace_maker_settings {
	uint64_t seed;
	uint64_t events;     /* about so many; 0: the seed decides, up to 3,000 */
	uint32_t threads;    /* 0: the seed decides, 1 to 6 */
	bool has_kernel;     /* what a kernel tells, too: kernel_maker.h */
	bool is_plain_spans; /* realistic nested spans and nothing else: for benchmarks */
	bool is_plain;	     /* no LZ4 */
	ctrace_write_fn *write;
	void *sink;
	/* Called for each event in the order of writing; may be NULL. */
	void (*made)(void *context, const struct ctrace_made_event *event);
	void *context;
};

/* Makes a whole trace. CTRACE_OK, no memory, or what the sink said. */
enum ctrace_status ctrace_maker_run(const struct ctrace_maker_settings *settings);

/* A small generator of random numbers (splitmix64), for tests. */
static inline uint64_t ctrace_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 to limit - 1; limit is at least 1. */
static inline uint64_t ctrace_random_below(uint64_t *state, uint64_t limit)
{
	return ctrace_random(state) % limit;
}

#endif
