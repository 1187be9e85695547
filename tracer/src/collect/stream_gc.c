/* SPDX-License-Identifier: MIT */

/* Records of collectors to events; their form is in emit/gc.h. */

#include "format/gc_events.h"
#include "tracer/src/collect/stream.h"
#include "tracer/src/ring/ring_record.h"

static uint64_t word(const struct ctrace_stretch *stretch, unsigned index)
{
	return ctrace_record_word(stretch->data, stretch->mask,
				  stretch->from + 8 + 8 * (uint64_t)index);
}

/* A number that the format has no room for is as unknown as any other. */
static uint8_t byte_of(uint64_t number)
{
	return number <= UINT8_MAX ? (uint8_t)number : UINT8_MAX;
}

/* ---- which begins are told ---- */

#define DEPTH_MAX 64u

static void push(struct ctrace_stream_gc *gc, bool is_told)
{
	gc->are_told = gc->are_told << 1 | (is_told ? 1 : 0);
	gc->depth += gc->depth < DEPTH_MAX ? 1 : 0;
}

static bool pop(struct ctrace_stream_gc *gc, bool otherwise)
{
	bool is_told = (gc->are_told & 1) != 0;

	if (gc->depth == 0) {
		return otherwise;
	}
	gc->are_told >>= 1;
	gc->depth--;
	return is_told;
}

void ctrace_stream_gc_untold(struct ctrace_stream *stream)
{
	push(&stream->gc, false);
}

/* ---- events ---- */

void ctrace_stream_gc(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
		      const struct ctrace_entry *entry, uint64_t ticks)
{
	struct ctrace_block *block = &stream->block;

	switch (entry->kind) {
	case CTRACE_KIND_GC_BEGIN:
		push(&stream->gc, true);
		ctrace_block_gc_begin(block, ticks, byte_of(word(stretch, 0)));
		return;
	case CTRACE_KIND_GC_HEAP:
		ctrace_block_gc_heap(block, ticks, word(stretch, 0));
		return;
	default:
		ctrace_block_gc_thread(block, ticks, word(stretch, 0), word(stretch, 1) != 0);
		return;
	}
}

void ctrace_stream_gc_end(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			  bool is_wanted, uint64_t ticks)
{
	if (pop(&stream->gc, is_wanted)) {
		ctrace_block_gc_end(&stream->block, ticks, word(stretch, 0), word(stretch, 1));
	}
}
