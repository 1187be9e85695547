/* SPDX-License-Identifier: MIT */
/* From what the model knows of an event to the encoder's items; see chrome_click.h. */

#include "viewer-server/export/chrome_click.h"

#include "viewer-server/export/chrome_fact.h"
#include "viewer-server/export/chrome_item.h"
#include "viewer-server/export/chrome_memory.h"

static enum ctrace_status put_item(struct ctrace_buffer *json, struct ctrace_chrome_sites *sites,
				   const struct ctrace_chrome_item *item, uint32_t stream)
{
	struct ctrace_value values[16];
	struct ctrace_chrome_line line;
	uint64_t pid, tid;

	ctrace_chrome_owner_of(sites->trace, stream, &pid, &tid);
	struct ctrace_chrome_thread thread = ctrace_chrome_thread_of(pid, tid);
	if (!ctrace_chrome_item_line(&line, item, sites, &thread, values)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	char *start = (char *)ctrace_buffer_reserve(json, ctrace_chrome_line_room(&line));
	if (start == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	json->size += (size_t)(ctrace_chrome_line_write(start, &line) - start);
	return CTRACE_OK;
}

static struct ctrace_chrome_item item_of(const struct ctrace_origin *origin)
{
	return (struct ctrace_chrome_item){
		.kind = (uint8_t)origin->event.kind,
		.start = origin->begin,
		.end = origin->end,
		.args = origin->event.args,
		.args_end = origin->event.args_end,
		.site = origin->site,
		.task = origin->task,
		.task_site = CTRACE_NO_SITE,
	};
}

static enum ctrace_status put_span(struct ctrace_buffer *json, struct ctrace_chrome_sites *sites,
				   const struct ctrace_origin *origin)
{
	struct ctrace_chrome_item item = item_of(origin);

	item.kind = CTRACE_KIND_SPAN_BEGIN;
	item.flags = ctrace_chrome_flags_of_span(origin->span_flags);
	return put_item(json, sites, &item, origin->stream);
}

static enum ctrace_status put_loss(struct ctrace_buffer *json, struct ctrace_chrome_sites *sites,
				   const struct ctrace_detail *detail)
{
	const struct ctrace_chrome_item item = {
		.kind = CTRACE_KIND_LOST,
		.start = detail->origin.end,
		.end = detail->origin.begin,
		.site = detail->lost_reason,
		.id = detail->origin.lost_events,
		.task = detail->origin.lost_chunks,
	};

	return put_item(json, sites, &item, detail->origin.stream);
}

static enum ctrace_status put_task(struct ctrace_buffer *json, struct ctrace_chrome_sites *sites,
				   const struct ctrace_detail *detail)
{
	const struct ctrace_origin *origin = &detail->origin;
	struct ctrace_chrome_item begin = item_of(origin);

	begin.id = detail->task_id;
	enum ctrace_status status = put_item(json, sites, &begin, origin->stream);
	if (status != CTRACE_OK || !origin->has_end) {
		return status;
	}
	const struct ctrace_chrome_item end = {
		.kind = CTRACE_KIND_TASK_END,
		.start = origin->end,
		.id = detail->task_id,
		.site = CTRACE_NO_SITE,
		.task_site = origin->site,
	};
	ctrace_buffer_put(json, ",\n", 2);
	return put_item(json, sites, &end, origin->end_stream);
}

/* ---- What a kernel told ----------------------------------------------------- */

static unsigned fact_flags(const struct ctrace_origin *origin)
{
	unsigned flags = 0;

	flags |= (origin->span_flags & CTRACE_SPAN_UNFINISHED) != 0 ? CTRACE_FACT_UNFINISHED : 0u;
	flags |= (origin->span_flags & CTRACE_SPAN_BEGAN_BEFORE) != 0 ? CTRACE_FACT_BEGAN_BEFORE
								      : 0u;
	return flags | ((origin->span_flags & CTRACE_SPAN_CUT) != 0 ? CTRACE_FACT_CUT : 0u);
}

static struct ctrace_chrome_facts facts_of(const struct ctrace_chrome_sites *sites,
					   const struct ctrace_detail *detail)
{
	return (struct ctrace_chrome_facts){sites->trace, detail->kernel.threads};
}

static void put_turn(struct ctrace_buffer *json, const struct ctrace_chrome_sites *sites,
		     const struct ctrace_detail *detail)
{
	const struct ctrace_chrome_facts facts = facts_of(sites, detail);
	const struct ctrace_turn_fact turn = {
		.cpu = detail->kernel.cpu,
		.thread = detail->kernel.turn.thread,
		.tid = detail->kernel.tid,
		.begin = detail->event.start,
		.end = detail->event.start + detail->event.duration,
		.flags = fact_flags(&detail->origin),
	};

	ctrace_chrome_turn(json, &facts, &turn);
}

static void put_state(struct ctrace_buffer *json, const struct ctrace_chrome_sites *sites,
		      const struct ctrace_detail *detail)
{
	const struct ctrace_chrome_facts facts = facts_of(sites, detail);
	const struct ctrace_state_fact state = {
		.thread = detail->kernel.thread,
		.state = (enum ctrace_thread_doing)detail->kernel.state,
		.cpu = detail->kernel.cpu,
		.begin = detail->event.start,
		.end = detail->event.start + detail->event.duration,
		.waker_tid = detail->kernel.waker_tid,
		.flags = fact_flags(&detail->origin),
	};

	ctrace_chrome_state(json, &facts, &state);
}

static enum ctrace_status put_call(struct ctrace_buffer *json,
				   const struct ctrace_chrome_sites *sites,
				   const struct ctrace_detail *detail)
{
	uint64_t pid, tid;

	ctrace_chrome_owner_of(sites->trace, detail->origin.stream, &pid, &tid);
	ctrace_chrome_call(json, sites->trace, &detail->kernel.call, pid, tid);
	return json->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

static void put_sample(struct ctrace_buffer *json, const struct ctrace_chrome_sites *sites,
		       const struct ctrace_detail *detail)
{
	const struct ctrace_sample_fact sample = {
		.time = detail->event.start,
		.cpu = detail->kernel.cpu_told,
		.weight = detail->kernel.weight,
		.stack = detail->kernel.stack,
	};
	uint64_t pid, tid;

	ctrace_chrome_owner_of(sites->trace, detail->kernel.track_stream, &pid, &tid);
	ctrace_chrome_sample(json, &sample, pid, tid);
}

static void put_memory(struct ctrace_buffer *json, const struct ctrace_detail *detail)
{
	const struct ctrace_memory_detail *memory = &detail->memory;
	const struct ctrace_bytes rate = {"allocation rate", sizeof("allocation rate") - 1};
	const struct ctrace_chrome_memory_point point = {
		.unit = memory->unit,
		.is_estimate = memory->is_estimate,
		.pid = memory->pid,
		.tid = memory->tid,
		.name = memory->tid != 0 ? rate : memory->name,
		.time = detail->event.start,
		.value = detail->event.value,
	};

	ctrace_chrome_memory_line(json, &point);
}

/* A buffer's loss stands at its CPU. */
static enum ctrace_status put_cpu_loss(struct ctrace_buffer *json,
				       const struct ctrace_detail *detail, uint32_t cpu)
{
	uint64_t tid = cpu == CTRACE_NO_CPU ? CTRACE_CHROME_NO_CPU_TID : cpu;
	const struct ctrace_chrome_thread thread =
		ctrace_chrome_thread_of(CTRACE_CHROME_CPUS_PID, tid);
	const struct ctrace_chrome_line line = {
		.kind = CTRACE_KIND_LOST,
		.thread = &thread,
		.start = detail->origin.end,
		.since = detail->origin.begin,
		.lost = detail->origin.lost_events,
		.chunks = detail->origin.lost_chunks,
		.reason = detail->lost_reason,
	};
	char *start = (char *)ctrace_buffer_reserve(json, ctrace_chrome_line_room(&line));

	if (start == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	json->size += (size_t)(ctrace_chrome_line_write(start, &line) - start);
	return CTRACE_OK;
}

/* ---- What a collector told ------------------------------------------------- */

static enum ctrace_status put_collector(struct ctrace_buffer *json,
					const struct ctrace_chrome_sites *sites,
					const struct ctrace_detail *detail)
{
	const struct ctrace_collector_fact fact = {
		.kind = (enum ctrace_collector_kind)detail->collector.kind,
		.begin = detail->origin.begin,
		.end = detail->origin.end,
		.flags = fact_flags(&detail->origin),
		.has_end = detail->collector.end.is_there,
		.live = detail->collector.end.live,
		.freed = detail->collector.end.freed,
	};
	uint64_t pid, tid;

	ctrace_chrome_owner_of(sites->trace, detail->origin.stream, &pid, &tid);
	ctrace_chrome_collector(json, &fact, pid, tid);
	return json->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

static enum ctrace_status put_heap(struct ctrace_buffer *json,
				   const struct ctrace_chrome_sites *sites,
				   const struct ctrace_detail *detail)
{
	const struct ctrace_event *event = &detail->origin.event;
	struct ctrace_value values[16];
	uint64_t pid, tid;

	ctrace_chrome_owner_of(sites->trace, detail->origin.stream, &pid, &tid);
	if (ctrace_event_values(sites->trace, event, values) > 0) {
		ctrace_chrome_collector_heap(json, event->kind == CTRACE_KIND_GC_END,
					     detail->event.start, values[0].u64, pid, tid);
	}
	return json->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

/* Where it begins. */
static enum ctrace_status put_halt(struct ctrace_buffer *json,
				   const struct ctrace_chrome_sites *sites,
				   const struct ctrace_detail *detail)
{
	struct ctrace_value values[16];
	uint64_t pid, tid;

	ctrace_chrome_owner_of(sites->trace, detail->origin.stream, &pid, &tid);
	if (ctrace_event_values(sites->trace, &detail->origin.event, values) > 0) {
		ctrace_chrome_halt(json, true, detail->event.start, values[0].u64, pid, tid);
	}
	return json->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

enum ctrace_status ctrace_chrome_click(struct ctrace_buffer *json,
				       struct ctrace_chrome_sites *sites,
				       const struct ctrace_detail *detail,
				       enum ctrace_lane_kind lane)
{
	struct ctrace_chrome_item item;

	switch (lane) {
	case CTRACE_LANE_SPAN:
		if (detail->kernel.is_call) {
			return put_call(json, sites, detail);
		}
		if (detail->collector.is_there) {
			return put_collector(json, sites, detail);
		}
		return put_span(json, sites, &detail->origin);
	case CTRACE_LANE_CYCLE:
	case CTRACE_LANE_PAUSE:
		return put_collector(json, sites, detail);
	case CTRACE_LANE_HALT:
		return put_halt(json, sites, detail);
	case CTRACE_LANE_TASK:
		return put_task(json, sites, detail);
	case CTRACE_LANE_GAP:
		if (detail->kernel.is_of_cpu) {
			return put_cpu_loss(json, detail, detail->kernel.cpu);
		}
		return put_loss(json, sites, detail);
	case CTRACE_LANE_CPU:
		put_turn(json, sites, detail);
		return json->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
	case CTRACE_LANE_STATE:
		put_state(json, sites, detail);
		return json->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
	case CTRACE_LANE_SAMPLE:
		put_sample(json, sites, detail);
		return json->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
	case CTRACE_LANE_COUNTER:
		if (detail->origin.event.kind == CTRACE_KIND_GC_HEAP ||
		    detail->origin.event.kind == CTRACE_KIND_GC_END) {
			return put_heap(json, sites, detail);
		}
		if (detail->memory.unit != CTRACE_UNIT_NONE) {
			put_memory(json, detail);
			return json->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
		}
		break;
	case CTRACE_LANE_INSTANT:
		break;
	}
	item = item_of(&detail->origin);
	return put_item(json, sites, &item, detail->origin.stream);
}
