/* SPDX-License-Identifier: MIT */
/* Random but valid traces: see trace_maker.h. The plain spans for benchmarks are in plain_spans.c,
 * what a kernel tells in kernel_maker.c. */

#include "tests/unit/trace_maker.h"

#include "format/block.h"
#include "tests/unit/kernel_maker.h"
#include "tests/unit/plain_spans.h"
#include "tests/unit/random_site.h"

#include <stdlib.h>
#include <string.h>

#define SITES_MAX   64u
#define THREADS_MAX 4096u
#define TASKS	    8u
#define VALUES_MAX  CTRACE_SITE_ARGS_MAX

struct thread {
	struct ctrace_block block;
	uint64_t ticks, lost;
};

struct maker {
	const struct ctrace_maker_settings *settings;
	struct ctrace_writer writer;
	uint64_t random;
	uint64_t ticks_per_second, base, made;
	uint32_t site_count, thread_count, chunk_events;
	struct ctrace_site sites[SITES_MAX];
	struct thread *threads;
	struct ctrace_kernel_maker kernel;
};

static uint64_t below(struct maker *maker, uint64_t limit)
{
	return ctrace_random_below(&maker->random, limit);
}

static bool one_in(struct maker *maker, uint64_t odds)
{
	return below(maker, odds) == 0;
}

static void tell(struct maker *maker, const struct thread *thread, unsigned kind, uint32_t site,
		 unsigned count, const struct ctrace_value *values)
{
	struct ctrace_made_event event = {
		.stream = thread->block.stream,
		.kind = kind,
		.site = site,
		.ticks = thread->ticks,
		.value_count = count,
		.values = values,
	};

	maker->made++;
	if (maker->settings->made != NULL) {
		maker->settings->made(maker->settings->context, &event);
	}
}

static void put_args(struct maker *maker, struct thread *thread, const struct ctrace_site *site)
{
	struct ctrace_value values[VALUES_MAX];
	bool is_task = site->kind == CTRACE_KIND_TASK_BEGIN || site->kind == CTRACE_KIND_TASK_STEP;

	for (unsigned i = 0; i < site->arg_count; i++) {
		values[i] = (struct ctrace_value){
			.type = (enum ctrace_arg_type)site->arg_types[i],
			.name = site->arg_names[i],
		};
		if (is_task && i < 2 && values[i].type == CTRACE_ARG_U64) {
			values[i].u64 = 1 + below(maker, TASKS) - (i == 1 && one_in(maker, 3));
			ctrace_block_arg_u64(&thread->block, values[i].u64);
			continue;
		}
		ctrace_random_value(&values[i], &thread->block, &maker->writer, &maker->random);
	}
	tell(maker, thread, site->kind, site->id, site->arg_count, values);
}

static void put_lost(struct maker *maker, struct thread *thread, enum ctrace_loss reason,
		     uint64_t count)
{
	uint64_t since = thread->ticks - below(maker, thread->ticks - maker->base + 1);
	struct ctrace_value values[] = {
		{.type = CTRACE_ARG_U64, .u64 = reason},
		{.type = CTRACE_ARG_U64, .u64 = count},
		{.type = CTRACE_ARG_U64, .u64 = thread->ticks - since},
	};

	ctrace_block_lost(&thread->block, thread->ticks, reason, count, since);
	thread->lost += count;
	tell(maker, thread, CTRACE_KIND_LOST, CTRACE_NO_SITE, 3, values);
}

static void put_begin(struct maker *maker, struct thread *thread, const struct ctrace_site *site)
{
	if (ctrace_block_begin(&thread->block, site->id, thread->ticks)) {
		put_args(maker, thread, site);
		return;
	}
	put_lost(maker, thread, CTRACE_LOSS_SPAN_DEPTH, 1);
}

/* The site of an END: mostly the innermost; sometimes an outer one (longjmp), any, or none. */
static uint32_t end_site(struct maker *maker, const struct ctrace_block *block)
{
	uint64_t dice = below(maker, 40);

	if (dice == 0) {
		return CTRACE_NO_SITE;
	}
	if (dice == 1 || block->depth == 0) {
		return maker->sites[0].id;
	}
	return block->open[dice == 2 ? below(maker, block->depth) : block->depth - 1].site;
}

static void put_end(struct maker *maker, struct thread *thread)
{
	uint32_t site = end_site(maker, &thread->block);
	uint32_t depth = thread->block.depth;
	bool is_plain =
		site == CTRACE_NO_SITE || (depth > 0 && thread->block.open[depth - 1].site == site);

	if (ctrace_block_end(&thread->block, site, thread->ticks)) {
		tell(maker, thread, CTRACE_KIND_SPAN_END, is_plain ? CTRACE_NO_SITE : site, 0,
		     NULL);
		return;
	}
	put_lost(maker, thread, CTRACE_LOSS_SPAN_DEPTH, 1);
}

static void put_plain(struct maker *maker, struct thread *thread)
{
	static const enum ctrace_kind kinds[] = {
		CTRACE_KIND_TASK_END, CTRACE_KIND_TASK_ENTER, CTRACE_KIND_TASK_LEAVE,
		CTRACE_KIND_FLOW_OUT, CTRACE_KIND_FLOW_STEP,  CTRACE_KIND_FLOW_IN,
	};
	enum ctrace_kind kind = kinds[below(maker, sizeof(kinds) / sizeof(kinds[0]))];
	struct ctrace_value value = {.type = CTRACE_ARG_U64};

	value.u64 =
		one_in(maker, 30) ? ctrace_random_number(&maker->random) : 1 + below(maker, TASKS);
	ctrace_block_plain_u64(&thread->block, kind, thread->ticks, value.u64);
	tell(maker, thread, kind, CTRACE_NO_SITE, 1, &value);
}

static void put_name(struct maker *maker, struct thread *thread)
{
	enum ctrace_kind kind =
		one_in(maker, 4) ? CTRACE_KIND_PROCESS_NAME : CTRACE_KIND_THREAD_NAME;
	struct ctrace_value value = {.type = CTRACE_ARG_STR,
				     .str = ctrace_random_text(&maker->random)};

	ctrace_block_plain_str(&thread->block, kind, thread->ticks, value.str.bytes,
			       value.str.size);
	tell(maker, thread, kind, CTRACE_NO_SITE, 1, &value);
}

static void put_event(struct maker *maker, struct thread *thread)
{
	uint64_t dice = below(maker, 100);

	if (maker->settings->has_kernel && one_in(maker, 9)) {
		ctrace_kernel_maker_own(&maker->kernel, &thread->block, thread->ticks);
		return;
	}
	if (dice < 40) {
		put_end(maker, thread);
		return;
	}
	if (dice < 90) {
		const struct ctrace_site *site = &maker->sites[below(maker, maker->site_count)];
		if (site->kind == CTRACE_KIND_SPAN_BEGIN) {
			put_begin(maker, thread, site);
			return;
		}
		ctrace_block_site_event(&thread->block, site->id, thread->ticks);
		put_args(maker, thread, site);
		return;
	}
	if (dice < 97) {
		put_plain(maker, thread);
	} else if (dice < 99) {
		put_name(maker, thread);
	} else {
		unsigned reason = CTRACE_LOSS_RING_FULL + (unsigned)below(maker, 7);

		put_lost(maker, thread,
			 reason == CTRACE_LOSS_CHUNK_MISSING ? CTRACE_LOSS_OVERWRITTEN : reason,
			 below(maker, 5000));
	}
}

static void advance(struct maker *maker, struct thread *thread)
{
	uint64_t bits = below(maker, one_in(maker, 50) ? 40 : 12);

	thread->ticks += one_in(maker, 10) ? 0 : ctrace_random(&maker->random) >> (63 - bits);
}

/* Once in a while a thread recurses past the limit of open spans. */
static void recurse(struct maker *maker, struct thread *thread)
{
	uint32_t steps = CTRACE_OPEN_SPANS_MAX + 8;

	for (uint32_t i = 0; i < 2 * steps; i++) {
		if (!ctrace_block_has_room(&thread->block, CTRACE_STRING_BYTES_MAX * VALUES_MAX)) {
			ctrace_writer_seal(&maker->writer, &thread->block);
		}
		advance(maker, thread);
		if (i < steps) {
			put_begin(maker, thread, &maker->sites[0]);
		} else {
			put_end(maker, thread);
		}
	}
}

static void run_thread(struct maker *maker, struct thread *thread, uint64_t events)
{
	for (uint64_t i = 0; i < events; i++) {
		if (thread->block.events >= maker->chunk_events ||
		    !ctrace_block_has_room(&thread->block, CTRACE_STRING_BYTES_MAX * VALUES_MAX)) {
			ctrace_writer_seal(&maker->writer, &thread->block);
		}
		advance(maker, thread);
		put_event(maker, thread);
	}
	if (one_in(maker, 500)) {
		recurse(maker, thread);
	}
}

static void state_thread(struct maker *maker, const struct thread *thread, bool is_last)
{
	struct ctrace_thread_row row = {
		.stream = thread->block.stream,
		.pid = 4242,
		.tid = 4242 + thread->block.stream - 1,
		.name = ctrace_random_name(&maker->writer, &maker->random),
		.start = below(maker, 1000),
		.written = ctrace_block_written(&thread->block),
		.lost = thread->lost,
		.state = is_last ? CTRACE_THREAD_EXITED : CTRACE_THREAD_ALIVE,
		.clamped = below(maker, 3),
	};

	ctrace_writer_thread(&maker->writer, &row);
}

/* A clock that runs up to 0.01 % fast or slow, and differently each time. */
static void state_clock(struct maker *maker, uint64_t ticks)
{
	__extension__ unsigned __int128 ns = (unsigned __int128)ticks * 1000000000;
	uint64_t raw = (uint64_t)(ns / maker->ticks_per_second);

	raw += raw / 10000 * below(maker, 1000) / 1000;
	struct ctrace_clock_row row = {
		.ticks = ticks,
		.raw_ns = raw,
		.monotonic_ns = raw + 12,
		.boottime_ns = raw + 500,
		.realtime_ns = UINT64_C(1700000000000000000) + raw,
		.uncertainty = 40 + below(maker, 50),
	};
	ctrace_writer_clock(&maker->writer, &row);
}

static void state_process(struct maker *maker)
{
	struct ctrace_process_row row = {.pid = 4242,
					 .parent_pid = 1,
					 .name = ctrace_random_name(&maker->writer, &maker->random),
					 .start = 0};

	ctrace_writer_process(&maker->writer, &row);
	ctrace_writer_meta(&maker->writer, "program", "trace-maker", 11);
	ctrace_writer_meta(&maker->writer, "recorder", "trace-maker 1", 13);
	ctrace_writer_meta(&maker->writer, "pid", "4242", 4);
	ctrace_writer_meta(&maker->writer, "command", "trace-maker\0--seed", 18);
}

static enum ctrace_status begin(struct maker *maker)
{
	static const uint64_t rates[] = {1000000000, 2596000000, 24000000, 1000000, 1000000000000};
	const struct ctrace_maker_settings *settings = maker->settings;
	uint64_t base_bits = below(maker, 40);
	struct ctrace_writer_settings writer = {
		.write = settings->write, .sink = settings->sink, .is_plain = settings->is_plain};

	maker->ticks_per_second = rates[below(maker, sizeof(rates) / sizeof(rates[0]))];
	maker->base = ctrace_random(&maker->random) >> (63 - base_bits);
	writer.base_ticks = maker->base;
	writer.ticks_per_second = maker->ticks_per_second;
	writer.clock_kind = CTRACE_CLOCK_ARTIFICIAL;
	for (unsigned i = 0; i < sizeof(writer.session); i++) {
		writer.session[i] = (uint8_t)below(maker, 256);
	}
	return ctrace_writer_init(&maker->writer, &writer);
}

static enum ctrace_status begin_threads(struct maker *maker)
{
	maker->threads = calloc(maker->thread_count, sizeof(*maker->threads));
	if (maker->threads == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < maker->thread_count; i++) {
		struct thread *thread = &maker->threads[i];
		thread->ticks = maker->base + below(maker, 5000);
		enum ctrace_status status = ctrace_block_init(&thread->block, i + 1, maker->base);
		if (status != CTRACE_OK) {
			return status;
		}
		state_thread(maker, thread, false);
	}
	return CTRACE_OK;
}

/* Its streams stand behind the threads'. */
static enum ctrace_status begin_kernel(struct maker *maker)
{
	maker->kernel = (struct ctrace_kernel_maker){
		.settings = maker->settings,
		.writer = &maker->writer,
		.random = &maker->random,
		.base = maker->base,
		.first_stream = maker->thread_count + 1,
	};
	return maker->settings->has_kernel ? ctrace_kernel_maker_begin(&maker->kernel) : CTRACE_OK;
}

static enum ctrace_status run(struct maker *maker)
{
	uint64_t events = maker->settings->events;

	events = events > 0 ? events : below(maker, 3000);
	maker->site_count = 1 + (uint32_t)below(maker, SITES_MAX);
	maker->chunk_events = 1 + (uint32_t)below(maker, one_in(maker, 2) ? 2000 : 60);
	state_process(maker);
	state_clock(maker, maker->base);
	for (uint32_t i = 0; i < maker->site_count; i++) {
		ctrace_random_site(&maker->sites[i], i, &maker->writer, &maker->random);
	}
	enum ctrace_status status = begin_threads(maker);
	if (status == CTRACE_OK) {
		status = begin_kernel(maker);
	}
	while (status == CTRACE_OK && maker->made + maker->kernel.made < events) {
		struct thread *thread = &maker->threads[below(maker, maker->thread_count)];
		run_thread(maker, thread, 1 + below(maker, 200));
		if (one_in(maker, 5)) {
			state_clock(maker, thread->ticks);
		}
		if (maker->settings->has_kernel) {
			ctrace_kernel_maker_run(&maker->kernel, below(maker, 200));
		}
		status = maker->writer.status;
	}
	if (status == CTRACE_OK && maker->settings->has_kernel) {
		ctrace_kernel_maker_end(&maker->kernel);
	}
	for (uint32_t i = 0; status == CTRACE_OK && i < maker->thread_count; i++) {
		ctrace_writer_seal(&maker->writer, &maker->threads[i].block);
		state_thread(maker, &maker->threads[i], true);
	}
	return status;
}

static void finish(struct maker *maker)
{
	for (uint32_t i = 0; maker->threads != NULL && i < maker->thread_count; i++) {
		ctrace_block_finish(&maker->threads[i].block);
	}
	free(maker->threads);
	ctrace_kernel_maker_finish(&maker->kernel);
	ctrace_writer_finish(&maker->writer);
}

enum ctrace_status ctrace_maker_run(const struct ctrace_maker_settings *settings)
{
	struct maker maker = {.settings = settings, .random = settings->seed};

	if (settings->is_plain_spans) {
		return ctrace_plain_spans_run(settings);
	}
	maker.thread_count =
		settings->threads > 0 ? settings->threads : 1 + (uint32_t)below(&maker, 6);
	if (maker.thread_count > THREADS_MAX) {
		return CTRACE_ERR_LIMIT;
	}
	enum ctrace_status status = begin(&maker);
	if (status == CTRACE_OK) {
		status = run(&maker);
	}
	if (status == CTRACE_OK) {
		status = ctrace_writer_close(&maker.writer);
	}
	finish(&maker);
	return status;
}
