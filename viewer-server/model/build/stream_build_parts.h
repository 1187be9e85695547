/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STREAM_BUILD_PARTS_H
#define CTRACE_STREAM_BUILD_PARTS_H

/*
 * Between the files that build a stream, and for nobody else:
 *
 *     stream_build.c           makes one, feeds its chunks through the pairing, seals its lanes
 *     stream_build_spans.c     spans and the kernel's calls to the lanes of their depths
 *     stream_build_events.c    all other events, and losses
 *
 * Where memory runs out, build->is_out_of_memory is set, and the chunk's end tells.
 *
 * Thread: the one that builds this stream.
 */

#include "viewer-server/model/build/stream_build.h"

/* ns since the trace's beginning. */
static inline uint64_t ctrace_stream_build_ns(const struct ctrace_stream_build *build,
					      uint64_t ticks)
{
	return ctrace_trace_ns(build->model->trace, ticks);
}

/* The number of an event in the file. */
static inline uint32_t ctrace_stream_build_ref(const struct ctrace_stream_build *build,
					       uint32_t chunk, uint32_t index)
{
	return (uint32_t)(build->model->chunk_first[chunk] + index);
}

/* What a later walk finds memory in (SPEC 8.5). A chunk is of one stream, so nobody else writes
 * there. */
static inline void ctrace_stream_build_mark(const struct ctrace_stream_build *build, uint32_t chunk)
{
	if (chunk != CTRACE_NO_CHUNK) {
		build->model->memory_chunks[chunk] = 1;
	}
}

/* What the pairing calls; context: the stream (pairing.h). */
void ctrace_stream_build_opened(void *context, struct ctrace_span *span,
				const struct ctrace_event *begin);
void ctrace_stream_build_closed(void *context, const struct ctrace_span *span);
void ctrace_stream_build_other(void *context, const struct ctrace_event *event, uint32_t chunk,
			       const struct ctrace_span *inner);
void ctrace_stream_build_lost(void *context, const struct ctrace_lost *loss);

/* The kernel's calls that are over by then, at the depth at which the thread has been since the
 * last. */
void ctrace_stream_build_weave(struct ctrace_stream_build *build, uint64_t time, uint32_t depth);
/* The thread may work for another task from event `ref` on. */
void ctrace_stream_build_change_task(struct ctrace_stream_build *build, uint32_t ref);
/* Bytes of a collector's heap; `name`: CTRACE_NAME_COLLECTOR_LIVE or _HEAP. */
void ctrace_stream_build_add_heap(struct ctrace_stream_build *build, uint64_t time, uint64_t bytes,
				  uint32_t name, uint32_t ref);

#endif
