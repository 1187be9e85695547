/* SPDX-License-Identifier: MIT */
/* Events of two CPUs, one helper each. */

#include "tests/unit/kernel_story.h"

#include "tests/unit/collector_story.h"

#include "tests/unit/trace_maker.h"
#include "viewer-server/model/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(enum ctrace_status status)
{
	if (status != CTRACE_OK) {
		fprintf(stderr, "story: %s\n", ctrace_status_name(status));
		abort();
	}
}

static uint32_t text(struct ctrace_made_trace *made, const char *word)
{
	return ctrace_writer_string(&made->writer, word, strlen(word));
}

static void add_call(struct ctrace_made_trace *made, uint32_t call, enum ctrace_call_layer layer,
		     const char *name)
{
	const struct ctrace_call_row row = {call, layer, text(made, name)};

	require(ctrace_writer_call(&made->writer, &row));
}

static void add_buffer(struct ctrace_made_trace *made, uint32_t cpu)
{
	const struct ctrace_buffer_row row = {
		.stream = CTRACE_STORY_CPU0 + cpu, .source = text(made, "story"), .cpu = cpu};

	require(ctrace_writer_buffer(&made->writer, &row));
	require(ctrace_block_init(&made->blocks[row.stream], row.stream, CTRACE_FIXTURE_BASE));
}

void ctrace_story_begin(struct ctrace_made_trace *made)
{
	ctrace_fixture_write(made);
	ctrace_fixture_thread(made, 1, 10, "main");
	ctrace_fixture_thread(made, 2, 10, "worker");
	add_call(made, CTRACE_STORY_READ, CTRACE_CALL_SYSTEM, "read");
	add_call(made, CTRACE_STORY_FUTEX, CTRACE_CALL_SYSTEM, "futex");
	add_call(made, CTRACE_STORY_OPENAT, CTRACE_CALL_SYSTEM, "openat");
	add_call(made, CTRACE_STORY_LOCK, CTRACE_CALL_LIBRARY, "pthread_mutex_lock");
	add_buffer(made, 0);
	add_buffer(made, 1);
}

void ctrace_story_stranger(struct ctrace_made_trace *made, uint32_t stream, uint64_t tid,
			   const char *name)
{
	const struct ctrace_thread_row row = {
		.stream = stream, .tid = tid, .name = text(made, name)};

	require(ctrace_writer_thread(&made->writer, &row));
}

static struct ctrace_block *block_of(struct ctrace_made_trace *made, uint32_t cpu)
{
	return &made->blocks[CTRACE_STORY_CPU0 + cpu];
}

void ctrace_story_switch(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t prev,
			 enum ctrace_run_state state, uint64_t next)
{
	const struct ctrace_sched_switch event = {cpu, prev, state, next, 120};

	ctrace_block_sched_switch(block_of(made, cpu), CTRACE_FIXTURE_BASE + ns, &event);
}

void ctrace_story_wake(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t waker,
		       uint64_t tid, uint32_t target)
{
	const struct ctrace_sched_waking event = {cpu, waker, tid, target};

	ctrace_block_sched_waking(block_of(made, cpu), CTRACE_FIXTURE_BASE + ns, &event);
}

void ctrace_story_enter(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t tid,
			uint32_t call)
{
	const struct ctrace_syscall_enter event = {tid, call, {3, 0x1000, 64, 0, 0, 0}};

	ctrace_block_syscall_enter(block_of(made, cpu), CTRACE_FIXTURE_BASE + ns, &event);
}

void ctrace_story_exit(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t tid,
		       uint32_t call, int64_t result)
{
	ctrace_block_syscall_exit(block_of(made, cpu), CTRACE_FIXTURE_BASE + ns, tid, call, result);
}

void ctrace_story_lost(struct ctrace_made_trace *made, uint32_t cpu, uint64_t ns, uint64_t count,
		       uint64_t since)
{
	ctrace_block_lost(block_of(made, cpu), CTRACE_FIXTURE_BASE + ns, CTRACE_LOSS_KERNEL_FULL,
			  count, CTRACE_FIXTURE_BASE + since);
}

/* ---- Random stories ------------------------------------------------------------- */

struct teller {
	struct ctrace_made_trace *made;
	uint64_t random, ns;
	uint32_t span;
};

static uint64_t below(struct teller *teller, uint64_t end)
{
	return ctrace_random_below(&teller->random, end);
}

/* Mostly one of ours, sometimes nobody or a stranger. */
static uint64_t any_thread(struct teller *teller)
{
	static const uint64_t tids[] = {CTRACE_STORY_MAIN, CTRACE_STORY_WORKER, 13, 0, 500};

	return tids[below(teller, sizeof(tids) / sizeof(tids[0]))];
}

static uint32_t any_call(struct teller *teller)
{
	static const uint32_t some[] = {CTRACE_STORY_READ, CTRACE_STORY_OPENAT, CTRACE_STORY_FUTEX,
					77};

	return some[below(teller, 4)];
}

static void tell_call(struct teller *teller, uint32_t cpu)
{
	struct ctrace_block *block = block_of(teller->made, cpu);
	uint64_t tid = below(teller, 2) == 0 ? CTRACE_STORY_WORKER : 13, ticks;
	uint32_t call = any_call(teller);

	ticks = CTRACE_FIXTURE_BASE + teller->ns;
	if (below(teller, 2) == 0) {
		ctrace_story_exit(teller->made, cpu, teller->ns, tid, call,
				  (int64_t)below(teller, 40) - 20);
		return;
	}
	ctrace_story_enter(teller->made, cpu, teller->ns, tid, call);
	for (uint64_t i = below(teller, 4); i > 0; i--) {
		ctrace_block_syscall_text(block, ticks, tid, (unsigned)below(teller, 3),
					  (struct ctrace_bytes){"/etc/\"x\"", 8});
	}
}

static enum ctrace_run_state any_look(struct teller *teller)
{
	static const enum ctrace_run_state some[] = {CTRACE_RUN_YIELDED, CTRACE_RUN_SLEEPING,
						     CTRACE_RUN_UNINTERRUPTIBLE};

	return some[below(teller, 3)];
}

static void tell_kernel(struct teller *teller, uint32_t cpu)
{
	struct ctrace_block *block = block_of(teller->made, cpu);
	uint64_t ticks = CTRACE_FIXTURE_BASE + teller->ns;
	const struct ctrace_sample sample = {any_thread(teller), cpu, 1000, below(teller, 3)};
	const struct ctrace_thread_stack look = {any_thread(teller), any_look(teller),
						 below(teller, 3)};

	switch (below(teller, 11)) {
	case 0:
		ctrace_story_lost(teller->made, cpu, teller->ns, below(teller, 9),
				  teller->ns -
					  below(teller, teller->ns < 90 ? teller->ns + 1 : 90));
		break;
	case 1:
		ctrace_block_sample(block, ticks, &sample);
		break;
	case 2:
		ctrace_block_sched_in(block, ticks, cpu, any_thread(teller));
		break;
	case 3:
		ctrace_block_sched_out(block, ticks, cpu, any_thread(teller), CTRACE_RUN_BLOCKED);
		break;
	case 4:
		ctrace_story_wake(teller->made, cpu, teller->ns, any_thread(teller),
				  any_thread(teller), cpu);
		break;
	case 5:
	case 6:
		tell_call(teller, cpu);
		break;
	case 8:
		ctrace_block_thread_stack(block, ticks, &look);
		break;
	case 7:
		ctrace_block_fork(block, ticks, any_thread(teller), any_thread(teller), 10);
		break;
	default:
		ctrace_story_switch(teller->made, cpu, teller->ns, any_thread(teller),
				    (enum ctrace_run_state)below(teller, 8), any_thread(teller));
	}
}

/* Of a collector in main: begins and ends without order, and a heap. */
static void tell_collector(struct teller *teller)
{
	struct ctrace_block *own = &teller->made->blocks[1];
	uint64_t ticks = CTRACE_FIXTURE_BASE + teller->ns;

	switch (below(teller, 6)) {
	case 0:
	case 1:
		ctrace_tell_gc_begin(own, ticks, below(teller, 10));
		break;
	case 2:
		ctrace_tell_gc_heap(own, ticks, below(teller, 9000));
		break;
	case 3:
		ctrace_tell_gc_thread(own, ticks, any_thread(teller), below(teller, 2));
		break;
	default:
		ctrace_tell_gc_end(own, ticks, below(teller, 3) * 100, below(teller, 3));
	}
}

/* What main tells of itself. */
static void tell_own(struct teller *teller)
{
	struct ctrace_block *own = &teller->made->blocks[1];
	uint64_t ticks = CTRACE_FIXTURE_BASE + teller->ns;
	const struct ctrace_syscall_enter lock = {0, CTRACE_STORY_LOCK, {9, 8, 7, 6, 5, 4}};
	const struct ctrace_sample sample = {0, 1, 7, 1};
	const struct ctrace_thread_stack look = {0, any_look(teller), 1};

	switch (below(teller, 9)) {
	case 8:
		ctrace_block_thread_stack(own, ticks, &look);
		break;
	case 6:
	case 7:
		tell_collector(teller);
		break;
	case 0:
		ctrace_block_begin(own, teller->span, ticks);
		break;
	case 1:
		ctrace_block_end(own, teller->span, ticks);
		break;
	case 2:
		ctrace_block_sample(own, ticks, &sample);
		break;
	case 3:
		ctrace_block_syscall_exit(own, ticks, 0, CTRACE_STORY_LOCK, -35);
		break;
	default:
		ctrace_block_syscall_enter(own, ticks, &lock);
		ctrace_block_syscall_text(own, ticks, 0, 0, (struct ctrace_bytes){"text", 4});
	}
}

static void seal_some(struct teller *teller)
{
	for (uint32_t i = 1; i < CTRACE_FIXTURE_STREAMS; i++) {
		if (teller->made->blocks[i].ops != NULL && below(teller, 40) == 0) {
			require(ctrace_writer_seal(&teller->made->writer,
						   &teller->made->blocks[i]));
		}
	}
}

void ctrace_story_random(struct ctrace_made_trace *made, uint64_t seed)
{
	struct teller teller = {.made = made, .random = seed, .ns = 1};
	struct ctrace_thread_row third = {.stream = 3, .pid = 10, .tid = 13};
	const struct ctrace_stack_row stack = {.stack = 1, .frame = 1};
	const struct ctrace_frame_row frame = {
		.frame = 1, .function = text(made, "work"), .line = 3};

	teller.span = ctrace_fixture_site(made, CTRACE_KIND_SPAN_BEGIN, "span");
	require(ctrace_writer_thread(&made->writer, &third));
	require(ctrace_writer_frame(&made->writer, &frame));
	require(ctrace_writer_stack(&made->writer, &stack));
	ctrace_story_stranger(made, 4, 500, "stranger");
	for (int i = 0; i < 600; i++) {
		teller.ns += below(&teller, 30);
		if (below(&teller, 4) == 0) {
			tell_own(&teller);
		} else {
			tell_kernel(&teller, (uint32_t)below(&teller, 2));
		}
		seal_some(&teller);
	}
}

const struct ctrace_lane *ctrace_story_find(const struct ctrace_model *model,
					    enum ctrace_lane_kind kind, uint64_t tid,
					    uint32_t depth)
{
	for (uint32_t i = 0; i < model->lane_count; i++) {
		const struct ctrace_lane *lane = &model->lanes[i];
		const struct ctrace_track *track = &model->tracks[lane->info.track];
		bool is_cpu = track->kind == CTRACE_TRACK_CPUS;

		if (lane->info.kind == kind &&
		    (is_cpu ? lane->info.cpu == tid
			    : track->tid == tid && lane->info.depth == depth)) {
			return lane;
		}
	}
	return NULL;
}

const char *ctrace_story_lane(const struct ctrace_model *model, const struct ctrace_lane *lane)
{
	static char line[8192];
	size_t at = 0;

	line[0] = '\0';
	for (uint32_t i = 0; lane != NULL && i < lane->count && at < sizeof(line) - 200; i++) {
		struct ctrace_bytes name = ctrace_model_name(model, ctrace_lane_name(lane, i));
		uint16_t flags = ctrace_lane_flags(lane, i);

		at += (size_t)snprintf(
			line + at, sizeof(line) - at, "%s%.*s %s%" PRIu64 "-%" PRIu64 "%s%s",
			i > 0 ? " | " : "", (int)name.size, name.bytes,
			(flags & CTRACE_REAL_BEGAN_BEFORE) != 0 ? "…" : "", lane->start[i],
			lane->start[i] + ctrace_lane_duration(lane, i),
			(flags & CTRACE_REAL_UNFINISHED) != 0 ? "…" : "",
			(flags & CTRACE_LANE_CUT) != 0 ? "!" : "");
	}
	return line;
}
