/* SPDX-License-Identifier: MIT */
/*
 * A made-up program of 300 functions, each of which mostly calls the same few
 * others. Threads walk down and up in it. Gaps between events are short mostly
 * and sometimes long, as in a real program: 2 % wait for something.
 */

#include "tests/unit/plain_spans.h"

#include "format/block.h"

#include <stdio.h>
#include <stdlib.h>

#define FUNCTIONS    300u
#define CALLEES	     4u
#define DEPTH_MAX    24u
#define SLICE_EVENTS 2000u
#define TICKS_PER_NS 3u
#define THREADS_MAX  1024u

struct walker {
	struct ctrace_block block;
	uint64_t ticks;
	uint64_t random;
};

struct program {
	const struct ctrace_maker_settings *settings;
	struct ctrace_writer writer;
	uint64_t random, made, base;
	uint16_t callees[FUNCTIONS][CALLEES];
	uint16_t mean_ns[FUNCTIONS];
	struct walker *walkers;
	uint32_t walker_count;
};

static void make_functions(struct program *program)
{
	uint32_t category = ctrace_writer_string(&program->writer, "app", 3);
	char name[64];

	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		int size = snprintf(name, sizeof(name), "module%u::function%u", i / 20, i);
		struct ctrace_site site = {
			.id = i,
			.kind = CTRACE_KIND_SPAN_BEGIN,
			.name = ctrace_writer_string(&program->writer, name, (size_t)size),
			.category = category,
			.line = 10 * i,
		};
		ctrace_writer_site(&program->writer, &site);
		program->mean_ns[i] = (uint16_t)(20 + ctrace_random_below(&program->random, 400));
		for (unsigned k = 0; k < CALLEES; k++) {
			program->callees[i][k] =
				(uint16_t)ctrace_random_below(&program->random, FUNCTIONS);
		}
	}
}

static enum ctrace_status begin_walkers(struct program *program)
{
	program->walkers = calloc(program->walker_count, sizeof(*program->walkers));
	if (program->walkers == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < program->walker_count; i++) {
		struct walker *walker = &program->walkers[i];
		char name[32];
		int size = snprintf(name, sizeof(name), "worker %u", i + 1);
		struct ctrace_thread_row row = {
			.stream = i + 1,
			.pid = 1000,
			.tid = 1000 + i,
			.name = ctrace_writer_string(&program->writer, name, (size_t)size),
			.state = CTRACE_THREAD_ALIVE,
		};
		walker->ticks = program->base;
		walker->random = ctrace_random(&program->random);
		ctrace_writer_thread(&program->writer, &row);
		if (ctrace_block_init(&walker->block, i + 1, program->base) != CTRACE_OK) {
			return CTRACE_ERR_NO_MEMORY;
		}
	}
	return CTRACE_OK;
}

/* One event: down into the function usually called from here, or up. */
static void step(struct program *program, struct walker *walker)
{
	struct ctrace_block *block = &walker->block;
	uint64_t random = ctrace_random(&walker->random);
	uint32_t here = block->depth == 0 ? 0 : block->open[block->depth - 1].site;
	uint64_t gap = program->mean_ns[here] * TICKS_PER_NS / 2;

	gap += random >> 40 & 63;
	if ((random >> 32 & 63) == 0) {
		gap *= 20 + (random >> 48 & 1023);
	}
	walker->ticks += gap;
	bool is_down = block->depth < DEPTH_MAX && (random & 15) < 8;
	if (block->depth == 0 || is_down) {
		unsigned choice = (random >> 8 & 7) < 6 ? 0 : random >> 11 & (CALLEES - 1);
		ctrace_block_begin(block, program->callees[here][choice], walker->ticks);
	} else {
		ctrace_block_end(block, here, walker->ticks);
	}
}

static void run_slice(struct program *program, struct walker *walker, uint64_t events)
{
	for (uint64_t i = 0; i < events; i++) {
		if (!ctrace_block_has_room(&walker->block, 0)) {
			ctrace_writer_seal(&program->writer, &walker->block);
		}
		step(program, walker);
	}
	program->made += events;
}

static void close_walker(struct program *program, struct walker *walker)
{
	while (walker->block.depth > 0) {
		if (!ctrace_block_has_room(&walker->block, 0)) {
			ctrace_writer_seal(&program->writer, &walker->block);
		}
		walker->ticks += 30;
		ctrace_block_end(&walker->block, walker->block.open[walker->block.depth - 1].site,
				 walker->ticks);
	}
	ctrace_writer_seal(&program->writer, &walker->block);
	struct ctrace_thread_row row = {
		.stream = walker->block.stream,
		.pid = 1000,
		.tid = 1000 + walker->block.stream - 1,
		.written = ctrace_block_written(&walker->block),
		.state = CTRACE_THREAD_EXITED,
	};
	char name[32];
	int size = snprintf(name, sizeof(name), "worker %u", walker->block.stream);
	row.name = ctrace_writer_string(&program->writer, name, (size_t)size);
	ctrace_writer_thread(&program->writer, &row);
}

static void state_clock(struct program *program, uint64_t ticks)
{
	uint64_t ns = ticks / TICKS_PER_NS;
	struct ctrace_clock_row row = {
		.ticks = ticks,
		.raw_ns = ns,
		.monotonic_ns = ns,
		.boottime_ns = ns,
		.realtime_ns = UINT64_C(1700000000000000000) + ns,
		.uncertainty = 50,
	};

	ctrace_writer_clock(&program->writer, &row);
}

static enum ctrace_status run(struct program *program)
{
	uint64_t events = program->settings->events;
	enum ctrace_status status;

	events = events > 0 ? events : 100000;
	ctrace_writer_meta(&program->writer, "program", "plain-spans", 11);
	state_clock(program, program->base);
	make_functions(program);
	status = begin_walkers(program);
	for (uint32_t i = 0; status == CTRACE_OK && program->made < events; i++) {
		uint64_t left = events - program->made;
		struct walker *walker = &program->walkers[i % program->walker_count];
		run_slice(program, walker, left < SLICE_EVENTS ? left : SLICE_EVENTS);
		if (i % 4096 == 4095) {
			state_clock(program, walker->ticks);
		}
		status = program->writer.status;
	}
	for (uint32_t i = 0; status == CTRACE_OK && i < program->walker_count; i++) {
		close_walker(program, &program->walkers[i]);
	}
	return status;
}

enum ctrace_status ctrace_plain_spans_run(const struct ctrace_maker_settings *settings)
{
	struct program program = {
		.settings = settings,
		.random = settings->seed,
		.base = 1000000,
		.walker_count = settings->threads > 0 ? settings->threads : 4,
	};
	struct ctrace_writer_settings writer = {
		.write = settings->write,
		.sink = settings->sink,
		.base_ticks = program.base,
		.ticks_per_second = UINT64_C(1000000000) * TICKS_PER_NS,
		.clock_kind = CTRACE_CLOCK_ARTIFICIAL,
		.is_plain = settings->is_plain,
	};

	if (program.walker_count > THREADS_MAX) {
		return CTRACE_ERR_LIMIT;
	}
	enum ctrace_status status = ctrace_writer_init(&program.writer, &writer);
	if (status == CTRACE_OK) {
		status = run(&program);
	}
	if (status == CTRACE_OK) {
		status = ctrace_writer_close(&program.writer);
	}
	for (uint32_t i = 0; program.walkers != NULL && i < program.walker_count; i++) {
		ctrace_block_finish(&program.walkers[i].block);
	}
	free(program.walkers);
	ctrace_writer_finish(&program.writer);
	return status;
}
