/* SPDX-License-Identifier: MIT */
/*
 * How fast a trace is opened and indexed, and when the first picture is there.
 *
 *     trace-maker 1 --plain-spans --events 10000000 --threads 8 -o plain.trace
 *     bench/open plain.trace [RUNS]
 *
 * Prints the run of RUNS (3) that took the least CPU time, which is that of two loader threads.
 * `open` reads headers and tables; `index` reads every event, pairs, sorts into lanes, and indexes;
 * `picture` makes the tiles that show the whole trace on 2,000 pixels. Targets: 20 M events/s for
 * open and index together, 1 s to the picture of 10 M events.
 */

#include "bench/rounds.h"
#include "format/reader.h"
#include "viewer-server/model/tile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
	return (double)rounds_now_ns() * 1e-9;
}

/* Of all threads. */
static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct times {
	double open, index, picture, cpu;
	struct ctrace_model_summary summary;
	uint32_t lanes;
};

static void fail(const struct ctrace_error *error, const char *path)
{
	char line[512];

	ctrace_error_line(error, path, line, sizeof(line));
	fprintf(stderr, "%s\n", line);
	exit(1);
}

/* All lanes on 2,000 pixels. */
static void make_picture(const struct ctrace_model *model, uint32_t lanes, uint64_t duration)
{
	static struct ctrace_tile tile;
	uint8_t level = 0;

	while (duration >> level > 2000) {
		level++;
	}
	for (uint32_t lane = 0; lane < lanes; lane++) {
		for (uint32_t number = 0; number <= duration / CTRACE_TILE_BUCKETS >> level;
		     number++) {
			ctrace_tile_make(model, lane, level, number, &tile);
		}
	}
}

static struct times run(const char *path)
{
	struct ctrace_error error = {0};
	struct ctrace_trace *trace;
	struct ctrace_model *model;
	struct times times = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	double start = seconds(), cpu = cpu_seconds();

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	if (ctrace_trace_open(&trace, fd, NULL, &error) != CTRACE_OK) {
		fail(&error, path);
	}
	times.open = seconds() - start;
	if (ctrace_model_create(&model, trace, NULL, &error) != CTRACE_OK) {
		fail(&error, path);
	}
	times.index = seconds() - start - times.open;
	times.summary = ctrace_model_summary(model);
	ctrace_model_lanes(model, &times.lanes);
	make_picture(model, times.lanes, times.summary.duration_ns);
	times.picture = seconds() - start;
	times.cpu = cpu_seconds() - cpu;
	ctrace_model_destroy(model);
	ctrace_trace_close(trace);
	close(fd);
	return times;
}

int main(int argc, char **argv)
{
	int runs = argc > 2 ? atoi(argv[2]) : 3;
	struct times best = {.cpu = 1e9};

	if (argc < 2) {
		fprintf(stderr, "usage: bench/open TRACE [RUNS]\n");
		return 2;
	}
	for (int i = 0; i < runs; i++) {
		struct times times = run(argv[1]);

		best = times.cpu < best.cpu ? times : best;
	}
	printf("# bench/open %s: best of %d\n", argv[1], runs);
	printf("%12s %7s %9s %9s %11s %8s %12s %10s\n", "events", "lanes", "open ms", "index ms",
	       "picture ms", "CPU ms", "M events/s", "B/event");
	printf("%12llu %7u %9.1f %9.1f %11.1f %8.1f %12.1f %10.1f\n",
	       (unsigned long long)best.summary.events, best.lanes, best.open * 1e3,
	       best.index * 1e3, best.picture * 1e3, best.cpu * 1e3,
	       (double)best.summary.events / (best.open + best.index) / 1e6,
	       (double)best.summary.memory_bytes / (double)best.summary.events);
	return 0;
}
