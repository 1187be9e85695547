/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TEST_RECORDED_H
#define CTRACE_TEST_RECORDED_H

/*
 * What the tracer recorded, read back: a temporary file, checked strictly, and
 * all its events in one array, stream by stream in their order.
 *
 *     recorded_start(&recorded, NULL);
 *     … trace …
 *     recorded_stop(&recorded);      fails the test if the trace breaks a rule
 *       recorded.events[i], recorded_named(&recorded, "name"), …
 *     recorded_free(&recorded);
 */

#include "format/reader.h"

#include <ctrace/trace.h>
#include <stdbool.h>
#include <stdint.h>

/* Is this a build where everything is slower, and memory not the program's own? */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#define RECORDED_NUMBERS 10
#define RECORDED_TEXT	 64

struct recorded_event {
	uint32_t stream;
	uint32_t kind;
	struct ctrace_bytes name, category; /* of the site; empty for others */
	uint64_t ticks;
	unsigned count;			    /* of values */
	uint64_t numbers[RECORDED_NUMBERS]; /* bits of the values; a string's size */
	uint8_t types[RECORDED_NUMBERS];
	char text[RECORDED_TEXT]; /* the last string among them, cut */
};

struct recorded {
	char path[64];
	int fd;
	struct ctrace_trace *trace;
	struct recorded_event *events;
	uint32_t count, room;
	const struct ctrace_thread_row *threads;
	uint32_t threads_count;
};

/* Into a new temporary file, whose path is in recorded->path. */
void recorded_path(struct recorded *recorded);
void recorded_start(struct recorded *recorded, const char *categories);
void recorded_stop(struct recorded *recorded);
/* Read the file that is there already. */
void recorded_read(struct recorded *recorded);
/* As a kill left it: whole chunks of events; nothing was closed, and no row says sums. */
void recorded_read_cut(struct recorded *recorded);
void recorded_free(struct recorded *recorded);
/* The sink of a recording that nobody reads. */
enum ctrace_status recorded_to_nowhere(void *sink, const void *bytes, size_t size);
/* Take what is in the rings for all recordings, also while the collector stalls: another one begins
 * and ends. */
void recorded_collect_now(void);
/* With true: as above, and when this returns no pass of the collector is under way; none begins
 * until it is called with false. */
void recorded_stall(bool is_stalled);

/* The first event of a site with that name, NULL if none; how many there are. */
const struct recorded_event *recorded_named(const struct recorded *recorded, const char *name);
uint32_t recorded_count(const struct recorded *recorded, enum ctrace_kind kind, const char *name);
/* The sums over all threads. */
uint64_t recorded_written(const struct recorded *recorded);
uint64_t recorded_lost(const struct recorded *recorded);

#endif
