/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RECORD_SOURCES_H
#define CTRACE_RECORD_SOURCES_H

/*
 * The sources of `ctrace record`: chosen by --sources, opened while the program waits
 * to be told to exec, drained beside the rings, closed with the trace.
 */

#include "cli/record_say.h"
#include "tracer/outside/outside.h"
#include "tracer/sources/kernel/source_trace.h"
#include "tracer/sources/perf/block_stacks.h"
#include "tracer/sources/source_set.h"

/* --sample-hz was not given. */
#define CTRACE_SAMPLE_HZ_UNSAID UINT64_MAX

struct ctrace_record_sources {
	const char *list;      /* --sources; NULL: as is best */
	uint64_t buffer_bytes; /* --buffer: of each CPU; 0: as is good */
	uint64_t sample_hz;    /* --sample-hz; CTRACE_SAMPLE_HZ_UNSAID before it was asked for */
	struct ctrace_source_set set;
	struct ctrace_source_trace trace;
	struct ctrace_block_stacks stacks;  /* of what rings tell of memory */
	struct ctrace_recording *recording; /* borrows while open: the trace's rings */
	unsigned fill_percent;		    /* of the last round */
	uint32_t age;			    /* of a flight's rows, when the dead were let go of */
	bool is_open;
};

/* What --sources and --sample-hz say. False after a line: there is no such source, or rate. */
bool ctrace_record_sources_choose(struct ctrace_record_sources *sources);

/* Are rings wanted? */
bool ctrace_record_sources_has_spans(const struct ctrace_record_sources *sources);

/* Are calls, memory or locks to be seen from inside? */
bool ctrace_record_sources_has_preload(const struct ctrace_record_sources *sources);

/* The trace has begun; the program waits. Says in one line what is missing. */
void ctrace_record_sources_open(struct ctrace_record_sources *sources,
				struct ctrace_outside *outside, pid_t program,
				struct ctrace_say *say);

/* One round. Returns how many events came. */
uint64_t ctrace_record_sources_pass(struct ctrace_record_sources *sources);

/* Rings have been emptied, too. */
void ctrace_record_sources_look(const struct ctrace_record_sources *sources);

/* How long to sleep, where `wait_ms` would do without sources. */
uint32_t ctrace_record_sources_wait(const struct ctrace_record_sources *sources, uint32_t wait_ms);

/* A flight: rows for a snapshot, which is taken next. Of what is gone for long, nothing is kept
 * from one round to the next. */
void ctrace_record_sources_state(struct ctrace_record_sources *sources);

/* The last round; rows that say how it went. Before the trace is closed. */
void ctrace_record_sources_close(struct ctrace_record_sources *sources);

/* Has one been open beside the rings? Good after the end, too. */
bool ctrace_record_sources_had(const struct ctrace_record_sources *sources);

#endif
