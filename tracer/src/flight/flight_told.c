/* SPDX-License-Identifier: MIT */

/* Words about a rule; see flight_told.h. */

#include "tracer/src/flight/flight_told.h"

#include <stdio.h>

static void put_reason(struct ctrace_flight_told *told, const struct ctrace_rule *rule,
		       const struct ctrace_entry *entry, const struct ctrace_span_time *time)
{
	char taken[24], limit[24], more[48] = "";

	ctrace_flight_duration_put(time->ns, taken);
	ctrace_flight_duration_put(rule->limit_ns, limit);
	if (told->more > 0) {
		snprintf(more, sizeof(more), "; %llu more before it, untold",
			 (unsigned long long)told->more);
	}
	snprintf(told->reason, sizeof(told->reason), "rule \"%.*s %s %s > %s\"%s",
		 (int)(entry->name.size < 64 ? entry->name.size : 64), entry->name.bytes,
		 time->is_open ? "is open for" : "took", taken, limit, more);
}

bool ctrace_flight_tell(struct ctrace_flight_told *told, const struct ctrace_rule *rule,
			const struct ctrace_entry *entry, const struct ctrace_span_time *time,
			uint64_t now_ms)
{
	if (now_ms < told->quiet_until_ms) {
		told->more++;
		return false;
	}
	put_reason(told, rule, entry, time);
	told->quiet_until_ms = now_ms + CTRACE_FLIGHT_RULE_PAUSE_MS;
	told->more = 0;
	return true;
}
