/* SPDX-License-Identifier: MIT */

/* One loop for all recorders; see peer_loop.h. */

#include "bench/peers/peer_loop.h"

#include "bench/rounds.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 8
#define PAUSE_NS    1000000

static uint64_t spans_a_round;
static unsigned rounds_count;
static pthread_barrier_t together;

static void pause_a_little(void)
{
	const struct timespec time = {0, PAUSE_NS};

	nanosleep(&time, NULL);
}

static void *measure(void *result)
{
	/* The first rounds map, fault in and learn. */
	peer_spans(spans_a_round);
	pause_a_little();
	peer_spans(spans_a_round);
	pthread_barrier_wait(&together);
	*(struct rounds *)result =
		rounds_run(peer_spans, spans_a_round, rounds_count, pause_a_little);
	return NULL;
}

static struct rounds slower_of(unsigned threads_count)
{
	struct rounds results[THREADS_MAX], slowest;
	pthread_t threads[THREADS_MAX];

	pthread_barrier_init(&together, NULL, threads_count);
	for (unsigned i = 0; i < threads_count; i++) {
		pthread_create(&threads[i], NULL, measure, &results[i]);
	}
	for (unsigned i = 0; i < threads_count; i++) {
		pthread_join(threads[i], NULL);
		slowest = i == 0 || results[i].p10_ns > slowest.p10_ns ? results[i] : slowest;
	}
	return slowest;
}

int main(int argc, char **argv)
{
	struct rounds found;

	if (argc == 3 && strcmp(argv[1], "count") == 0) {
		peer_begin();
		peer_spans(10); /* what only a first event does */
		peer_spans(strtoull(argv[2], NULL, 10));
		peer_finish();
		return 0;
	}
	if (argc != 5 || atoi(argv[4]) < 1 || atoi(argv[4]) > THREADS_MAX) {
		fprintf(stderr, "usage: %s on|off ROUNDS SPANS THREADS\n", argv[0]);
		return 2;
	}
	rounds_count = (unsigned)atoi(argv[2]);
	spans_a_round = strtoull(argv[3], NULL, 10);
	if (strcmp(argv[1], "on") == 0) {
		peer_begin();
	}
	found = slower_of((unsigned)atoi(argv[4]));
	if (strcmp(argv[1], "on") == 0) {
		peer_finish();
	}
	printf("%.3f %.3f\n", found.fastest_ns, found.p10_ns);
	return 0;
}
