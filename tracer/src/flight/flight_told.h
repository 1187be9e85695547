/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FLIGHT_TOLD_H
#define CTRACE_FLIGHT_TOLD_H

/* A rule holds: why, in words, and whether it is time for a file again. */

#include "tracer/src/collect/snapshot.h"
#include "tracer/src/collect/watch.h"

#include <stdbool.h>
#include <stdint.h>

/* A rule that holds again and again makes one file in this time, and counts the rest. */
#define CTRACE_FLIGHT_RULE_PAUSE_MS 10000u

struct ctrace_flight_told {
	char reason[sizeof(((struct ctrace_snapshot *)0)->reason)];
	uint64_t quiet_until_ms, more;
};

/* True: `reason` says it, and a snapshot is due. False: too soon, it is counted. */
bool ctrace_flight_tell(struct ctrace_flight_told *told, const struct ctrace_rule *rule,
			const struct ctrace_entry *entry, const struct ctrace_span_time *time,
			uint64_t now_ms);

#endif
