/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STREAM_ORDER_H
#define CTRACE_STREAM_ORDER_H

/*
 * Which chunk of each stream may come next while a trace is opened (SPEC 9.5): their numbers grow,
 * and their times never fall.
 *
 *     place = ctrace_stream_order_find(&order, header->stream)
 *     if (ctrace_stream_place_follows(place, header, &error, at, chunk))
 *             missing = ctrace_stream_place_advance(place, header)
 *     ctrace_stream_order_finish(&order)
 *
 * Thread: own object.
 */

#include "format/chunk.h"
#include "format/map.h"
#include "format/status.h"

/* What is known of a stream: its last chunk. */
struct ctrace_stream_place {
	uint64_t next_seq;
	uint64_t last_ticks;
};

/* All zero: no stream was seen. */
struct ctrace_stream_order {
	struct ctrace_map index;
	struct ctrace_stream_place *places; /* owned */
	uint32_t count, capacity;
};

void ctrace_stream_order_finish(struct ctrace_stream_order *order);

/* NULL: no memory. Good until the next call. */
struct ctrace_stream_place *ctrace_stream_order_find(struct ctrace_stream_order *order,
						     uint32_t stream);

/* False: the chunk at `at`, number `chunk` of the file, is out of its place, as *error tells. */
bool ctrace_stream_place_follows(const struct ctrace_stream_place *place,
				 const struct ctrace_chunk_header *header,
				 struct ctrace_error *error, uint64_t at, uint32_t chunk);

/* It is taken: how many of the stream's chunks are missing before it. */
uint32_t ctrace_stream_place_advance(struct ctrace_stream_place *place,
				     const struct ctrace_chunk_header *header);

#endif
