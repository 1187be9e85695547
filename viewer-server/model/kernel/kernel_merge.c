/* SPDX-License-Identifier: MIT */
/* One feed for each buffer, and a heap of feeds; see kernel_merge.h. */

#include "viewer-server/model/kernel/kernel_merge.h"

#include <stdlib.h>

/* Events decoded at a time: enough for the decoder to run, little for each of 4,096 buffers. */
#define BATCH_EVENTS 256u

struct ctrace_kernel_feed {
	uint32_t stream, cpu;
	uint32_t next, end; /* its chunks: positions in `order` */
	struct ctrace_chunk chunk;
	struct ctrace_cursor *cursor; /* owned; NULL: nothing is being read */
	struct ctrace_event *events;  /* owned; BATCH_EVENTS */
	uint32_t event_count, at;
	uint64_t key;  /* ticks by which it takes its turn */
	uint64_t last; /* of its latest event */
	bool has_events, has_loss;
	struct ctrace_lost loss;
	uint64_t missed_chunks, missed_events, missed_from, missed_to;
};

static int by_stream_then_seq(const void *a, const void *b, void *context)
{
	const struct ctrace_chunk_entry *x = ctrace_trace_chunk(context, *(const uint32_t *)a);
	const struct ctrace_chunk_entry *y = ctrace_trace_chunk(context, *(const uint32_t *)b);

	if (x->stream != y->stream) {
		return x->stream < y->stream ? -1 : 1;
	}
	if (x->seq != y->seq) {
		return x->seq < y->seq ? -1 : 1;
	}
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Chunks of buffers, sorted; how many. */
static uint32_t sort_chunks(struct ctrace_kernel_merge *merge)
{
	uint32_t chunks = ctrace_trace_info(merge->trace)->chunk_count, count = 0;

	for (uint32_t i = 0; i < chunks; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(merge->trace, i);

		if (entry->type == CTRACE_CHUNK_EVENTS &&
		    ctrace_trace_buffer(merge->trace, entry->stream) != NULL) {
			merge->order[count++] = i;
		}
	}
	qsort_r(merge->order, count, sizeof(*merge->order), by_stream_then_seq,
		(void *)(uintptr_t)merge->trace);
	return count;
}

static void make_feeds(struct ctrace_kernel_merge *merge, uint32_t chunks)
{
	for (uint32_t i = 0; i < chunks; i++) {
		uint32_t stream = ctrace_trace_chunk(merge->trace, merge->order[i])->stream;
		struct ctrace_kernel_feed *feed = &merge->feeds[merge->feed_count];

		if (merge->feed_count == 0 || feed[-1].stream != stream) {
			feed->stream = stream;
			feed->cpu = ctrace_trace_buffer(merge->trace, stream)->cpu;
			feed->next = i;
			merge->feed_count++;
		}
		merge->feeds[merge->feed_count - 1].end = i + 1;
	}
}

enum ctrace_status ctrace_kernel_merge_init(struct ctrace_kernel_merge *merge,
					    const struct ctrace_trace *trace)
{
	uint32_t buffers, chunks = ctrace_trace_info(trace)->chunk_count;

	*merge = (struct ctrace_kernel_merge){.trace = trace};
	ctrace_trace_buffers(trace, &buffers);
	merge->order = calloc(chunks + 1u, sizeof(*merge->order));
	merge->feeds = calloc(buffers + 1u, sizeof(*merge->feeds));
	merge->heap = calloc(buffers + 1u, sizeof(*merge->heap));
	if (merge->order == NULL || merge->feeds == NULL || merge->heap == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	make_feeds(merge, sort_chunks(merge));
	merge->heap_count = UINT32_MAX; /* filled by the first _next */
	return CTRACE_OK;
}

static void close_feed(struct ctrace_kernel_feed *feed)
{
	ctrace_chunk_unload(&feed->chunk);
	free(feed->cursor);
	free(feed->events);
	feed->cursor = NULL;
	feed->events = NULL;
}

void ctrace_kernel_merge_finish(struct ctrace_kernel_merge *merge)
{
	for (uint32_t i = 0; merge->feeds != NULL && i < merge->feed_count; i++) {
		close_feed(&merge->feeds[i]);
	}
	free(merge->feeds);
	free(merge->order);
	free(merge->heap);
	*merge = (struct ctrace_kernel_merge){0};
}

/* ---- One buffer --------------------------------------------------------- */

static void miss(struct ctrace_kernel_feed *feed, const struct ctrace_chunk_entry *entry)
{
	if (feed->missed_chunks == 0) {
		feed->missed_from = entry->base;
	}
	feed->missed_chunks += 1 + (uint64_t)entry->missing_before;
	feed->missed_events += entry->events;
	feed->missed_to = entry->base + entry->span;
}

/* What was missed up to `to` is the next item. */
static void lose_missed(struct ctrace_kernel_feed *feed, uint64_t to)
{
	uint64_t from = feed->has_events ? feed->last : feed->missed_from;

	if (feed->missed_chunks == 0) {
		return;
	}
	feed->loss = (struct ctrace_lost){
		.from = from < to ? from : to,
		.to = to,
		.events = feed->missed_events,
		.chunks = feed->missed_chunks,
		.reason = CTRACE_LOSS_CHUNK_MISSING,
		.chunk = CTRACE_NO_CHUNK,
	};
	feed->has_loss = true;
	feed->key = feed->loss.from;
	feed->missed_chunks = feed->missed_events = 0;
}

/* A chunk is used wholly or not at all, so it is checked first. */
static enum ctrace_status open_chunk(struct ctrace_kernel_merge *merge,
				     struct ctrace_kernel_feed *feed, uint32_t ordinal,
				     struct ctrace_error *error)
{
	enum ctrace_status status = ctrace_chunk_load(&feed->chunk, merge->trace, ordinal, error);

	if (status == CTRACE_OK) {
		status = ctrace_chunk_check(merge->trace, &feed->chunk, error);
	}
	if (status == CTRACE_OK) {
		status = ctrace_cursor_init(feed->cursor, merge->trace, &feed->chunk, error);
	}
	feed->event_count = feed->at = 0;
	return status;
}

static bool make_room(struct ctrace_kernel_feed *feed)
{
	if (feed->cursor == NULL) {
		feed->cursor = malloc(sizeof(*feed->cursor));
		feed->events = malloc(BATCH_EVENTS * sizeof(*feed->events));
	}
	return feed->cursor != NULL && feed->events != NULL;
}

/* The next chunk that can be used. CTRACE_END: there is none. */
static enum ctrace_status next_chunk(struct ctrace_kernel_merge *merge,
				     struct ctrace_kernel_feed *feed)
{
	if (!make_room(feed)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	while (feed->next < feed->end) {
		uint32_t ordinal = merge->order[feed->next++];
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(merge->trace, ordinal);
		struct ctrace_error error = {0};
		enum ctrace_status status = open_chunk(merge, feed, ordinal, &error);

		if (status == CTRACE_OK) {
			feed->missed_from =
				feed->missed_chunks == 0 ? entry->base : feed->missed_from;
			feed->missed_chunks += entry->missing_before;
			lose_missed(feed, entry->base);
			return CTRACE_OK;
		}
		if (status == CTRACE_ERR_NO_MEMORY) {
			return status;
		}
		if (merge->damaged != NULL) {
			merge->damaged(merge->context, ordinal, &error);
		}
		miss(feed, entry);
	}
	lose_missed(feed, feed->missed_to);
	close_feed(feed);
	return CTRACE_END;
}

/* A LOST record is told when what it tells of began: right after the event before it. */
static bool take_lost(struct ctrace_kernel_merge *merge, struct ctrace_kernel_feed *feed,
		      const struct ctrace_event *event)
{
	uint64_t base = ctrace_trace_info(merge->trace)->base_ticks, room, since, from;
	struct ctrace_value values[16];

	if (event->kind != CTRACE_KIND_LOST ||
	    ctrace_event_values(merge->trace, event, values) < 3) {
		return false;
	}
	room = event->ticks > base ? event->ticks - base : 0;
	since = values[2].u64 < room ? values[2].u64 : room;
	from = event->ticks - since;
	feed->loss = (struct ctrace_lost){
		.from = feed->has_events && feed->last > from ? feed->last : from,
		.to = event->ticks,
		.events = values[1].u64,
		.reason = (unsigned)values[0].u64,
		.chunk = feed->chunk.index,
		.index = event->index,
	};
	feed->has_loss = true;
	feed->key = feed->loss.from;
	return true;
}

static enum ctrace_status fill(struct ctrace_kernel_feed *feed)
{
	struct ctrace_error error = {0};
	enum ctrace_status status = ctrace_cursor_fill(feed->cursor, feed->events, BATCH_EVENTS,
						       &feed->event_count, &error);

	feed->at = 0;
	return feed->event_count > 0 ? CTRACE_OK : status == CTRACE_OK ? CTRACE_END : status;
}

/* Make the feed's next item ready. CTRACE_END: it has none. */
static enum ctrace_status advance(struct ctrace_kernel_merge *merge,
				  struct ctrace_kernel_feed *feed)
{
	enum ctrace_status status = CTRACE_OK;

	while (feed->at == feed->event_count) {
		status = feed->cursor != NULL ? fill(feed) : CTRACE_END;
		if (status == CTRACE_OK) {
			break;
		}
		status = next_chunk(merge, feed);
		if (status != CTRACE_OK || feed->has_loss) {
			return feed->has_loss ? CTRACE_OK : status;
		}
	}
	if (!take_lost(merge, feed, &feed->events[feed->at])) {
		feed->key = feed->events[feed->at].ticks;
	}
	return CTRACE_OK;
}

/* ---- All buffers -------------------------------------------------------- */

static bool is_before(const struct ctrace_kernel_merge *merge, uint32_t a, uint32_t b)
{
	const struct ctrace_kernel_feed *x = &merge->feeds[a], *y = &merge->feeds[b];

	return x->key != y->key ? x->key < y->key : a < b;
}

static void sift_down(struct ctrace_kernel_merge *merge, uint32_t at)
{
	uint32_t feed = merge->heap[at];

	for (;;) {
		uint32_t below = 2 * at + 1;

		if (below + 1 < merge->heap_count &&
		    is_before(merge, merge->heap[below + 1], merge->heap[below])) {
			below++;
		}
		if (below >= merge->heap_count || !is_before(merge, merge->heap[below], feed)) {
			break;
		}
		merge->heap[at] = merge->heap[below];
		at = below;
	}
	merge->heap[at] = feed;
}

static enum ctrace_status start(struct ctrace_kernel_merge *merge)
{
	merge->heap_count = 0;
	for (uint32_t i = 0; i < merge->feed_count; i++) {
		enum ctrace_status status = advance(merge, &merge->feeds[i]);

		if (status == CTRACE_OK) {
			merge->heap[merge->heap_count++] = i;
		} else if (status != CTRACE_END) {
			return status;
		}
	}
	for (uint32_t i = merge->heap_count; i-- > 0;) {
		sift_down(merge, i);
	}
	return CTRACE_OK;
}

/* The item that was given last is used: its feed goes on. */
static enum ctrace_status step(struct ctrace_kernel_merge *merge)
{
	struct ctrace_kernel_feed *feed = &merge->feeds[merge->heap[0]];
	enum ctrace_status status;

	if (feed->has_loss) {
		/* One of missing chunks stands before the first event of the next chunk. */
		feed->at += feed->loss.chunk != CTRACE_NO_CHUNK;
		feed->has_loss = false;
	} else {
		feed->last = feed->events[feed->at++].ticks;
		feed->has_events = true;
	}
	status = advance(merge, feed);
	if (status == CTRACE_END) {
		merge->heap[0] = merge->heap[--merge->heap_count];
		status = CTRACE_OK;
	}
	if (merge->heap_count > 0) {
		sift_down(merge, 0);
	}
	return status;
}

enum ctrace_status ctrace_kernel_merge_next(struct ctrace_kernel_merge *merge,
					    struct ctrace_kernel_item *item)
{
	enum ctrace_status status;
	struct ctrace_kernel_feed *feed;

	if (merge->heap_count == UINT32_MAX) {
		status = start(merge);
	} else {
		status = merge->heap_count > 0 ? step(merge) : CTRACE_END;
	}
	if (status != CTRACE_OK || merge->heap_count == 0) {
		return status != CTRACE_OK ? status : CTRACE_END;
	}
	feed = &merge->feeds[merge->heap[0]];
	*item = (struct ctrace_kernel_item){
		.event = feed->has_loss ? NULL : &feed->events[feed->at],
		.loss = feed->has_loss ? &feed->loss : NULL,
		.chunk = feed->chunk.index,
		.stream = feed->stream,
		.cpu = feed->cpu,
		.feed = merge->heap[0],
	};
	return CTRACE_OK;
}
