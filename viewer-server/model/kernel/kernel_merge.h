/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_MERGE_H
#define CTRACE_KERNEL_MERGE_H

/*
 * Events of all of a kernel's buffers in one order, that of time: each buffer is a stream in its
 * own order, and what happened to a thread is spread over them.
 *
 *     cpu 0   a     c  d        f
 *     cpu 1      b        e        lost g       ─►  a b c d e f lost g
 *
 * A loss comes when it begins, not where it is written: who follows the threads must know then that
 * what they see from there on is not all.
 *
 * Thread: one at a time per object.  Memory: one chunk for each buffer.
 */

#include "format/reader.h"
#include "viewer-server/model/threads/pairing.h"

struct ctrace_kernel_item {
	const struct ctrace_event *event; /* NULL: a loss; valid until the next call */
	const struct ctrace_lost *loss;	  /* the same */
	uint32_t chunk;			  /* ordinal of the event's chunk */
	uint32_t stream, cpu;		  /* of its buffer; cpu may be CTRACE_NO_CPU */
	uint32_t feed;			  /* number of the buffer, below feed_count */
};

struct ctrace_kernel_feed;

struct ctrace_kernel_merge {
	const struct ctrace_trace *trace; /* borrowed */
	struct ctrace_kernel_feed *feeds; /* owned; one for each buffer with chunks */
	uint32_t feed_count;
	uint32_t *order; /* owned; EVENTS chunks by buffer, then seq */
	uint32_t *heap;	 /* owned; feeds that have an item, the earliest first */
	uint32_t heap_count;
	/* A chunk that cannot be used is told of, and lost. May be NULL. */
	void (*damaged)(void *context, uint32_t chunk, const struct ctrace_error *error);
	void *context;
};

/* Borrows `trace`. Set `damaged` before the first _next. Undo with _finish, also after a failure.
 */
enum ctrace_status ctrace_kernel_merge_init(struct ctrace_kernel_merge *merge,
					    const struct ctrace_trace *trace);
void ctrace_kernel_merge_finish(struct ctrace_kernel_merge *merge);

/* The next item; CTRACE_END after the last. CTRACE_ERR_NO_MEMORY, CTRACE_ERR_IO. */
enum ctrace_status ctrace_kernel_merge_next(struct ctrace_kernel_merge *merge,
					    struct ctrace_kernel_item *item);

#endif
