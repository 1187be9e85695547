/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TEST_STREAMED_H
#define CTRACE_TEST_STREAMED_H

/*
 * As recorded.h, for traces of millions of events: held to the same rules, but
 * read event by event, and only the sums kept.
 */

#include "format/reader.h"

#include <stdint.h>

/* Begins that are lost have no ends, so what was attempted is told by the events that are no ends.
 */
struct streamed {
	uint64_t begins, ends, others, lost, clamped;
	uint32_t threads;
};

/* For each event, in each stream's order. */
typedef void streamed_event_fn(const struct ctrace_trace *trace, const struct ctrace_event *event);

/* Reads `path`; aborts with a line if the trace breaks a rule. `each` may be NULL. */
struct streamed streamed_read(const char *path, streamed_event_fn *each);

#endif
