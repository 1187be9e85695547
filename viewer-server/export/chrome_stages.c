/* SPDX-License-Identifier: MIT */
/*
 * What is not events of threads, a piece at a time: head, frames of stacks, names, and behind the
 * events what a kernel told, what processes had of memory, and the tail. It is a small part and
 * goes through the spill.
 */

#include "viewer-server/export/chrome_frame.h"
#include "viewer-server/export/chrome_parts.h"

#include <string.h>

/* Rows of stackFrames at a time. */
#define STACKS_A_PIECE 1024u

void ctrace_chrome_stage_begin(struct ctrace_chrome *chrome, enum ctrace_chrome_stage stage)
{
	chrome->stage = stage;
	chrome->step = 0;
}

static void spill_separator(struct ctrace_chrome *chrome)
{
	ctrace_buffer_put(&chrome->spill, chrome->separator, strlen(chrome->separator));
	chrome->separator = ",\n";
}

static void spill_process(struct ctrace_chrome *chrome)
{
	if (chrome->step == chrome->plan.pid_count) {
		ctrace_chrome_stage_begin(chrome, CTRACE_CHROME_STAGE_THREADS);
		return;
	}
	spill_separator(chrome);
	ctrace_chrome_frame_process(&chrome->spill, chrome->trace, chrome->plan.pids[chrome->step],
				    chrome->step);
	chrome->step++;
}

static void spill_thread(struct ctrace_chrome *chrome)
{
	if (chrome->step == chrome->plan.stream_count) {
		ctrace_chrome_stage_begin(chrome, CTRACE_CHROME_STAGE_KERNEL_NAMES);
		return;
	}
	const struct ctrace_chrome_stream *stream = &chrome->plan.streams[chrome->step++];
	if (stream->is_wanted) {
		spill_separator(chrome);
		ctrace_chrome_frame_thread(&chrome->spill, chrome->trace, stream);
	}
}

static void spill_kernel_names(struct ctrace_chrome *chrome)
{
	if (chrome->kernel != NULL) {
		spill_separator(chrome);
		ctrace_chrome_kernel_metadata(chrome->kernel, &chrome->spill);
	}
	ctrace_chrome_stage_begin(chrome, CTRACE_CHROME_STAGE_EVENTS);
}

/* By now it is known which chunks tell of memory. */
static void begin_memory(struct ctrace_chrome *chrome)
{
	const struct ctrace_chrome_memory_settings settings = {
		.start = chrome->start,
		.end = chrome->end,
		.threads = chrome->threads,
		.thread_count = chrome->thread_count,
		.marks = chrome->marks,
	};

	if (ctrace_chrome_memory_create(&chrome->memory, chrome->trace, &settings) != CTRACE_OK) {
		ctrace_chrome_fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
		return;
	}
	ctrace_chrome_stage_begin(chrome, CTRACE_CHROME_STAGE_MEMORY);
}

/* A millisecond's worth of what the kernel told. */
static void spill_kernel(struct ctrace_chrome *chrome)
{
	enum ctrace_status status = CTRACE_END;

	if (chrome->kernel != NULL) {
		status = ctrace_chrome_kernel_step(chrome->kernel, &chrome->spill);
	}
	if (status == CTRACE_OK) {
		return;
	}
	if (status != CTRACE_END) {
		ctrace_chrome_fail(chrome, status, "no memory to convert");
		return;
	}
	if (chrome->kernel != NULL) {
		const struct ctrace_chrome_kernel_counts told =
			ctrace_chrome_kernel_counts(chrome->kernel);

		chrome->counts.lines += told.lines;
		chrome->counts.spans += told.calls;
		chrome->counts.lost += told.lost;
	}
	begin_memory(chrome);
}

/* Some more of what the walk over memory finds. */
static void spill_memory(struct ctrace_chrome *chrome)
{
	enum ctrace_status status = CTRACE_END;

	if (chrome->memory != NULL) {
		status = ctrace_chrome_memory_step(chrome->memory, &chrome->spill);
	}
	if (status == CTRACE_OK) {
		return;
	}
	if (status != CTRACE_END) {
		ctrace_chrome_fail(chrome, status, "no memory to convert");
		return;
	}
	if (chrome->memory != NULL) {
		chrome->counts.lines += ctrace_chrome_memory_lines(chrome->memory);
		chrome->counts.counters += ctrace_chrome_memory_lines(chrome->memory);
	}
	ctrace_chrome_stage_begin(chrome, CTRACE_CHROME_STAGE_TAIL);
}

/* Frames of samples, by the numbers of their stacks, some at a time. */
static void spill_stacks(struct ctrace_chrome *chrome)
{
	uint32_t end = ctrace_trace_stack_end(chrome->trace);
	uint32_t first = chrome->step * STACKS_A_PIECE;

	if (chrome->step == 0 && end > 1) {
		ctrace_chrome_frame_begin_stacks(&chrome->spill);
	}
	ctrace_chrome_frame_stacks(&chrome->spill, chrome->trace, first, first + STACKS_A_PIECE);
	chrome->step++;
	if (first + STACKS_A_PIECE >= end) {
		ctrace_chrome_frame_begin_events(&chrome->spill, end > 1);
		ctrace_chrome_stage_begin(chrome, CTRACE_CHROME_STAGE_PROCESSES);
	}
}

static void spill_tail(struct ctrace_chrome *chrome)
{
	struct ctrace_chrome_tail tail = {
		.trace = chrome->trace,
		.start = chrome->start,
		.end = chrome->end,
		.damaged = chrome->counts.damaged,
		.damage = chrome->damage,
		.damage_count = chrome->damage_count,
	};

	if (chrome->step == 0 && chrome->kernel != NULL) {
		tail.repaired = ctrace_chrome_kernel_repaired(chrome->kernel);
	}
	for (uint32_t i = 0; chrome->step == 0 && i < chrome->plan.stream_count; i++) {
		tail.repaired += chrome->plan.streams[i].repaired;
	}
	if (!ctrace_chrome_frame_tail(&chrome->spill, &tail, chrome->step++)) {
		ctrace_chrome_stage_begin(chrome, CTRACE_CHROME_STAGE_DONE);
	}
}

void ctrace_chrome_stage_step(struct ctrace_chrome *chrome)
{
	static const char head[] = "{\"displayTimeUnit\":\"ns\",";

	if (chrome->stage == CTRACE_CHROME_STAGE_HEAD) {
		ctrace_buffer_put(&chrome->spill, head, sizeof(head) - 1);
		ctrace_chrome_stage_begin(chrome, CTRACE_CHROME_STAGE_STACKS);
	} else if (chrome->stage == CTRACE_CHROME_STAGE_STACKS) {
		spill_stacks(chrome);
	} else if (chrome->stage == CTRACE_CHROME_STAGE_KERNEL_NAMES) {
		spill_kernel_names(chrome);
	} else if (chrome->stage == CTRACE_CHROME_STAGE_KERNEL) {
		spill_kernel(chrome);
	} else if (chrome->stage == CTRACE_CHROME_STAGE_MEMORY) {
		spill_memory(chrome);
	} else if (chrome->stage == CTRACE_CHROME_STAGE_PROCESSES) {
		spill_process(chrome);
	} else if (chrome->stage == CTRACE_CHROME_STAGE_THREADS) {
		spill_thread(chrome);
	} else {
		spill_tail(chrome);
	}
	if (chrome->spill.is_failed) {
		ctrace_chrome_fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
	}
}
