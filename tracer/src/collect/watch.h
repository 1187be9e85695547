/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_WATCH_H
#define CTRACE_WATCH_H

/*
 * Spans that must not take long. The collector sees it in two places: when it
 * transcodes their end, and in each round while they are open, so that one that
 * hangs is told of too. The thread that emits pays nothing, other spans cost nothing
 * either. Thread: the collector, but for init.
 */

#include "tracer/src/collect/flight_words.h"
#include "tracer/src/limits.h"
#include "tracer/src/sites/entry.h"

struct ctrace_span_time {
	uint64_t ns;
	bool is_open;
};

/* What was told of one thread: by rule, when the youngest span began that was told of. */
struct ctrace_watch_told {
	uint64_t begin[CTRACE_RULES_MAX];
};

struct ctrace_watch {
	const struct ctrace_rules *rules; /* borrows */
	uint64_t ticks_per_second;
	uint64_t limit_ticks[CTRACE_RULES_MAX], least_ticks;
	/* The sites by their ids in the trace; NULL: those are the codes of the one process there
	 * is. */
	const struct ctrace_entry *(*site)(void *context, uint32_t id);
	/* A span took longer than its rule says, or has by now and is still open. */
	void (*fired)(void *context, const struct ctrace_rule *rule,
		      const struct ctrace_entry *entry, const struct ctrace_span_time *time);
	void *context;
};

/* Once. `fired`, `site` and `context` are the caller's to set. */
void ctrace_watch_init(struct ctrace_watch *watch, const struct ctrace_rules *rules,
		       uint64_t ticks_per_second);

/* Is there a rule for spans of this site? */
bool ctrace_watch_wants(const struct ctrace_watch *watch, const struct ctrace_entry *entry);

/* A span of such a site, as it stood at `at`; each is told of once. */
struct ctrace_watched_span {
	const struct ctrace_entry *entry;
	uint64_t begin, at; /* ticks */
	bool is_open;
};
void ctrace_watch_look(const struct ctrace_watch *watch, struct ctrace_watch_told *told,
		       const struct ctrace_watched_span *span);

#endif
