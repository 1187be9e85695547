/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PAST_H
#define CTRACE_PAST_H

/*
 * The flight recorder's memory: sealed chunks of events, in the order of their last
 * events, bounded by age and by bytes, and the rows without which they mean nothing.
 *
 *     collector: seal ─► keep ─► | oldest … newest |   too old or too much: falls off at the left
 *                thread, clock ─►  rows, gone with the last chunk that needs them
 *
 *     ctrace_past_create(&past, span_ticks, limit_bytes)
 *       keep, thread, clock, forget …       on the collector's thread only
 *       ctrace_past_chunk_hold/_drop        any thread: a snapshot keeps what it shows
 *     ctrace_past_destroy(past)
 *
 * Of each stream what is left is a suffix without a hole, since its chunks stand in the order in
 * which they were sealed. Among streams that is not the order of time: one round of a collector
 * seals many.
 *
 * Pairs of orders:
 *     [K] references: release by who drops one, acquire by who drops the last: reading before free.
 */

#include "format/writer.h"
#include "tracer/src/limits.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_past_chunk {
	_Atomic uint32_t references; /* the past's own is one */
	struct ctrace_past_chunk *newer, *older;
	struct ctrace_past_thread *thread; /* the past's alone */
	struct ctrace_sealed sealed;
	uint8_t payload[];
};

/* A thread, or a kernel's buffer: what a stream belongs to. */
struct ctrace_past_thread {
	struct ctrace_past_thread *next; /* of its bucket */
	struct ctrace_thread_row row;	 /* `name` and the counts are not set */
	bool is_buffer;
	struct ctrace_buffer_row buffer; /* the counts are not set; of `row` only `stream` is */
	uint64_t start;			 /* ticks, not after any base */
	char name[CTRACE_NAME_BYTES_MAX];
	uint32_t chunks; /* that are kept */
	/* While a snapshot is made: its chunks there, and what they hold. */
	uint32_t shown;
	uint64_t shown_written, shown_lost;
};

/* Streams are numbered one after the other, so this many live at once without a chain. */
#define CTRACE_PAST_BUCKETS 4096u

struct ctrace_past {
	uint64_t span_ticks; /* 0: whatever the bytes hold */
	size_t limit_bytes;
	struct ctrace_past_chunk *oldest, *newest;
	struct ctrace_past_thread *buckets[CTRACE_PAST_BUCKETS];
	size_t bytes;	   /* of all chunks and rows of threads that are kept */
	size_t rows_bytes; /* of rows that the session's writer remembers: they take of the limit,
			      half of it at most */
	uint32_t chunks, threads; /* that are kept */
	uint32_t threads_shown;	  /* threads of which a chunk is kept */
	struct ctrace_clock_row *clocks;
	uint32_t clocks_count;
	uint64_t fallen_off,
		refused; /* chunks: too old or too much; for which there was no memory */
};

/* NULL without memory. */
struct ctrace_past *ctrace_past_create(uint64_t span_ticks, size_t limit_bytes);
/* NULL is fine. Chunks that a snapshot holds live on. */
void ctrace_past_destroy(struct ctrace_past *past);

/*
 * ctrace_keep_fn of a session's writer; `past` is a struct ctrace_past. Without memory it gives up
 * the whole past rather than a chunk in its middle, and answers CTRACE_OK all the same.
 */
enum ctrace_status ctrace_past_keep(void *past, const struct ctrace_sealed *chunk);

/* State a thread: before its first chunk, when its name may have changed, and when it has exited.
 * `row->start` counts from `base`. */
void ctrace_past_thread(struct ctrace_past *past, const struct ctrace_thread_row *row,
			uint64_t base, const char *name);
/* ctrace_keep_buffer_fn, likewise: a stream that is a kernel's buffer. It stays. */
void ctrace_past_buffer(void *past, const struct ctrace_buffer_row *row);
/* NULL: nothing is known of this stream. */
struct ctrace_past_thread *ctrace_past_find(const struct ctrace_past *past, uint32_t stream);

void ctrace_past_clock(struct ctrace_past *past, const struct ctrace_clock_row *row);

/* What is too old at `now_ticks` falls off. */
void ctrace_past_forget(struct ctrace_past *past, uint64_t now_ticks);
/* Chunks are of this time and later, but for what was late: `margin_ticks`. */
uint64_t ctrace_past_oldest(const struct ctrace_past *past, uint64_t now_ticks,
			    uint64_t margin_ticks);

void ctrace_past_chunk_hold(struct ctrace_past_chunk *chunk);
void ctrace_past_chunk_drop(struct ctrace_past_chunk *chunk);

#endif
