/* SPDX-License-Identifier: MIT */
/* Streams of the kernel's buffers; see kernel_stream.h. */

#include "tracer/sources/kernel/kernel_stream.h"

#include "format/kernel_events.h"
#include "tracer/src/limits.h"

#include <string.h>

static void state_row(struct ctrace_kernel_stream *stream)
{
	struct ctrace_writer *writer = stream->trace->writer;
	const struct ctrace_buffer_row row = {
		.stream = stream->block.stream,
		.source = ctrace_writer_string(writer, stream->source, strlen(stream->source)),
		.cpu = stream->cpu,
		.written = ctrace_block_written(&stream->block),
		.lost = stream->lost,
		.clamped = stream->clamped,
	};

	ctrace_writer_buffer(writer, &row);
	stream->has_row = true;
}

void ctrace_kernel_stream_seal(struct ctrace_kernel_stream *stream)
{
	/* Who keeps chunks keeps the last row, which a snapshot shows. */
	if (!stream->has_row || stream->trace->is_endless) {
		state_row(stream);
	}
	ctrace_writer_seal(stream->trace->writer, &stream->block);
	stream->begun_ms = 0;
}

void ctrace_kernel_streams_seal(struct ctrace_source_trace *trace)
{
	for (struct ctrace_kernel_stream *at = trace->streams; at != NULL; at = at->next) {
		ctrace_kernel_stream_seal(at);
	}
}

bool ctrace_kernel_stream_init(struct ctrace_kernel_stream *stream,
			       struct ctrace_source_trace *trace, const char *source, uint32_t cpu)
{
	*stream = (struct ctrace_kernel_stream){.trace = trace, .source = source, .cpu = cpu};
	if (ctrace_block_init(&stream->block, *trace->next_stream, trace->base_ticks) !=
	    CTRACE_OK) {
		return false;
	}
	(*trace->next_stream)++;
	stream->has_block = true;
	stream->next = trace->streams;
	trace->streams = stream;
	return true;
}

static void leave(struct ctrace_kernel_stream *stream)
{
	struct ctrace_kernel_stream **at = &stream->trace->streams;

	while (*at != stream) {
		at = &(*at)->next;
	}
	*at = stream->next;
}

void ctrace_kernel_stream_lost(struct ctrace_kernel_stream *stream, uint64_t ticks, uint64_t count)
{
	uint64_t since = stream->block.last;
	struct ctrace_block *block =
		ctrace_kernel_stream_room(stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);

	stream->lost += count;
	ctrace_block_lost(block, ticks, CTRACE_LOSS_KERNEL_FULL, count, since);
}

void ctrace_kernel_stream_tick(struct ctrace_kernel_stream *stream, uint64_t now_ms)
{
	if (stream->block.events == 0) {
		return;
	}
	if (stream->begun_ms == 0) {
		stream->begun_ms = now_ms;
	}
	if (now_ms - stream->begun_ms >= CTRACE_CHUNK_AGE_MS) {
		ctrace_kernel_stream_seal(stream);
	}
}

uint64_t ctrace_kernel_stream_written(const struct ctrace_kernel_stream *stream)
{
	return ctrace_block_written(&stream->block);
}

void ctrace_kernel_stream_finish(struct ctrace_kernel_stream *stream)
{
	if (!stream->has_block) {
		return;
	}
	if (!stream->trace->is_opening) {
		ctrace_kernel_stream_seal(stream);
		state_row(stream);
	}
	leave(stream);
	ctrace_block_finish(&stream->block);
	stream->has_block = false;
}
