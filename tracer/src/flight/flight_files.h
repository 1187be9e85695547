/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FLIGHT_FILES_H
#define CTRACE_FLIGHT_FILES_H

/*
 * Where snapshots go that nobody stands by to take: files by a pattern, numbered,
 * never over a file that is there, and not more of them than CTRACE_FLIGHT_FILES_MAX.
 * One thread at a time, but for ctrace_flight_file_write.
 */

#include "tracer/src/collect/flight_words.h"
#include "tracer/src/collect/snapshot.h"

/* Of a rule's or a signal's making, for one flight: a disk has an end. A crash's comes on top. */
#define CTRACE_FLIGHT_FILES_MAX 64u

#define CTRACE_FLIGHT_PATTERN_DEFAULT "ctrace-%p-%n.trace"

struct ctrace_flight_files {
	char pattern[CTRACE_FLIGHT_PATH_MAX / 2];
	unsigned number; /* of the last one */
	unsigned made;
	char path[CTRACE_FLIGHT_PATH_MAX]; /* of the last one */
};

/*
 * Write the next one; `word` stands for %r. 0, or a negative errno value: -EDQUOT when there
 * are as many as may be and `is_extra` is not set.
 */
int ctrace_flight_files_write(struct ctrace_flight_files *files,
			      const struct ctrace_snapshot *snapshot, const char *word,
			      bool is_extra);

/* Into this file, replaced if it exists, mode 0600, no link followed. 0 or a negative errno value.
 */
int ctrace_flight_file_write(const char *path, const struct ctrace_snapshot *snapshot);

#endif
