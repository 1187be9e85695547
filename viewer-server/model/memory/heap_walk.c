/* SPDX-License-Identifier: MIT */

/* Events of memory over all streams by time; see heap_walk.h. */

#include "viewer-server/model/memory/heap_walk.h"

#include "format/wire.h"

#include <stdlib.h>
#include <string.h>

struct ctrace_heap_stream {
	uint32_t number;
	uint64_t pid, tid;
	bool is_buffer;	  /* of a kernel: its events say whose they are */
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

static int by_number(const void *a, const void *b)
{
	const struct ctrace_heap_stream *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static void add_buffers(struct ctrace_heap_walk *walk)
{
	uint32_t count;
	const struct ctrace_buffer_row *buffers = ctrace_trace_buffers(walk->trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		walk->streams[walk->stream_count].number = buffers[i].stream;
		walk->streams[walk->stream_count++].is_buffer = true;
	}
}

/* A place for each thread of the trace; for buffers only if what they tell is asked for. */
static bool make_streams(struct ctrace_heap_walk *walk)
{
	uint32_t count, buffers = 0;
	const struct ctrace_thread_row *threads = ctrace_trace_threads(walk->trace, &count);

	ctrace_trace_buffers(walk->trace, &buffers);
	walk->streams = calloc((size_t)count + buffers + 1u, sizeof(*walk->streams));
	walk->order = calloc((size_t)count + buffers + 1u, sizeof(struct ctrace_heap_stream *));
	if (walk->streams == NULL || walk->order == NULL) {
		return false;
	}
	walk->stream_count = count;
	for (uint32_t i = 0; i < count; i++) {
		walk->streams[i].number = threads[i].stream;
		walk->streams[i].pid = threads[i].pid;
		walk->streams[i].tid = threads[i].tid;
	}
	if (walk->choice.threads != NULL) {
		add_buffers(walk);
		qsort(walk->streams, walk->stream_count, sizeof(*walk->streams), by_number);
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
		bool is_chosen = entry->type == CTRACE_CHUNK_EVENTS &&
				 (walk->choice.chunks == NULL || walk->choice.chunks[i] != 0);
		struct ctrace_heap_stream *stream =
			is_chosen ? find_stream(walk, entry->stream) : NULL;

		if (stream != NULL && stream->is_buffer && walk->choice.buffer_chunks != NULL &&
		    walk->choice.buffer_chunks[i] == 0) {
			continue;
		}
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
			(walk->choice.is_checked ||
			 ctrace_chunk_check(walk->trace, &stream->chunk, &error) == CTRACE_OK);

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

/* A varint that the cursor has checked, by eight bytes at once where the payload goes on so far. */
static uint64_t number_at(const uint8_t **at, const struct ctrace_chunk *chunk)
{
	const uint8_t *end = chunk->payload + chunk->entry->raw, *next = NULL;
	struct ctrace_wire wire;
	uint64_t value;

	if (end - *at >= 8) {
		next = ctrace_get_varint_8(*at, &value);
	}
	if (next == NULL) {
		wire = ctrace_wire_over(*at, (size_t)(end - *at));
		value = ctrace_wire_varint(&wire);
		next = wire.at;
	}
	*at = next;
	return value;
}

/* The fields of what there is most of, without a table of them. */
static void take_block(struct ctrace_heap_stream *stream, const struct ctrace_event *event)
{
	const struct ctrace_chunk *chunk = &stream->chunk;
	struct ctrace_heap_event *into = &stream->next;
	const uint8_t *at = event->args;

	if (into->kind == CTRACE_KIND_REALLOC) {
		into->from = number_at(&at, chunk);
	}
	into->address = number_at(&at, chunk);
	if (into->kind != CTRACE_KIND_FREE) {
		into->size = number_at(&at, chunk);
		into->stack = number_at(&at, chunk);
	}
	if (into->kind == CTRACE_KIND_ALLOC) {
		into->weight = number_at(&at, chunk);
	}
	into->pool = number_at(&at, chunk);
}

static void take_pool(struct ctrace_heap_event *into, const struct ctrace_value *values)
{
	into->pool = values[0].u64;
	into->address = values[1].u64;
	into->is_less = values[2].i64 < 0;
	into->size = into->is_less ? 0 - (uint64_t)values[2].i64 : (uint64_t)values[2].i64;
	into->name = values[3].str;
}

/* Whose a fault or a call is. */
static void take_thread(const struct ctrace_heap_walk *walk, struct ctrace_heap_event *into,
			uint64_t tid, uint64_t ticks)
{
	uint32_t thread;

	if (tid == 0) {
		return;
	}
	thread = ctrace_thread_table_find(walk->choice.threads, tid, ticks);
	into->tid = tid;
	into->pid = thread != CTRACE_NO_THREAD ? walk->choice.threads->threads[thread].pid : 0;
}

static void take_values(const struct ctrace_heap_walk *walk, struct ctrace_heap_stream *stream,
			const struct ctrace_event *event)
{
	struct ctrace_heap_event *into = &stream->next;
	struct ctrace_value values[16];

	if (into->kind <= CTRACE_KIND_REALLOC && into->kind >= CTRACE_KIND_ALLOC) {
		take_block(stream, event);
		return;
	}
	ctrace_event_values(walk->trace, event, values);
	switch ((int)into->kind) {
	case CTRACE_KIND_POOL:
		take_pool(into, values);
		return;
	case CTRACE_KIND_PAGE_FAULT:
		take_thread(walk, into, values[0].u64, event->ticks);
		into->address = values[1].u64;
		into->weight = values[2].u64;
		into->stack = values[3].u64;
		return;
	case CTRACE_KIND_PROCESS_MEMORY:
		into->pid = values[0].u64;
		into->size = values[1].u64;
		into->from = values[2].u64 < values[1].u64 ? values[2].u64 : values[1].u64;
		return;
	default:
		take_thread(walk, into, values[0].u64, event->ticks);
		into->call = values[1].u64;
		into->result = values[2].i64;
		for (unsigned i = 0; i < 4 && into->kind == CTRACE_KIND_SYSCALL_ENTER; i++) {
			into->args[i] = values[2 + i].u64;
		}
	}
}

static bool is_wanted_call(const struct ctrace_heap_walk *walk, const struct ctrace_event *event)
{
	struct ctrace_wire wire =
		ctrace_wire_over(event->args, (size_t)(event->args_end - event->args));
	uint64_t call;

	ctrace_wire_varint(&wire);
	call = ctrace_wire_varint(&wire);
	return call < walk->choice.call_end && walk->choice.calls[call] != 0;
}

static bool is_of_memory(const struct ctrace_heap_walk *walk, const struct ctrace_event *event)
{
	if (event->kind >= CTRACE_KIND_ALLOC && event->kind <= CTRACE_KIND_POOL) {
		return true;
	}
	if (walk->choice.threads == NULL) {
		return false;
	}
	return event->kind == CTRACE_KIND_PAGE_FAULT || event->kind == CTRACE_KIND_PROCESS_MEMORY ||
	       ((event->kind == CTRACE_KIND_SYSCALL_ENTER ||
		 event->kind == CTRACE_KIND_SYSCALL_EXIT) &&
		is_wanted_call(walk, event));
}

static void take(const struct ctrace_heap_walk *walk, struct ctrace_heap_stream *stream,
		 const struct ctrace_event *event)
{
	stream->next =
		(struct ctrace_heap_event){.kind = event->kind,
					   .stream = stream->number,
					   .place = (uint32_t)(stream - walk->streams),
					   .pid = stream->pid,
					   .tid = stream->tid,
					   .is_of_kernel = stream->is_buffer,
					   .time = ctrace_trace_ns(walk->trace, event->ticks)};
	stream->ticks = event->ticks;
	stream->is_known = true;
	take_values(walk, stream, event);
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
		if (is_of_memory(walk, &event)) {
			take(walk, stream, &event);
			return true;
		}
		if (event.kind == CTRACE_KIND_LOST && !stream->is_buffer) {
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

enum ctrace_status ctrace_heap_walk_init_chosen(struct ctrace_heap_walk *walk,
						const struct ctrace_trace *trace,
						const struct ctrace_heap_choice *choice)
{
	*walk = (struct ctrace_heap_walk){.trace = trace, .choice = *choice};
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

enum ctrace_status ctrace_heap_walk_init(struct ctrace_heap_walk *walk,
					 const struct ctrace_trace *trace)
{
	static const struct ctrace_heap_choice all;

	return ctrace_heap_walk_init_chosen(walk, trace, &all);
}

uint32_t ctrace_heap_walk_stream(const struct ctrace_heap_walk *walk, uint32_t place)
{
	return walk->streams[place].number;
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
