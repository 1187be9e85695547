/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CLOCK_H
#define CTRACE_CLOCK_H

/*
 * Which clock stamps the events, and what it means in nanoseconds.
 *
 * The processor's counter where it can be trusted, else CLOCK_MONOTONIC_RAW;
 * chosen once, before the first event, and never changed after. What a tick is
 * worth is the reader's to find out, from the snapshots written now and then.
 */

#include "format/kinds.h"
#include "format/writer.h"
#include "tracer/src/clock/clock_counter.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Only ctrace_clock_choose and ctrace_clock_force write it; both before any event. */
extern _Atomic bool ctrace_clock_is_counter;

/* CLOCK_MONOTONIC_RAW in nanoseconds. errno is kept. */
uint64_t ctrace_clock_raw_ns(void);

/* Thread: any.  Signal handler: yes.  Blocks: no. */
static inline uint64_t ctrace_clock_ticks(void)
{
	if (__builtin_expect(atomic_load_explicit(&ctrace_clock_is_counter, memory_order_relaxed),
			     1)) {
		return ctrace_counter_read();
	}
	return ctrace_clock_raw_ns();
}

/* Find out whether the counter can be trusted; once, when the library is loaded. */
void ctrace_clock_choose(void);

/*
 * Use "tsc" (the counter, trusted or not) or "monotonic_raw". Returns 0, -EINVAL for
 * another name or a counter this processor does not have. The caller makes sure that
 * there is no event yet.
 */
int ctrace_clock_force(const char *name);

/* Would forcing `name` change anything? */
bool ctrace_clock_is(const char *name);

enum ctrace_clock_kind ctrace_clock_kind(void);

/* Ticks a second, measured from the library's loading to now (at least 10 ms: sleeps the rest). */
uint64_t ctrace_clock_frequency(void);

/* The same as far as it can be told without waiting; 0: not yet. Signal handler: yes. */
uint64_t ctrace_clock_frequency_now(void);

/* All clocks at one moment: of many tries the one with the shortest time between the two readings
 * around it. */
void ctrace_clock_snapshot(struct ctrace_clock_row *row);

/* One moment on both clocks; `uncertainty` in ticks. */
struct ctrace_clock_pair {
	uint64_t ticks, raw_ns, uncertainty;
};

struct ctrace_clock_pair ctrace_clock_now(void);

/*
 * Have ticks and nanoseconds drifted apart since `then`, by more than 10 us + 50 ppm of the time
 * between? They do over a suspend, and when a virtual machine moves. No, if `now` was not read
 * in one go.
 */
bool ctrace_clock_has_jumped(const struct ctrace_clock_pair *then,
			     const struct ctrace_clock_pair *now, uint64_t ticks_per_second);

#endif
