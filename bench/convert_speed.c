/* SPDX-License-Identifier: MIT */
/*
 * How fast a trace becomes Chrome JSON, on one core, output discarded.
 *
 *     trace-maker 1 --plain-spans --events 10000000 -o plain.trace
 *     bench/convert plain.trace [RUNS]
 *
 * Prints the best of RUNS (5) by the thread's own CPU time, which other programs on the machine
 * disturb least; opening the trace is not in it. `decode` reads and checks all events without
 * writing anything: the part that is not JSON. Targets: 10 M events/s, 1 GB/s.
 */

#include "format/reader.h"
#include "viewer-server/export/chrome.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (1u << 20)

struct run {
	double decode, convert;
	struct ctrace_chrome_counts counts;
};

static char buffer[BUFFER_BYTES];

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void fail(const struct ctrace_error *error, const char *path)
{
	char line[512];

	ctrace_error_line(error, path, line, sizeof(line));
	fprintf(stderr, "%s\n", line);
	exit(1);
}

static void decode(const struct ctrace_trace *trace)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);
	struct ctrace_chunk chunk = {0};
	struct ctrace_error error = {0};

	for (uint32_t i = 0; i < info->chunk_count; i++) {
		if (ctrace_trace_chunk(trace, i)->type == CTRACE_CHUNK_EVENTS &&
		    ctrace_chunk_load(&chunk, trace, i, &error) == CTRACE_OK) {
			ctrace_chunk_check(trace, &chunk, &error);
		}
	}
	ctrace_chunk_unload(&chunk);
}

static struct ctrace_chrome_counts convert(const struct ctrace_trace *trace, const char *path)
{
	struct ctrace_chrome *chrome;
	struct ctrace_error error = {0};
	enum ctrace_status status;
	size_t got;

	if (ctrace_chrome_create(&chrome, trace, NULL, &error) != CTRACE_OK) {
		fail(&error, path);
	}
	do {
		status = ctrace_chrome_read(chrome, buffer, sizeof(buffer), &got, &error);
	} while (status == CTRACE_OK);
	if (status != CTRACE_END) {
		fail(&error, path);
	}
	struct ctrace_chrome_counts counts = ctrace_chrome_counts(chrome);
	ctrace_chrome_destroy(chrome);
	return counts;
}

static struct run run_once(const struct ctrace_trace *trace, const char *path)
{
	struct run run;
	double start = cpu_seconds();

	decode(trace);
	double decoded = cpu_seconds();
	run.counts = convert(trace, path);
	run.convert = cpu_seconds() - decoded;
	run.decode = decoded - start;
	return run;
}

static double less(double a, double b)
{
	return a < b ? a : b;
}

int main(int argc, char **argv)
{
	struct ctrace_error error = {0};
	struct ctrace_trace *trace;
	int runs = argc > 2 ? atoi(argv[2]) : 5;
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		fprintf(stderr, "usage: convert TRACE [RUNS]\n");
		return 2;
	}
	if (ctrace_trace_open(&trace, fd, NULL, &error) != CTRACE_OK) {
		fail(&error, argv[1]);
	}
	double events = (double)ctrace_trace_info(trace)->events;
	struct run best = run_once(trace, argv[1]);
	for (int i = 1; i < runs; i++) {
		struct run next = run_once(trace, argv[1]);
		best.convert = less(best.convert, next.convert);
		best.decode = less(best.decode, next.decode);
	}
	double lines = (double)best.counts.lines, bytes = (double)best.counts.bytes;
	printf("bench/convert %s: best of %d\n", argv[1], runs);
	printf("%-8s %10s %14s %12s %8s %12s\n", "part", "seconds", "M events/s", "M lines/s",
	       "GB/s", "bytes/line");
	printf("%-8s %10.3f %14.1f\n", "decode", best.decode, events / best.decode * 1e-6);
	printf("%-8s %10.3f %14.1f %12.1f %8.2f %12.1f\n", "convert", best.convert,
	       events / best.convert * 1e-6, lines / best.convert * 1e-6,
	       bytes / best.convert * 1e-9, bytes / lines);
	ctrace_trace_close(trace);
	close(fd);
	return 0;
}
