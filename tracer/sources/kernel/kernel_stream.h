/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_STREAM_H
#define CTRACE_KERNEL_STREAM_H

/*
 * The stream of one of the kernel's buffers (SPEC 7.9): its row in BUFFERS, its
 * events, its losses.
 *
 *     ctrace_kernel_stream_init(&stream, trace, "tracefs", cpu)
 *       block = ctrace_kernel_stream_room(&stream, &ticks, CTRACE_KERNEL_EVENT_BYTES)
 *       ctrace_block_sched_switch(block, ticks, &event)       format/kernel_events.h; one event
 *       ctrace_kernel_stream_lost(&stream, ticks, count)      where it happened
 *       ctrace_kernel_stream_tick(&stream, now_ms)            a round is over
 *       ctrace_kernel_streams_seal(trace)                     a snapshot: all of them
 *     ctrace_kernel_stream_finish(&stream)                    sealed, last row, freed
 *
 * A time that falls is replaced by the one before and counted (clamped).
 */

#include "format/block.h"
#include "tracer/sources/kernel/source_trace.h"

/* Stays where it is from init to finish. */
struct ctrace_kernel_stream {
	struct ctrace_source_trace *trace;
	struct ctrace_kernel_stream *next; /* of the trace */
	struct ctrace_block block;
	const char *source; /* its name; borrows */
	uint32_t cpu;	    /* or CTRACE_NO_CPU */
	uint64_t lost, clamped;
	uint64_t begun_ms; /* when the block got its first event; 0: it is empty */
	bool has_block, has_row;
};

/* False without memory. Its row is written with its first chunk, or at the end. */
bool ctrace_kernel_stream_init(struct ctrace_kernel_stream *stream,
			       struct ctrace_source_trace *trace, const char *source, uint32_t cpu);

/* What the block holds becomes a chunk. */
void ctrace_kernel_stream_seal(struct ctrace_kernel_stream *stream);

/* The same of all streams of the trace. */
void ctrace_kernel_streams_seal(struct ctrace_source_trace *trace);

/* A block with room for one event of so many bytes; `ticks` is set right if it would fall. */
static inline struct ctrace_block *ctrace_kernel_stream_room(struct ctrace_kernel_stream *stream,
							     uint64_t *ticks, size_t bytes)
{
	struct ctrace_block *block = &stream->block;

	if (*ticks < block->last) {
		*ticks = block->last;
		stream->clamped++;
	}
	if (!ctrace_block_has_room(block, bytes)) {
		ctrace_kernel_stream_seal(stream);
	}
	return block;
}

/* So many records were lost (CTRACE_LOSS_KERNEL_FULL) between the event before and `ticks`. */
void ctrace_kernel_stream_lost(struct ctrace_kernel_stream *stream, uint64_t ticks, uint64_t count);

/* Seal what is old enough to be seen. */
void ctrace_kernel_stream_tick(struct ctrace_kernel_stream *stream, uint64_t now_ms);

/* Events so far that are not LOST. */
uint64_t ctrace_kernel_stream_written(const struct ctrace_kernel_stream *stream);

/* Seal, the last row, memory. Takes zeroed ones. */
void ctrace_kernel_stream_finish(struct ctrace_kernel_stream *stream);

#endif
