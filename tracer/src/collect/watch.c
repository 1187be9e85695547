/* SPDX-License-Identifier: MIT */

/* Rules about how long spans may take; see watch.h. */

#include "tracer/src/collect/watch.h"

#include "format/kinds.h"

void ctrace_watch_init(struct ctrace_watch *watch, const struct ctrace_rules *rules,
		       uint64_t ticks_per_second)
{
	double ticks_per_ns = (double)ticks_per_second * 1e-9;

	watch->rules = rules;
	watch->ticks_per_second = ticks_per_second;
	watch->least_ticks = UINT64_MAX;
	for (unsigned i = 0; i < rules->count; i++) {
		watch->limit_ticks[i] = (uint64_t)((double)rules->list[i].limit_ns * ticks_per_ns);
		watch->least_ticks = watch->limit_ticks[i] < watch->least_ticks
					     ? watch->limit_ticks[i]
					     : watch->least_ticks;
	}
}

static int rule_of(const struct ctrace_watch *watch, const struct ctrace_entry *entry)
{
	return entry->kind == CTRACE_KIND_SPAN_BEGIN
		       ? ctrace_flight_rule_of(watch->rules, entry->name.bytes, entry->name.size)
		       : -1;
}

bool ctrace_watch_wants(const struct ctrace_watch *watch, const struct ctrace_entry *entry)
{
	return rule_of(watch, entry) >= 0;
}

void ctrace_watch_look(const struct ctrace_watch *watch, struct ctrace_watch_told *told,
		       const struct ctrace_watched_span *span)
{
	uint64_t ticks = span->at > span->begin ? span->at - span->begin : 0;
	struct ctrace_span_time time = {.is_open = span->is_open};
	/* Names are compared for spans that are long only. */
	int rule = ticks > watch->least_ticks ? rule_of(watch, span->entry) : -1;

	/* One around it that has the same rule began earlier, so it was told of before. */
	if (rule < 0 || ticks <= watch->limit_ticks[rule] || span->begin <= told->begin[rule]) {
		return;
	}
	told->begin[rule] = span->begin;
	time.ns = (uint64_t)((double)ticks * 1e9 / (double)watch->ticks_per_second);
	watch->fired(watch->context, &watch->rules->list[rule], span->entry, &time);
}
