/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_COLLECTOR_KIND_H
#define CTRACE_COLLECTOR_KIND_H

/* What a collector of memory may be at (SPEC 8.7). */

enum ctrace_collector_kind {
	CTRACE_COLLECTOR_UNKNOWN, /* a number that is none of these, or an end without its begin */
	CTRACE_COLLECTOR_FULL,
	CTRACE_COLLECTOR_YOUNG,
	CTRACE_COLLECTOR_STEP,
	CTRACE_COLLECTOR_WORLD_STOPPED,
	CTRACE_COLLECTOR_STOPPING,
	CTRACE_COLLECTOR_STARTING,
	CTRACE_COLLECTOR_MARK,
	CTRACE_COLLECTOR_RECLAIM,
	CTRACE_COLLECTOR_KINDS,
};

/* "minor collection", "world stopped" and so on; never NULL. */
const char *ctrace_collector_kind_name(unsigned kind);

static inline enum ctrace_collector_kind ctrace_collector_kind_of(unsigned long told)
{
	return told < CTRACE_COLLECTOR_KINDS ? (enum ctrace_collector_kind)told
					     : CTRACE_COLLECTOR_UNKNOWN;
}

/* A whole piece of the collector's work, which has parts and pauses in it. */
static inline int ctrace_collector_is_cycle(unsigned kind)
{
	return kind >= CTRACE_COLLECTOR_FULL && kind <= CTRACE_COLLECTOR_STEP;
}

#endif
