/* SPDX-License-Identifier: MIT */

/* Events of memory over all streams by time; see heap_walk.h. */

#include "viewer-server/model/memory/heap_walk.h"

#include "format/map.h"

#include <stdlib.h>
#include <string.h>

struct ctrace_heap_stream {
	uint32_t number;
	uint64_t pid, tid;
	uint32_t *chunks; /* owned: their numbers, in file order */
	uint32_t chunk_count, chunk_room, chunk_next;
	struct ctrace_chunk chunk;
	struct ctrace_cursor *cursor; /* owned; NULL: no chunk is under way */
	/* The next event; before its chunk is read, when that may come. */
	struct ctrace_heap_event next;
	uint64_t ticks;
	bool is_known;
};

/* ---- streams ---- */

static bool add_chunk(struct ctrace_heap_stream *stream, uint32_t chunk)
{
	uint32_t room = stream->chunk_room != 0 ? 2 * stream->chunk_room : 8;
	uint32_t *more;

	if (stream->chunk_count == stream->chunk_room) {
		more = realloc(stream->chunks, room * sizeof(*more));
		if (more == NULL) {
			return false;
		}
		stream->chunks = more;
		stream->chunk_room = room;
	}
	stream->chunks[stream->chunk_count++] = chunk;
	return true;
}

/* A place for each thread of the trace: only their streams tell of memory. */
static bool make_streams(struct ctrace_heap_walk *walk)
{
	uint32_t count;
	const struct ctrace_thread_row *threads = ctrace_trace_threads(walk->trace, &count);

	walk->streams = calloc(count + 1u, sizeof(*walk->streams));
	walk->order = calloc(count + 1u, sizeof(struct ctrace_heap_stream *));
	if (walk->streams == NULL || walk->order == NULL) {
		return false;
	}
	walk->stream_count = count;
	for (uint32_t i = 0; i < count; i++) {
		walk->streams[i].number = threads[i].stream;
		walk->streams[i].pid = threads[i].pid;
		walk->streams[i].tid = threads[i].tid;
	}
	return true;
}

/* They are sorted by number. */
static struct ctrace_heap_stream *find_stream(const struct ctrace_heap_walk *walk, uint32_t number)
{
	uint32_t low = 0, high = walk->stream_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (walk->streams[middle].number < number) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < walk->stream_count && walk->streams[low].number == number ? &walk->streams[low]
									       : NULL;
}

static bool share_out_chunks(struct ctrace_heap_walk *walk)
{
	uint32_t count = ctrace_trace_info(walk->trace)->chunk_count;

	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(walk->trace, i);
		struct ctrace_heap_stream *stream = entry->type == CTRACE_CHUNK_EVENTS
							    ? find_stream(walk, entry->stream)
							    : NULL;

		if (stream != NULL && !add_chunk(stream, i)) {
			return false;
		}
		walk->of += stream != NULL ? entry->events : 0;
	}
	return true;
}

/* ---- the next event of a stream ---- */

static void close_chunk(struct ctrace_heap_stream *stream)
{
	free(stream->cursor);
	stream->cursor = NULL;
	ctrace_chunk_unload(&stream->chunk);
	memset(&stream->chunk, 0, sizeof(stream->chunk));
}

/* The next whole chunk. False: there is none. */
static bool open_chunk(struct ctrace_heap_walk *walk, struct ctrace_heap_stream *stream)
{
	while (stream->chunk_next < stream->chunk_count) {
		uint32_t number = stream->chunks[stream->chunk_next++];
		struct ctrace_error error = {0};
		bool is_whole =
			ctrace_chunk_load(&stream->chunk, walk->trace, number, &error) ==
				CTRACE_OK &&
			ctrace_chunk_check(walk->trace, &stream->chunk, &error) == CTRACE_OK;

		stream->cursor = is_whole ? malloc(sizeof(*stream->cursor)) : NULL;
		if (stream->cursor != NULL) {
			ctrace_cursor_init(stream->cursor, walk->trace, &stream->chunk, NULL);
			return true;
		}
		close_chunk(stream);
		walk->damaged += !is_whole;
		if (is_whole || error.status == CTRACE_ERR_NO_MEMORY) {
			walk->status = CTRACE_ERR_NO_MEMORY;
			return false;
		}
	}
	return false;
}

static bool is_of_memory(enum ctrace_kind kind)
{
	return kind >= CTRACE_KIND_ALLOC && kind <= CTRACE_KIND_POOL;
}

static void take_values(struct ctrace_heap_event *into, const struct ctrace_value *values)
{
	switch (into->kind) {
	case CTRACE_KIND_ALLOC:
		into->address = values[0].u64;
		into->size = values[1].u64;
		into->stack = values[2].u64;
		into->weight = values[3].u64;
		into->pool = values[4].u64;
		return;
	case CTRACE_KIND_FREE:
		into->address = values[0].u64;
		into->pool = values[1].u64;
		return;
	case CTRACE_KIND_REALLOC:
		into->from = values[0].u64;
		into->address = values[1].u64;
		into->size = values[2].u64;
		into->stack = values[3].u64;
		into->pool = values[4].u64;
		return;
	default:
		into->pool = values[0].u64;
		into->address = values[1].u64;
		into->is_less = values[2].i64 < 0;
		into->size = into->is_less ? 0 - (uint64_t)values[2].i64 : (uint64_t)values[2].i64;
		into->name = values[3].str;
		return;
	}
}

static void take(const struct ctrace_heap_walk *walk, struct ctrace_heap_stream *stream,
		 const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	ctrace_event_values(walk->trace, event, values);
	stream->next =
		(struct ctrace_heap_event){.kind = event->kind,
					   .stream = stream->number,
					   .pid = stream->pid,
					   .tid = stream->tid,
					   .time = ctrace_trace_ns(walk->trace, event->ticks)};
	stream->ticks = event->ticks;
	stream->is_known = true;
	take_values(&stream->next, values);
}

static void count_lost(struct ctrace_heap_walk *walk, const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	ctrace_event_values(walk->trace, event, values);
	walk->lost += values[1].u64;
}

/* Go on to the stream's next event of memory, in this chunk. False: it has no more. */
static bool step_in_chunk(struct ctrace_heap_walk *walk, struct ctrace_heap_stream *stream)
{
	struct ctrace_event event;

	while (ctrace_cursor_next(stream->cursor, &event, NULL) == CTRACE_OK) {
		walk->read++;
		if (is_of_memory(event.kind)) {
			take(walk, stream, &event);
			return true;
		}
		if (event.kind == CTRACE_KIND_LOST) {
			count_lost(walk, &event);
		}
	}
	close_chunk(stream);
	return false;
}

/* When the next chunk begins is when its first event may come. False: there is no more. */
static bool wait_for_chunk(const struct ctrace_heap_walk *walk, struct ctrace_heap_stream *stream)
{
	if (stream->chunk_next == stream->chunk_count) {
		return false;
	}
	stream->ticks = ctrace_trace_chunk(walk->trace, stream->chunks[stream->chunk_next])->base;
	stream->is_known = false;
	return true;
}

/* ---- which stream is next ---- */

static bool comes_before(const struct ctrace_heap_stream *a, const struct ctrace_heap_stream *b)
{
	unsigned rank_a = !a->is_known ? 0 : a->next.kind == CTRACE_KIND_FREE ? 1 : 2;
	unsigned rank_b = !b->is_known ? 0 : b->next.kind == CTRACE_KIND_FREE ? 1 : 2;

	if (a->ticks != b->ticks) {
		return a->ticks < b->ticks;
	}
	return rank_a != rank_b ? rank_a < rank_b : a->number < b->number;
}

static void sink(const struct ctrace_heap_walk *walk, uint32_t at)
{
	struct ctrace_heap_stream **order = walk->order, *moved = order[at];

	while (2 * at + 1 < walk->order_count) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < walk->order_count && comes_before(order[child + 1], order[child])) {
			child++;
		}
		if (!comes_before(order[child], moved)) {
			break;
		}
		order[at] = order[child];
		at = child;
	}
	order[at] = moved;
}

enum ctrace_status ctrace_heap_walk_init(struct ctrace_heap_walk *walk,
					 const struct ctrace_trace *trace)
{
	*walk = (struct ctrace_heap_walk){.trace = trace};
	if (!make_streams(walk) || !share_out_chunks(walk)) {
		walk->status = CTRACE_ERR_NO_MEMORY;
		return walk->status;
	}
	for (uint32_t i = 0; i < walk->stream_count; i++) {
		if (wait_for_chunk(walk, &walk->streams[i])) {
			walk->order[walk->order_count++] = &walk->streams[i];
		}
	}
	for (uint32_t i = walk->order_count / 2; i-- > 0;) {
		sink(walk, i);
	}
	return CTRACE_OK;
}

/* The stream on top has given its event, or its chunk is due: it goes where it belongs. */
static void go_on(struct ctrace_heap_walk *walk)
{
	struct ctrace_heap_stream *top = walk->order[0];
	bool has_next = top->cursor != NULL || open_chunk(walk, top);

	if (has_next) {
		has_next = step_in_chunk(walk, top) || wait_for_chunk(walk, top);
	}
	if (!has_next) {
		walk->order[0] = walk->order[--walk->order_count];
	}
	if (walk->order_count > 0) {
		sink(walk, 0);
	}
}

bool ctrace_heap_walk_next(struct ctrace_heap_walk *walk, struct ctrace_heap_event *event)
{
	if (walk->taken != NULL) {
		walk->taken = NULL;
		go_on(walk);
	}
	while (walk->status == CTRACE_OK && walk->order_count > 0 && !walk->order[0]->is_known) {
		go_on(walk);
	}
	if (walk->status != CTRACE_OK || walk->order_count == 0) {
		return false;
	}
	walk->taken = walk->order[0];
	*event = walk->taken->next;
	return true;
}

void ctrace_heap_walk_finish(struct ctrace_heap_walk *walk)
{
	for (uint32_t i = 0; walk->streams != NULL && i < walk->stream_count; i++) {
		close_chunk(&walk->streams[i]);
		free(walk->streams[i].chunks);
	}
	free(walk->streams);
	free(walk->order);
	*walk = (struct ctrace_heap_walk){.trace = NULL};
}
