/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SNAPSHOT_H
#define CTRACE_SNAPSHOT_H

/*
 * A window of the past, taken on the collector's thread in the time it takes to
 * count chunks, and written as a whole trace on any other, however slow its sink.
 *
 *     struct ctrace_snapshot snapshot = {.last_ns = 5000000000};
 *     ctrace_collect_snapshot(session, &snapshot)     the collector takes it; recording goes on
 *     ctrace_snapshot_write(&snapshot, write, sink)   header, tables, chunks, index, trailer
 *     ctrace_snapshot_finish(&snapshot)
 *
 * In the file each stream's chunks count from 0: what fell off the past is not a loss. Threads
 * that live and have spans open but no event in the window get a chunk that says only that.
 */

#include "format/block.h"
#include "tracer/src/collect/past.h"
#include "tracer/src/sites/entry.h"

#include <stdbool.h>
#include <stdint.h>

struct ctrace_snapshot_chunk {
	struct ctrace_past_chunk *chunk; /* held */
	uint32_t seq;
};

/* Spans that a thread had open while it wrote nothing. */
struct ctrace_snapshot_open {
	uint32_t stream, depth;
	struct ctrace_open_span *spans; /* owns */
};

/* What it says beside its chunks. */
struct ctrace_snapshot_tables {
	/* META, but for `snapshot`, `ended` and `left_out`, and PROCESSES where no rows are
	 * remembered. */
	void (*describe)(struct ctrace_writer *writer, void *context);
	/* The site of this id, which the session's writer was given. */
	const struct ctrace_entry *(*site)(void *context, uint32_t id);
	void *context;
	const char *ended; /* META `ended` */
};

struct ctrace_snapshot {
	const struct ctrace_snapshot_tables *tables; /* borrows */
	/* Asked for; zero is fine. */
	uint64_t last_ns;  /* how far back; 0: all there is */
	uint64_t asked;	   /* ticks: from when on back; 0: when it is taken */
	bool is_last_word; /* the process dies: take also what handlers wrote into unfinished events
			    */
	char reason[192];  /* why: META `snapshot` */

	/* The session's writer, if it remembers rows: borrowed until write has returned. Who has
	 * one writes on the collector's thread, before anything else is collected. */
	const struct ctrace_writer *rows;

	/* Taken. */
	uint8_t session[16];
	uint64_t from, now; /* ticks */
	uint64_t ticks_per_second;
	struct ctrace_snapshot_chunk *chunks;
	uint32_t chunks_count;
	struct ctrace_past_thread *threads; /* and buffers; copies */
	uint32_t threads_count;
	struct ctrace_snapshot_open *open;
	uint32_t open_count;
	struct ctrace_clock_row *clocks;
	uint32_t clocks_count;
	uint32_t *sites; /* their ids */
	uint32_t sites_count;
	/* What the past held in all at that moment. */
	size_t held_bytes;
	uint32_t held_chunks, held_threads;
};

/* A thread of the session: which spans it has open now. */
struct ctrace_snapshot_thread {
	uint32_t stream, depth;
	const struct ctrace_open_span *open;
};

/*
 * Take what `past` holds: `snapshot->tables`, `->now`, `->ticks_per_second`, `->session` and what
 * is asked for are set. `threads`
 * are those that live. Sites have ids below `sites_end`. 0 or -ENOMEM. Thread: the collector.
 */
int ctrace_snapshot_take(struct ctrace_snapshot *snapshot, struct ctrace_past *past,
			 const struct ctrace_writer *writer,
			 const struct ctrace_snapshot_thread *threads, uint32_t threads_count,
			 uint32_t sites_end);

/* The whole trace. CTRACE_OK, or what `write` failed with. Thread: any. */
enum ctrace_status ctrace_snapshot_write(const struct ctrace_snapshot *snapshot,
					 ctrace_write_fn *write, void *sink);

/* Zeroed and half-made ones are fine. */
void ctrace_snapshot_finish(struct ctrace_snapshot *snapshot);

#endif
