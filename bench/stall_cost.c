/* SPDX-License-Identifier: MIT */

/*
 * What an event costs the program while the collector stands still, beside what it
 * costs while it works: the median, p99 and p99.9 of single spans, begin and end, between two
 * readings of the counter, in turn within one run.
 *
 *     bench/stall
 *
 *     at work    the collector empties the ring
 *     room       it waits for its sink, the ring is not full
 *     full       it waits, the ring is full and may not grow: each begin is lost and counted
 */

#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/emit/emit.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TURNS	40u
#define SPANS	5000u /* a turn: 80 KB of a ring of 256 KiB */
#define SAMPLES (TURNS * SPANS)
/* 9.6 MB: more than a ring of 4 MiB and the one it grew from. */
#define SPANS_TO_FILL 600000u

enum phase { AT_WORK, ROOM, FULL, PHASES };

static uint32_t samples[PHASES][SAMPLES]; /* ticks */
static unsigned counts[PHASES];

static void measure(enum phase phase)
{
	for (unsigned i = 0; i < SPANS; i++) {
		uint64_t before = ctrace_counter_read();

		{
			TRACE_SPAN("span");
		}
		samples[phase][counts[phase]++] = (uint32_t)(ctrace_counter_read() - before);
	}
}

/* Its sink stands still, as a disk may. */
static _Atomic bool is_held, is_in_sink;

static enum ctrace_status hold_or_discard(void *sink, const void *bytes, size_t size)
{
	const struct timespec tick = {0, 1000000};

	(void)sink;
	(void)bytes;
	(void)size;
	while (atomic_load_explicit(&is_held, memory_order_acquire)) {
		atomic_store_explicit(&is_in_sink, true, memory_order_release);
		nanosleep(&tick, NULL);
	}
	return CTRACE_OK;
}

static void hold_collector(void)
{
	const struct timespec tick = {0, 100000};

	atomic_store_explicit(&is_in_sink, false, memory_order_relaxed);
	atomic_store_explicit(&is_held, true, memory_order_release);
	while (!atomic_load_explicit(&is_in_sink, memory_order_acquire)) {
		TRACE_SPAN("until it has a chunk to write");
		nanosleep(&tick, NULL);
	}
}

static void wait_until_drained(void)
{
	const struct timespec tick = {0, 1000000};

	ctrace_collect_now();
	while (!ctrace_ring_is_clean(ctrace_self->ring)) {
		nanosleep(&tick, NULL);
	}
}

static void fill_ring(void)
{
	for (unsigned i = 0; i < SPANS_TO_FILL; i++) {
		TRACE_SPAN("filler");
	}
}

static void take_turns(void)
{
	for (unsigned i = 0; i < TURNS; i++) {
		wait_until_drained();
		measure(AT_WORK);
		wait_until_drained();
		hold_collector();
		measure(ROOM);
		fill_ring();
		measure(FULL);
		atomic_store_explicit(&is_held, false, memory_order_release);
	}
}

/* ---- the table ---- */

static int by_size(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static double quantile_ns(enum phase phase, double part)
{
	uint32_t ticks = samples[phase][(size_t)(part * (SAMPLES - 1))];

	return ticks * 1e9 / (double)ctrace_clock_frequency();
}

static void row(const char *name, enum phase phase)
{
	double p999 = quantile_ns(phase, 0.999);

	printf("%-40s %8.1f %8.1f %8.1f %8.2f\n", name, quantile_ns(phase, 0.5),
	       quantile_ns(phase, 0.99), p999, p999 / quantile_ns(AT_WORK, 0.999));
}

static void table(void)
{
	for (unsigned i = 0; i < PHASES; i++) {
		qsort(samples[i], SAMPLES, sizeof(samples[i][0]), by_size);
	}
	printf("nanoseconds per span, clock included          p50      p99    p99.9  of p99.9\n");
	row("the collector at work", AT_WORK);
	row("it waits for its sink, the ring has room", ROOM);
	row("it waits for its sink, the ring is full", FULL);
}

int main(void)
{
	const struct ctrace_session_settings settings = {.write = hold_or_discard};
	struct ctrace_session *session;
	struct ctrace_counts stats;

	if (ctrace_session_open(&session, &settings) != 0) {
		fprintf(stderr, "bench/stall: cannot record\n");
		return 1;
	}
	fill_ring(); /* it has grown before it is measured */
	take_turns();
	ctrace_session_close(session, NULL);
	ctrace_stats(&stats);
	table();
	printf("%llu events written, %llu lost\n", (unsigned long long)stats.written,
	       (unsigned long long)stats.lost);
	return 0;
}
