/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FLIGHT_H
#define CTRACE_FLIGHT_H

/*
 * The flight recorder: an always-on session whose chunks stay in memory, and the
 * occasions on which the past is written out.
 *
 *     API, HTTP ──────────────────────► ctrace_flight_take ─► the caller writes it
 *     signal ─┐
 *     crash  ─┼─ poke ─► "ctrace-flight" ─► ctrace_flight_take ─► a file by the pattern
 *     rule   ─┘  (a bit and a semaphore)
 *
 *     past.h          what is remembered        snapshot.h      what is taken of it
 *     watch.h         spans that take long      flight_files.h  where it goes
 *     flight_signal.h, crash.h                  handlers
 *
 * One flight at a time. Writing a snapshot never holds up the collector: taking it copies
 * references to chunks, and who asked for it writes them.
 */

#include "tracer/src/collect/flight_words.h"
#include "tracer/src/collect/snapshot.h"
#include "tracer/src/flight/flight_files.h"

#include <stdbool.h>
#include <stdint.h>

#define CTRACE_FLIGHT_SECONDS_DEFAULT 10u
#define CTRACE_FLIGHT_BYTES_DEFAULT   (UINT64_C(64) << 20)

struct ctrace_flight_plan {
	uint64_t span_ns; /* 0: whatever the bytes hold */
	uint64_t bytes;
	const char *categories; /* NULL: all. Copied */
	struct ctrace_rules rules;
	int signal; /* 0: none */
	bool on_crash;
	const char *pattern; /* of files. Copied */
};

/*
 * 0, -EBUSY (one is on; or the signal is handled already, then with a line on stderr), -ENOMEM,
 * -EAGAIN (no thread). Thread: any but the collector's.  Signal handler: no.  Blocks: until begun.
 */
int ctrace_flight_begin(const struct ctrace_flight_plan *plan);

/*
 * 0, or -ENODATA: none is on. What was asked for before is written first.
 * Thread: any but the collector's and its own.  Blocks: until all is over.
 */
int ctrace_flight_end(void);

/*
 * Take a snapshot, of which `last_ns` and `reason` are set. 0, -ENODATA (no flight is on), -ENOMEM.
 * Finish it in any case. Thread: any but the collector's.  Signal handler: no.  Blocks: shortly.
 */
int ctrace_flight_take(struct ctrace_snapshot *snapshot);

/* The same into the next file of the flight's pattern, as a signal does. */
int ctrace_flight_take_file(const char *word, const char *reason, uint64_t last_ns);

/* A forked child has no flight. Safe in a signal handler. */
void ctrace_flight_fork_child(void);

#endif
