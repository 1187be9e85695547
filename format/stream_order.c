/* SPDX-License-Identifier: MIT */
/* Numbers and times of each stream's chunks, one after the other; see stream_order.h. */

#include "format/stream_order.h"

#include <stdlib.h>

void ctrace_stream_order_finish(struct ctrace_stream_order *order)
{
	free(order->places);
	ctrace_map_finish(&order->index);
	*order = (struct ctrace_stream_order){0};
}

static bool has_room(struct ctrace_stream_order *order)
{
	uint32_t capacity = order->capacity == 0 ? 64 : order->capacity * 2;
	struct ctrace_stream_place *grown;

	if (order->count < order->capacity) {
		return true;
	}
	grown = realloc(order->places, capacity * sizeof(*grown));
	if (grown == NULL) {
		return false;
	}
	order->places = grown;
	order->capacity = capacity;
	return true;
}

struct ctrace_stream_place *ctrace_stream_order_find(struct ctrace_stream_order *order,
						     uint32_t stream)
{
	uint32_t index = ctrace_map_get(&order->index, stream);

	if (index != CTRACE_MAP_NONE) {
		return &order->places[index];
	}
	if (!has_room(order) || !ctrace_map_put(&order->index, stream, order->count)) {
		return NULL;
	}
	order->places[order->count] = (struct ctrace_stream_place){0};
	return &order->places[order->count++];
}

bool ctrace_stream_place_follows(const struct ctrace_stream_place *place,
				 const struct ctrace_chunk_header *header,
				 struct ctrace_error *error, uint64_t at, uint32_t chunk)
{
	if (header->type != CTRACE_CHUNK_EVENTS) {
		return true;
	}
	if (header->seq < place->next_seq) {
		ctrace_error_set(error, CTRACE_ERR_DAMAGED, at, chunk,
				 "out of place: chunk %u of stream %u stands behind its chunk %llu",
				 header->seq, header->stream,
				 (unsigned long long)place->next_seq - 1);
		return false;
	}
	if (header->base < place->last_ticks) {
		ctrace_error_set(
			error, CTRACE_ERR_DAMAGED, at, chunk,
			"out of place: stream %u goes back in time from %llu to %llu ticks",
			header->stream, (unsigned long long)place->last_ticks,
			(unsigned long long)header->base);
		return false;
	}
	return true;
}

uint32_t ctrace_stream_place_advance(struct ctrace_stream_place *place,
				     const struct ctrace_chunk_header *header)
{
	uint64_t missing = header->seq > place->next_seq ? header->seq - place->next_seq : 0;

	if (header->seq >= place->next_seq) {
		place->next_seq = (uint64_t)header->seq + 1;
	}
	if (header->type == CTRACE_CHUNK_EVENTS) {
		place->last_ticks = header->base + header->span;
	}
	return (uint32_t)missing;
}
