/* SPDX-License-Identifier: MIT */
/* Events one by one, and whom they are about; see kernel_replay.h. */

#include "viewer-server/model/kernel/kernel_replay_parts.h"

#include "viewer-server/limits.h"

#include <stdlib.h>

/* A call of _step takes about a millisecond. */
#define EVENTS_A_STEP 4096u

static void damaged(void *context, uint32_t chunk, const struct ctrace_error *error)
{
	struct ctrace_kernel_replay *replay = context;

	if (replay->calls->damaged != NULL) {
		replay->calls->damaged(replay->context, chunk, error);
	}
}

static enum ctrace_status fill(struct ctrace_kernel_replay *replay)
{
	replay->threads = calloc(replay->table->count + 1u, sizeof(*replay->threads));
	if (replay->threads == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < replay->table->count; i++) {
		replay->threads[i].since = CTRACE_NEVER;
		replay->threads[i].cpu = CTRACE_NO_CPU;
	}
	enum ctrace_status status = ctrace_kernel_merge_init(&replay->merge, replay->trace);

	replay->tells = calloc(replay->merge.feed_count + 1u, sizeof(*replay->tells));
	return replay->tells == NULL ? CTRACE_ERR_NO_MEMORY : status;
}

enum ctrace_status ctrace_kernel_replay_create(struct ctrace_kernel_replay **replay,
					       const struct ctrace_trace *trace,
					       const struct ctrace_thread_table *table,
					       const struct ctrace_kernel_calls *calls,
					       void *context)
{
	struct ctrace_kernel_replay *made = calloc(1, sizeof(*made));
	enum ctrace_status status;

	*replay = NULL;
	if (made == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	made->trace = trace;
	made->table = table;
	made->calls = calls;
	made->context = context;
	status = fill(made);
	if (status != CTRACE_OK) {
		ctrace_kernel_replay_destroy(made);
		return status;
	}
	made->merge.damaged = damaged;
	made->merge.context = made;
	*replay = made;
	return CTRACE_OK;
}

void ctrace_kernel_replay_destroy(struct ctrace_kernel_replay *replay)
{
	if (replay == NULL) {
		return;
	}
	for (uint32_t i = 0; replay->threads != NULL && i < replay->table->count; i++) {
		for (unsigned j = 0; j < CTRACE_CALL_TEXTS; j++) {
			free(replay->threads[i].texts[j]);
		}
	}
	for (uint32_t i = 0; i < replay->cpu_count; i++) {
		ctrace_loss_list_finish(&replay->cpus[i].losses);
	}
	ctrace_loss_list_finish(&replay->losses);
	ctrace_kernel_merge_finish(&replay->merge);
	free(replay->threads);
	free(replay->cpus);
	free(replay->tells);
	free(replay);
}

struct ctrace_followed_cpu *ctrace_replay_cpu(struct ctrace_kernel_replay *replay, uint64_t cpu)
{
	struct ctrace_followed_cpu *grown;

	if (cpu >= CTRACE_CPUS_MAX) {
		return NULL;
	}
	if (cpu < replay->cpu_count) {
		return &replay->cpus[cpu];
	}
	grown = realloc(replay->cpus, (cpu + 1) * sizeof(*grown));
	if (grown == NULL) {
		replay->is_out_of_memory = true;
		return NULL;
	}
	replay->cpus = grown;
	while (replay->cpu_count <= cpu) {
		grown[replay->cpu_count++] =
			(struct ctrace_followed_cpu){.thread = CTRACE_NO_THREAD};
	}
	return &grown[cpu];
}

/* Who is meant; CTRACE_NO_THREAD for who is not recorded. */
static uint32_t thread_of(const struct ctrace_kernel_replay *replay, uint64_t tid, uint64_t ticks)
{
	uint32_t found = ctrace_thread_table_find(replay->table, tid, ticks);

	return found != CTRACE_NO_THREAD && replay->table->threads[found].pid != 0
		       ? found
		       : CTRACE_NO_THREAD;
}

static void on_switch(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		      uint64_t ticks, const struct ctrace_value *values)
{
	const uint64_t fields[5] = {values[0].u64, values[1].u64, values[2].u64, values[3].u64,
				    values[4].u64};
	const uint32_t threads[2] = {thread_of(replay, values[1].u64, ticks),
				     thread_of(replay, values[3].u64, ticks)};

	ctrace_replay_switch(replay, now, fields, threads);
}

static uint32_t cpu_number(uint64_t cpu)
{
	return cpu < CTRACE_CPUS_MAX ? (uint32_t)cpu : CTRACE_NO_CPU;
}

static void on_wake(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		    uint64_t ticks, const struct ctrace_value *values)
{
	const struct ctrace_wake_fact fact = {
		.time = now->time,
		.waker_tid = values[1].u64,
		.waker = thread_of(replay, values[1].u64, ticks),
		.woken = thread_of(replay, values[2].u64, ticks),
		.cpu = cpu_number(values[0].u64),
		.target_cpu = cpu_number(values[3].u64),
		.at = now->at,
	};

	ctrace_replay_acts(replay, now, fact.cpu, fact.waker_tid, fact.waker);
	if (fact.woken != CTRACE_NO_THREAD) {
		replay->calls->wake(replay->context, &fact);
		ctrace_replay_wake(replay, now, fact.woken, fact.waker_tid);
	}
}

static void on_fork(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		    uint64_t ticks, uint32_t cpu, const struct ctrace_value *values)
{
	const struct ctrace_wake_fact fact = {
		.time = now->time,
		.waker_tid = values[0].u64,
		.waker = thread_of(replay, values[0].u64, ticks),
		.woken = thread_of(replay, values[1].u64, ticks),
		.cpu = cpu,
		.target_cpu = CTRACE_NO_CPU,
		.at = now->at,
	};

	if (fact.woken != CTRACE_NO_THREAD) {
		replay->calls->wake(replay->context, &fact);
		ctrace_replay_born(replay, now, fact.woken, fact.waker_tid);
	}
}

static void on_sample(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		      uint64_t ticks, const struct ctrace_value *values)
{
	const struct ctrace_sample_fact fact = {
		.time = now->time,
		.thread = thread_of(replay, values[0].u64, ticks),
		.cpu = values[1].u64,
		.weight = values[2].u64,
		.stack = values[3].u64 <= CTRACE_STACK_MAX ? (uint32_t)values[3].u64 : 0,
		.at = now->at,
	};

	if (fact.thread != CTRACE_NO_THREAD) {
		replay->calls->sample(replay->context, &fact);
	}
}

static void on_look(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		    uint32_t thread, const struct ctrace_value *values)
{
	const struct ctrace_look look = ctrace_look_of_fields(now->time, values);

	replay->calls->look(replay->context, thread, &look);
}

/* Events of one thread: the first field that is a tid says which. */
static void on_thread_event(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			    const struct ctrace_kernel_item *item,
			    const struct ctrace_value *values)
{
	uint32_t thread = thread_of(replay, values[0].u64, item->event->ticks);

	if (thread == CTRACE_NO_THREAD) {
		return;
	}
	if (item->event->kind == CTRACE_KIND_SYSCALL_ENTER ||
	    item->event->kind == CTRACE_KIND_SYSCALL_EXIT) {
		ctrace_replay_acts(replay, now, item->cpu, values[0].u64, thread);
	}
	switch ((int)item->event->kind) {
	case CTRACE_KIND_SYSCALL_ENTER:
		ctrace_replay_enter(replay, now, thread, values);
		break;
	case CTRACE_KIND_SYSCALL_TEXT:
		ctrace_replay_text(replay, thread, item->chunk, values);
		break;
	case CTRACE_KIND_SYSCALL_EXIT:
		ctrace_replay_exit(replay, now, thread, values[1].u64, values[2].i64);
		break;
	case CTRACE_KIND_THREAD_STACK:
		on_look(replay, now, thread, values);
		break;
	case CTRACE_KIND_PAGE_FAULT:
		replay->calls->pages(replay->context, thread, now->at);
		break;
	case CTRACE_KIND_RUN_DELAY:
		replay->calls->delay(replay->context, thread, now->time, values[1].u64);
		break;
	case CTRACE_KIND_THREAD_EXIT:
		ctrace_replay_gone(replay, now->time, thread);
		ctrace_replay_exit_turn(replay, now, thread);
		break;
	default:
		break;
	}
}

static void on_event(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		     const struct ctrace_kernel_item *item)
{
	uint64_t ticks = item->event->ticks;
	struct ctrace_value values[16];

	if (ctrace_event_values(replay->trace, item->event, values) == 0) {
		return;
	}
	switch ((int)item->event->kind) {
	case CTRACE_KIND_SCHED_SWITCH:
		on_switch(replay, now, ticks, values);
		break;
	case CTRACE_KIND_SCHED_WAKING:
		on_wake(replay, now, ticks, values);
		break;
	case CTRACE_KIND_SCHED_IN:
		ctrace_replay_in(replay, now, values[0].u64, values[1].u64,
				 thread_of(replay, values[1].u64, ticks));
		break;
	case CTRACE_KIND_SCHED_OUT:
		ctrace_replay_out(replay, now, values[0].u64,
				  thread_of(replay, values[1].u64, ticks), (unsigned)values[2].u64);
		break;
	case CTRACE_KIND_FORK:
		on_fork(replay, now, ticks, item->cpu, values);
		break;
	case CTRACE_KIND_SAMPLE:
		on_sample(replay, now, ticks, values);
		break;
	case CTRACE_KIND_PROCESS_MEMORY:
		replay->calls->pages(replay->context, thread_of(replay, values[0].u64, ticks),
				     now->at);
		break;
	default:
		on_thread_event(replay, now, item, values);
	}
}

/* What was lost may have told of anybody; where it is of no single CPU, of who runs on any. */
static bool doubt_all(struct ctrace_kernel_replay *replay, const struct ctrace_buffer_loss *loss)
{
	bool is_ok = ctrace_loss_list_add(&replay->losses, loss->from, loss->to);

	ctrace_replay_cpu(replay, loss->cpu);
	for (uint32_t i = 0; is_ok && i < replay->cpu_count; i++) {
		if (loss->cpu == CTRACE_NO_CPU || loss->cpu == i) {
			is_ok = ctrace_loss_list_add(&replay->cpus[i].losses, loss->from, loss->to);
		}
	}
	return is_ok;
}

static void on_loss(struct ctrace_kernel_replay *replay, const struct ctrace_kernel_item *item)
{
	const struct ctrace_buffer_loss loss = {
		.from = ctrace_trace_ns(replay->trace, item->loss->from),
		.to = ctrace_trace_ns(replay->trace, item->loss->to),
		.stream = item->stream,
		.cpu = item->cpu,
		.lost = item->loss,
	};

	if (replay->tells[item->feed] != CTRACE_FEED_SAMPLES && !doubt_all(replay, &loss)) {
		replay->is_out_of_memory = true;
	}
	replay->events += item->loss->chunk != CTRACE_NO_CHUNK;
	replay->calls->lost(replay->context, &loss);
}

/* A loss of these hides no state: sources of their own tell them. */
static bool is_told_apart(enum ctrace_kind kind)
{
	return kind == CTRACE_KIND_SAMPLE || kind == CTRACE_KIND_PAGE_FAULT ||
	       kind == CTRACE_KIND_THREAD_STACK || kind == CTRACE_KIND_PROCESS_MEMORY;
}

static void note_what_it_tells(struct ctrace_kernel_replay *replay,
			       const struct ctrace_kernel_item *item, bool is_sample)
{
	enum ctrace_feed_tells *tells = &replay->tells[item->feed];

	if (!is_sample) {
		*tells = CTRACE_FEED_STATES;
	} else if (*tells == CTRACE_FEED_UNKNOWN) {
		*tells = CTRACE_FEED_SAMPLES;
	}
}

static void look(struct ctrace_kernel_replay *replay, const struct ctrace_kernel_item *item)
{
	const struct ctrace_moment now = {
		.time = ctrace_trace_ns(replay->trace, item->event->ticks),
		.ticks = item->event->ticks,
		.at = {item->chunk, item->event->index},
	};
	bool is_of_process = item->event->kind == CTRACE_KIND_PROCESS_MEMORY;
	bool is_sample = is_told_apart(item->event->kind);
	struct ctrace_followed_cpu *cpu = is_sample ? NULL : ctrace_replay_cpu(replay, item->cpu);

	note_what_it_tells(replay, item, is_sample);
	if (!replay->has_begun && !is_of_process) {
		replay->begin = now.time;
		replay->has_begun = true;
	}
	if (cpu != NULL && !cpu->is_seen) {
		cpu->is_seen = true;
		cpu->first = now.time;
	}
	on_event(replay, &now, item);
	cpu = ctrace_replay_cpu(replay, item->cpu);
	if (cpu != NULL && !is_sample) {
		cpu->last = now.time;
	}
	replay->events++;
}

static void close_all(struct ctrace_kernel_replay *replay)
{
	uint64_t end = ctrace_trace_ns(replay->trace, ctrace_trace_info(replay->trace)->last_ticks);

	ctrace_replay_end_calls(replay, end);
	ctrace_replay_end_turns(replay, end);
}

enum ctrace_status ctrace_kernel_replay_step(struct ctrace_kernel_replay *replay)
{
	struct ctrace_kernel_item item;

	for (uint32_t i = 0; i < EVENTS_A_STEP; i++) {
		enum ctrace_status status = ctrace_kernel_merge_next(&replay->merge, &item);

		if (status == CTRACE_END) {
			close_all(replay);
		}
		if (status != CTRACE_OK) {
			return replay->is_out_of_memory ? CTRACE_ERR_NO_MEMORY : status;
		}
		if (item.event == NULL) {
			on_loss(replay, &item);
		} else {
			look(replay, &item);
		}
	}
	return replay->is_out_of_memory ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

uint64_t ctrace_kernel_replay_events(const struct ctrace_kernel_replay *replay)
{
	return replay->events;
}

uint64_t ctrace_kernel_replay_repaired(const struct ctrace_kernel_replay *replay)
{
	return replay->repaired;
}
