/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_MAKER_H
#define CTRACE_KERNEL_MAKER_H

/*
 * The part of a random trace that a kernel tells, for trace_maker.c: buffers and their events,
 * calls, stacks of frames in modules, sources, files.
 *
 *     ctrace_kernel_maker_begin(&kernel, …)     rows, a block per buffer
 *       ctrace_kernel_maker_run(&kernel, n)     events of one of the buffers
 *       ctrace_kernel_maker_own(&kernel, …)     a call or sample in a thread's own block
 *     ctrace_kernel_maker_end(&kernel)          seals, states the buffers' last rows
 *     ctrace_kernel_maker_finish(&kernel)       memory; zeroed is fine
 */

#include "format/block.h"
#include "tests/unit/trace_maker.h"

#define CTRACE_MADE_BUFFERS 3u
#define CTRACE_MADE_ROWS    40u

struct ctrace_made_buffer {
	struct ctrace_block block;
	uint64_t ticks, lost;
	uint32_t source, cpu;
};

struct ctrace_kernel_maker {
	const struct ctrace_maker_settings *settings;
	struct ctrace_writer *writer;
	uint64_t *random;
	uint64_t base, made;
	uint32_t first_stream, buffer_count, chunk_events;
	uint32_t calls[CTRACE_MADE_ROWS], call_count;
	uint32_t stack_count; /* 1 to this are defined */
	struct ctrace_made_buffer buffers[CTRACE_MADE_BUFFERS];
};

/* What a kernel maker is told: all but what it counts itself. */
enum ctrace_status ctrace_kernel_maker_begin(struct ctrace_kernel_maker *kernel);
enum ctrace_status ctrace_kernel_maker_run(struct ctrace_kernel_maker *kernel, uint64_t events);
/* At `ticks`, into a block that has room. */
void ctrace_kernel_maker_own(struct ctrace_kernel_maker *kernel, struct ctrace_block *block,
			     uint64_t ticks);
void ctrace_kernel_maker_end(struct ctrace_kernel_maker *kernel);
void ctrace_kernel_maker_finish(struct ctrace_kernel_maker *kernel);

#endif
