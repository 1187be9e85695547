/* SPDX-License-Identifier: MIT */

/*
 * What an event costs the program: nanoseconds per event, the fastest and the
 * tenth percentile of many rounds of 2,000.
 *
 *     bench/emit                    the table
 *     bench/emit --instructions     10,000 spans, for callgrind: see bench/instructions
 *
 * The ring is emptied by hand between rounds, so no round meets a full one and no
 * collector runs beside it; the last rows have a collector at work.
 */

#include "bench/rounds.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/emit/emit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define OPERATIONS	  2000u
#define ROUNDS		  4000u
#define INSTRUCTION_SPANS 10000u

/* ---- floors ---- */

static void read_counter(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		uint64_t ticks = ctrace_counter_read();

		__asm__ volatile("" : : "r"(ticks));
	}
}

static void do_nothing(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		__asm__ volatile("" ::: "memory");
	}
}

/* ---- the same lines as ctrace_emit, over a clock that only counts ---- */

static uint64_t fake_ticks;

static inline uint64_t fake_clock(void)
{
	return fake_ticks += 20;
}

static struct ctrace_control *fake_control;

__attribute__((noinline)) static unsigned fake_emit(unsigned code)
{
	return ctrace_emit_word(fake_control, code, 0, fake_clock) ? code : 0;
}

__attribute__((noinline)) static void fake_emit_end(unsigned code)
{
	ctrace_emit_word(fake_control, code, CTRACE_END_BIT, fake_clock);
}

static void fake_spans(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i += 2) {
		fake_emit(1);
		fake_emit_end(1);
	}
}

/* ---- the real thing ---- */

__attribute__((noinline)) void spans(uint64_t operations);

/* Two events an iteration. Not static: callgrind collects in it by name. */
__attribute__((noinline)) void spans(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i += 2) {
		TRACE_SPAN("span");
	}
}

static void begins_and_ends(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i += 2) {
		TRACE_BEGIN("begun");
		TRACE_END();
	}
}

static void nexts(uint64_t operations)
{
	TRACE_BEGIN("next");
	for (uint64_t i = 0; i < operations; i += 2) {
		TRACE_NEXT("next");
	}
	TRACE_END();
}

static void spans_with_number(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i += 2) {
		TRACE_SPAN("number", TRACE_I64("i", i));
	}
}

static void spans_with_string(uint64_t operations)
{
	static const char *volatile text = "sixteen letters!";

	for (uint64_t i = 0; i < operations; i += 2) {
		TRACE_SPAN("string", TRACE_STR("s", text));
	}
}

/* ---- setting up ---- */

static enum ctrace_status discard(void *sink, const void *bytes, size_t size)
{
	(void)sink;
	(void)bytes;
	(void)size;
	return CTRACE_OK;
}

static struct ctrace_session *record(void)
{
	const struct ctrace_session_settings settings = {.write = discard};
	struct ctrace_session *session;

	if (ctrace_session_open(&session, &settings) != 0) {
		fprintf(stderr, "bench/emit: cannot record\n");
		exit(1);
	}
	return session;
}

/* As if the collector had just read everything. */
static void empty_ring(void)
{
	struct ctrace_ring *ring = ctrace_self->ring;

	if (ring != NULL) {
		atomic_store_explicit(
			&ring->shared->tail,
			atomic_load_explicit(&ring->shared->published, memory_order_relaxed),
			memory_order_release);
		ctrace_ring_refresh(ring, 0);
	}
}

static void stall_collector(int yes)
{
	struct timespec tick = {0, 50000000};

	atomic_store_explicit(&ctrace_collect_stall, yes, memory_order_release);
	nanosleep(&tick, NULL);
}

static void warm_ring(void)
{
	TRACE_INSTANT("first");
	memset(ctrace_self->ring->data, 0, ctrace_self->ring->data_bytes);
}

static void *fake_ring(void)
{
	static struct ctrace_control control;
	static _Alignas(64) _Atomic uint64_t published;
	size_t bytes = 256u << 10;

	control.levels[0] = (struct ctrace_level){
		.claim = CTRACE_UNCLAIMED, .limit = UINT64_MAX, .end_limit = UINT64_MAX};
	control.places[0] = (struct ctrace_level_place){
		.mask = bytes - 1, .data = aligned_alloc(4096, bytes), .published = &published};
	memset(control.places[0].data, 0, bytes);
	return &control;
}

/* ---- the table ---- */

static void row(const char *name, struct rounds rounds, double floor_ns, const char *target)
{
	printf("%-44s %8.2f %8.2f %8.2f   %s\n", name, rounds.fastest_ns, rounds.p10_ns,
	       rounds.fastest_ns - floor_ns, target);
}

static struct rounds run(void (*body)(uint64_t))
{
	return rounds_run(body, OPERATIONS, ROUNDS, empty_ring);
}

static void off_rows(void)
{
	struct rounds loop = rounds_run(do_nothing, OPERATIONS, ROUNDS, NULL);
	struct rounds off = rounds_run(spans, OPERATIONS, ROUNDS, NULL);

	printf("off, nanoseconds per span                     fastest      p10  - loop\n");
	row("empty loop", (struct rounds){loop.fastest_ns, loop.p10_ns}, loop.fastest_ns, "");
	off.fastest_ns *= 2; /* two events a span, one iteration */
	off.p10_ns *= 2;
	row("TRACE_SPAN while nobody records", off, loop.fastest_ns, "<= 0.5 off");
}

static void on_rows(void)
{
	struct rounds floor = rounds_run(read_counter, OPERATIONS, ROUNDS, NULL);

	printf("\non, nanoseconds per event                     fastest      p10  - clock\n");
	row("rdtsc alone", floor, floor.fastest_ns, "");
	row("begin or end (TRACE_SPAN)", run(spans), floor.fastest_ns, "<= clock + 1");
	row("begin or end, over a fake clock", rounds_run(fake_spans, OPERATIONS, ROUNDS, NULL), 0,
	    "<= 2.0");
	row("TRACE_BEGIN or TRACE_END", run(begins_and_ends), floor.fastest_ns, "");
	row("TRACE_NEXT, half of it", run(nexts), floor.fastest_ns / 2, "");
	row("begin with an i64, or end", run(spans_with_number), floor.fastest_ns, "");
	row("begin with a 16-letter string, or end", run(spans_with_string), floor.fastest_ns, "");
}

/* ---- with a collector, and with two threads ---- */

static void wait_until_drained(void)
{
	struct timespec tick = {0, 1000000};
	const struct ctrace_ring_shared *shared = ctrace_self->ring->shared;

	while (ctrace_ring_tail(shared) !=
	       atomic_load_explicit(&shared->published, memory_order_relaxed)) {
		nanosleep(&tick, NULL);
	}
}

static struct rounds drained(void (*body)(uint64_t))
{
	return rounds_run(body, OPERATIONS, 300, wait_until_drained);
}

static pthread_barrier_t together;

static void *one_of_two(void *result)
{
	warm_ring();
	pthread_barrier_wait(&together);
	*(struct rounds *)result = run(spans);
	return NULL;
}

static struct rounds two_threads(void)
{
	struct rounds results[2];
	pthread_t threads[2];

	pthread_barrier_init(&together, NULL, 2);
	for (unsigned i = 0; i < 2; i++) {
		pthread_create(&threads[i], NULL, one_of_two, &results[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
	}
	return results[0].fastest_ns > results[1].fastest_ns ? results[0] : results[1];
}

static void table(void)
{
	struct ctrace_session *session;

	off_rows();
	session = record();
	warm_ring();
	stall_collector(1);
	fake_control = fake_ring();
	on_rows();
	row("begin or end, two threads, the slower", two_threads(), 0, "");
	stall_collector(0);
	row("begin or end, the collector at work", drained(spans), 0, "");
	ctrace_session_close(session, NULL);
}

static void instructions(void)
{
	struct ctrace_session *session = record();

	warm_ring();
	stall_collector(1);
	empty_ring();
	spans(2 * INSTRUCTION_SPANS);
	stall_collector(0);
	ctrace_session_close(session, NULL);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--instructions") == 0) {
		instructions();
		return 0;
	}
	table();
	return 0;
}
