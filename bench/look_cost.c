/* SPDX-License-Identifier: MIT */

/*
 * What a look at a thread costs who looks (tracer/sources/asleep/): microseconds at a thread that
 * sleeps in nanosleep below five functions, at one that sleeps deep in a recursion, at one that is
 * known not to have run since, and for looking whether it has; and how long it takes to find
 * who is there, a thread.
 */

#include "bench/rounds.h"

#include "format/writer.h"
#include "tracer/sources/asleep/asleep_threads.h"
#include "tracer/sources/asleep/thread_look.h"
#include "tracer/sources/kernel/own_threads.h"
#include "tracer/src/clock/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOKS	200u
#define ROUNDS	50u
#define THREADS 400u

static struct ctrace_writer writer;
static struct ctrace_thread_looker looker;
static struct ctrace_asleep_threads threads;
static struct ctrace_own_threads own;
static uint32_t watched;
static uint64_t missed;

__attribute__((noinline)) static int sleep_below(int depth, _Atomic uint32_t *tid)
{
	int slept;

	if (depth > 0) {
		slept = sleep_below(depth - 1, tid);
	} else {
		atomic_store(tid, (uint32_t)gettid());
		slept = (int)sleep(600);
	}
	__asm__ volatile("" : : : "memory");
	return slept + 1;
}

static _Atomic uint32_t shallow, deep, one_more;

static void *sleep_shallow(void *unused)
{
	(void)unused;
	sleep_below(5, &shallow);
	return NULL;
}

static void *sleep_deep(void *unused)
{
	(void)unused;
	sleep_below(400, &deep);
	return NULL;
}

static void *sleep_on(void *unused)
{
	(void)unused;
	sleep_below(1, &one_more);
	return NULL;
}

static void look(uint64_t looks)
{
	struct ctrace_seen_thread seen;

	for (uint64_t i = 0; i < looks; i++) {
		missed += ctrace_thread_look(&looker, (uint32_t)getpid(), watched, &seen) !=
				  CTRACE_LOOK_ASLEEP ||
			  seen.stack == 0;
	}
}

static void look_whether_it_ran(uint64_t looks)
{
	for (uint64_t i = 0; i < looks; i++) {
		missed += ctrace_thread_runs((uint32_t)getpid(), watched) == 0;
	}
}

static void find(uint64_t times)
{
	for (uint64_t i = 0; i < times; i++) {
		threads.find_ns = 0;
		ctrace_asleep_threads_find(&threads, ctrace_clock_raw_ns());
	}
}

static void tell(const char *what, void (*body)(uint64_t), uint64_t operations, unsigned per)
{
	struct rounds rounds = rounds_run(body, operations, ROUNDS, NULL);

	printf("%-44s %8.2f us\n", what, rounds.p10_ns / 1000 / per);
}

static enum ctrace_status drop(void *unused, const void *bytes, size_t size)
{
	(void)unused;
	(void)bytes;
	(void)size;
	return CTRACE_OK;
}

static void begin(struct ctrace_source_trace *trace)
{
	const struct ctrace_writer_settings settings = {
		.write = drop, .ticks_per_second = ctrace_clock_frequency()};
	const struct ctrace_source_target target = {.pid = getpid(), .own = &own, .trace = trace};

	ctrace_writer_init(&writer, &settings);
	if (!ctrace_source_trace_init(trace) || !ctrace_thread_looker_init(&looker, trace) ||
	    !ctrace_asleep_threads_begin(&threads, &target)) {
		exit(1);
	}
}

static uint32_t start(void *(*body)(void *), _Atomic uint32_t *tid)
{
	pthread_t thread;

	atomic_store(tid, 0);
	if (pthread_create(&thread, NULL, body, NULL) != 0) {
		exit(1);
	}
	while (atomic_load(tid) == 0) {
		usleep(1000);
	}
	usleep(10000);
	return atomic_load(tid);
}

int main(void)
{
	uint32_t next_stream = 1, threads_seen = 0;
	struct ctrace_source_trace trace = {.writer = &writer,
					    .ticks_per_second = 1000000000,
					    .next_stream = &next_stream,
					    .threads_seen = &threads_seen};

	ctrace_clock_choose();
	begin(&trace);
	watched = start(sleep_shallow, &shallow);
	tell("a look, 11 functions deep", look, LOOKS, 1);
	tell("a look whether it has run since", look_whether_it_ran, LOOKS, 1);
	watched = start(sleep_deep, &deep);
	tell("a look, 400 functions deep", look, LOOKS / 10, 1);
	for (unsigned i = 0; i < THREADS; i++) {
		start(sleep_on, &one_more);
	}
	tell("finding who is there, a thread", find, 1, THREADS);
	printf("missed: %llu\n", (unsigned long long)missed);
	return missed > 0;
}
