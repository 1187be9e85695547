/* SPDX-License-Identifier: MIT */
/* From an item to a line: the same for the whole JSON and for one event that was clicked. */

#include "viewer-server/export/chrome_item.h"

#include "format/limits.h"
#include "viewer-server/model/kernel/call_decode.h"
#include "viewer-server/model/threads/pairing.h"

static bool has_site(unsigned kind)
{
	return kind == CTRACE_KIND_SPAN_BEGIN || kind == CTRACE_KIND_INSTANT ||
	       kind == CTRACE_KIND_COUNTER || kind == CTRACE_KIND_LOG ||
	       kind == CTRACE_KIND_TASK_BEGIN || kind == CTRACE_KIND_TASK_STEP;
}

/* A task's step or end whose begin is not in the trace has no site of a task. */
static const struct ctrace_chrome_site *task_site(struct ctrace_chrome_sites *sites,
						  const struct ctrace_chrome_item *item)
{
	bool is_part = item->kind == CTRACE_KIND_TASK_STEP || item->kind == CTRACE_KIND_TASK_END;

	return is_part && item->task_site != CTRACE_NO_SITE
		       ? ctrace_chrome_site_get(sites, item->task_site)
		       : NULL;
}

bool ctrace_chrome_item_line(struct ctrace_chrome_line *line, const struct ctrace_chrome_item *item,
			     struct ctrace_chrome_sites *sites,
			     const struct ctrace_chrome_thread *thread,
			     struct ctrace_value values[16])
{
	*line = (struct ctrace_chrome_line){
		.kind = (enum ctrace_kind)item->kind,
		.flags = item->flags,
		.task_site = task_site(sites, item),
		.thread = thread,
		.start = item->start,
		.duration = item->end - item->start,
		.id = item->id,
		.task = item->task,
		.values = values,
	};
	if (has_site(item->kind)) {
		line->site = ctrace_chrome_site_get(sites, item->site);
	} else if (item->kind == CTRACE_KIND_LOST) {
		line->reason = item->site;
		line->lost = item->id;
		line->chunks = item->task;
		line->since = item->end;
	}
	if (item->args_end > item->args) {
		const struct ctrace_event event = {
			.kind = (enum ctrace_kind)item->kind,
			.site = line->site == NULL ? CTRACE_NO_SITE : item->site,
			.args = item->args,
			.args_end = item->args_end,
		};
		line->value_count = ctrace_event_values(sites->trace, &event, values);
	}
	return line->site != NULL || !has_site(item->kind);
}

static unsigned fact_flags(unsigned flags)
{
	unsigned told = 0;

	told |= (flags & CTRACE_CHROME_OPEN) != 0 ? CTRACE_FACT_UNFINISHED : 0u;
	told |= (flags & CTRACE_CHROME_BEGAN_BEFORE) != 0 ? CTRACE_FACT_BEGAN_BEFORE : 0u;
	return told | ((flags & CTRACE_CHROME_UNFINISHED) != 0 ? CTRACE_FACT_CUT : 0u);
}

static void take_texts(struct ctrace_call_fact *call, const struct ctrace_chrome_item *item,
		       const struct ctrace_trace *trace)
{
	struct ctrace_value values[16];

	for (unsigned i = 0; i < item->text_count; i++) {
		const struct ctrace_event event = {
			.kind = CTRACE_KIND_SYSCALL_TEXT,
			.site = CTRACE_NO_SITE,
			.args = item->texts[i].begin,
			.args_end = item->texts[i].end,
		};

		if (ctrace_event_values(trace, &event, values) > 2) {
			call->texts[call->text_count++] =
				(struct ctrace_call_text){(unsigned)values[1].u64, values[2].str};
		}
	}
}

struct ctrace_call_fact ctrace_chrome_item_call(const struct ctrace_chrome_item *item,
						const struct ctrace_trace *trace)
{
	const struct ctrace_event event = {
		.kind = item->is_lock_wait ? CTRACE_KIND_LOCK_WAIT : CTRACE_KIND_SYSCALL_ENTER,
		.site = CTRACE_NO_SITE,
		.args = item->args,
		.args_end = item->args_end,
	};
	struct ctrace_call_fact call = {
		.thread = CTRACE_NO_THREAD,
		.call = ctrace_call_of_site(item->site),
		.begin = item->start,
		.end = item->end,
		.ticks = item->ticks,
		.flags = fact_flags(item->flags),
		.has_result = (item->flags & CTRACE_CHROME_HAS_RESULT) != 0,
		.result = (int64_t)item->id,
	};
	struct ctrace_value values[16];

	unsigned count =
		item->args_end > item->args ? ctrace_event_values(trace, &event, values) : 0;

	if (item->is_lock_wait && count >= 4) {
		ctrace_call_take_lock(&call, values);
	} else if (!item->is_lock_wait && count >= 8) {
		call.has_args = true;
		for (unsigned i = 0; i < 6; i++) {
			call.args[i] = values[2 + i].u64;
		}
	}
	take_texts(&call, item, trace);
	return call;
}

struct ctrace_collector_fact ctrace_chrome_item_collector(const struct ctrace_chrome_item *item)
{
	return (struct ctrace_collector_fact){
		.kind = ctrace_collector_of_site(item->site),
		.begin = item->start,
		.end = item->end,
		.flags = fact_flags(item->flags),
		.has_end = (item->flags & CTRACE_CHROME_HAS_RESULT) != 0,
		.live = item->id,
		.freed = item->ticks,
	};
}

struct ctrace_sample_fact ctrace_chrome_item_sample(const struct ctrace_chrome_item *item,
						    const struct ctrace_trace *trace)
{
	const struct ctrace_event event = {
		.kind = CTRACE_KIND_SAMPLE,
		.site = CTRACE_NO_SITE,
		.args = item->args,
		.args_end = item->args_end,
	};
	struct ctrace_sample_fact sample = {.time = item->start, .thread = CTRACE_NO_THREAD};
	struct ctrace_value values[16];

	if (ctrace_event_values(trace, &event, values) > 3) {
		sample.cpu = values[1].u64;
		sample.weight = values[2].u64;
		sample.stack = values[3].u64 <= CTRACE_STACK_MAX ? (uint32_t)values[3].u64 : 0;
	}
	return sample;
}

struct ctrace_look ctrace_chrome_item_look(const struct ctrace_chrome_item *item,
					   const struct ctrace_trace *trace)
{
	const struct ctrace_event event = {
		.kind = CTRACE_KIND_THREAD_STACK,
		.site = CTRACE_NO_SITE,
		.args = item->args,
		.args_end = item->args_end,
	};
	struct ctrace_value values[16] = {{0}};

	ctrace_event_values(trace, &event, values);
	return ctrace_look_of_fields(item->start, values);
}

uint8_t ctrace_chrome_flags_of_span(unsigned span_flags)
{
	uint8_t flags = 0;

	if ((span_flags & CTRACE_SPAN_UNFINISHED) != 0) {
		flags |= CTRACE_CHROME_OPEN;
	}
	if ((span_flags & CTRACE_SPAN_CUT) != 0) {
		flags |= CTRACE_CHROME_UNFINISHED;
	}
	if ((span_flags & CTRACE_SPAN_BEGAN_BEFORE) != 0) {
		flags |= CTRACE_CHROME_BEGAN_BEFORE;
	}
	if ((span_flags & CTRACE_SPAN_RESTATED) != 0) {
		flags |= CTRACE_CHROME_RESTATED;
	}
	return flags;
}
