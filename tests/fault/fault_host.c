/* SPDX-License-Identifier: MIT */

/*
 * A program that records and does not care what becomes of it: whatever fails in
 * the recorder, it says "alive" and ends with status 7.
 *
 *     fault-host FILE [STEPS] [MISFORTUNE]
 *
 * STEPS (200): each emits 100 events, and now and then rests for the collector.
 * MISFORTUNE happens half way: close-all, reuse, delete, move, truncate.
 * What fault_preload.c breaks, it breaks from the start of the recording on.
 */

#include <ctrace/trace.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In fault_preload.c, if that is there. */
extern void fault_arm(void) __attribute__((weak));

static void step(unsigned n)
{
	char text[64];

	for (unsigned i = 0; i < 25; i++) {
		snprintf(text, sizeof(text), "%08x%08x", n * 2654435761u, i * 40503u * n);
		TRACE_SPAN("step", TRACE_U64("n", n));
		TRACE_INSTANT("in step", TRACE_STR("noise", text));
		TRACE_COUNTER("n", (uint64_t)n * i);
	}
}

static void close_all(void)
{
	for (int fd = 3; fd < 64; fd++) {
		close(fd);
	}
}

/* As a program does that closes what it does not know and then opens files of its own. */
static void reuse_all(const char *path)
{
	char own[4096];
	int mine;

	snprintf(own, sizeof(own), "%s.own", path);
	mine = open(own, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (mine < 0 || write(mine, "mine", 4) != 4) {
		exit(1);
	}
	for (int fd = 3; fd < 64; fd++) {
		if (fd != mine && fcntl(fd, F_GETFD) != -1) {
			dup2(mine, fd);
		}
	}
}

static void move(const char *path)
{
	char there[4096];

	snprintf(there, sizeof(there), "%s.moved", path);
	if (rename(path, there) != 0) {
		exit(1);
	}
}

static void happen(const char *misfortune, const char *path)
{
	if (strcmp(misfortune, "close-all") == 0) {
		close_all();
	} else if (strcmp(misfortune, "reuse") == 0) {
		reuse_all(path);
	} else if (strcmp(misfortune, "delete") == 0) {
		unlink(path);
	} else if (strcmp(misfortune, "move") == 0) {
		move(path);
	} else if (strcmp(misfortune, "truncate") == 0 && truncate(path, 0) != 0) {
		exit(1);
	}
}

static uint64_t bytes_written(void)
{
	struct ctrace_counts counts;

	ctrace_stats(&counts);
	return counts.bytes;
}

/* Of the file's beginning, before the first event. */
static uint64_t bytes_of_head(void)
{
	for (unsigned i = 0; i < 6000 && bytes_written() == 0; i++) {
		usleep(10000);
	}
	return bytes_written();
}

/* What there is so far is in the file when this returns, but for its last quarter of a second. */
static void wait_for_file(uint64_t bytes_before)
{
	for (unsigned i = 0; i < 60 || (i < 6000 && bytes_written() == bytes_before); i++) {
		usleep(10000);
	}
}

int main(int argc, char **argv)
{
	const struct ctrace_settings settings = {.file = argc > 1 ? argv[1] : NULL};
	unsigned steps = argc > 2 ? (unsigned)atoi(argv[2]) : 200;
	uint64_t bytes_before;
	int started, stopped = 0;

	getppid(); /* strace's mark */
	if (fault_arm != NULL) {
		fault_arm();
	}
	started = ctrace_start(&settings);
	bytes_before = argc > 3 ? bytes_of_head() : 0;
	for (unsigned i = 0; i < steps; i++) {
		step(i);
		if (argc > 3 && i == steps / 2) {
			wait_for_file(bytes_before);
			happen(argv[3], argv[1]);
		}
		if (i % 20 == 19) {
			usleep(6000);
		}
	}
	if (started == 0) {
		stopped = ctrace_stop();
	}
	printf("alive %d %d\n", started, stopped);
	return fflush(stdout) == 0 ? 7 : 1;
}
