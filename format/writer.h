/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_WRITER_H
#define CTRACE_WRITER_H

/*
 * Writes a trace: tables as rows are learned, one block of columns per thread or kernel buffer,
 * sealed into chunks and handed to a sink in file order.
 *
 *     ctrace_writer_init(&w, &settings)       the file header goes out
 *     ctrace_writer_string / _site / _thread / _buffer / _call / _stack / _meta …   rows, any time
 *     ctrace_block_init(&b, stream, first_ticks)   one per thread or buffer
 *       ctrace_block_begin/_end/_event …      hot: inline, no branch but the space test (block.h)
 *       ctrace_block_sched_switch …           the same, for what a kernel tells (kernel_events.h)
 *       ctrace_writer_seal(&w, &b)            pending tables, then the block as a chunk
 *     ctrace_writer_close(&w)                 index, trailer
 *     ctrace_writer_finish(&w)                memory only
 *
 * One thread at a time per writer. Never used on the event path.
 */

#include "format/chunk.h"
#include "format/kinds.h"
#include "format/records.h"
#include "format/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_block;
struct ctrace_open_span;
struct ctrace_writer_tables; /* rows waiting to be written */

/*
 * Takes `size` bytes that follow all given before. Returns CTRACE_OK or what
 * went wrong; the writer then gives nothing more and answers with that status.
 */
typedef enum ctrace_status ctrace_write_fn(void *sink, const void *bytes, size_t size);

/* A sealed chunk of events by itself, to be kept, and to stand in another trace later. */
struct ctrace_sealed {
	struct ctrace_chunk_header header;
	const uint8_t *payload; /* header.stored bytes */
	uint64_t oldest;	/* ticks: the earliest that the chunk speaks of; a file's base ticks
				   may not be later */
	uint32_t lost_events;	/* LOST records among its events, and the sum of their counts */
	uint64_t lost;
};

/* Takes a chunk; what it points at is borrowed until it returns. */
typedef enum ctrace_status ctrace_keep_fn(void *sink, const struct ctrace_sealed *chunk);
/* Takes a row of BUFFERS, before the first chunk of its stream. */
typedef void ctrace_keep_buffer_fn(void *sink, const struct ctrace_buffer_row *row);

struct ctrace_writer_settings {
	ctrace_write_fn *write;
	/*
	 * Or, for who keeps chunks instead of writing a file: gets each sealed chunk of
	 * events. Nothing else is made: no header, no index, no tables.
	 */
	ctrace_keep_fn *keep;
	/*
	 * With `keep`: rows are remembered in so many bytes, and kept_rows.h gives them to another
	 * writer; those beyond are refused with CTRACE_ERR_LIMIT, and strings with 0. META, SITES
	 * and CLOCK are not among them: who keeps chunks knows those. 0: no row is remembered, so
	 * that an endless recording takes no endless memory.
	 */
	size_t rows_bytes_max;
	ctrace_keep_buffer_fn *keep_buffer; /* may be NULL */
	void *sink;			    /* borrows until finish */
	uint8_t session[16];
	uint64_t base_ticks;
	uint64_t ticks_per_second;
	enum ctrace_clock_kind clock_kind;
	bool is_plain; /* no LZ4: for tests and the text form */
};

struct ctrace_writer {
	struct ctrace_writer_settings settings;
	enum ctrace_status status; /* first failure of the sink */
	uint64_t offset;	   /* bytes given to the sink so far */
	uint64_t events;	   /* events sealed so far */
	uint64_t lost;		   /* sum of all LOST counts, for the trailer */
	uint32_t chunks;
	uint32_t table_seq;
	struct ctrace_writer_tables *tables;
};

/*
 * Start a trace; the file header is written at once. `writer` is the caller's storage.
 * Returns CTRACE_OK, CTRACE_ERR_NO_MEMORY, or the sink's failure.
 */
enum ctrace_status ctrace_writer_init(struct ctrace_writer *writer,
				      const struct ctrace_writer_settings *settings);
/* Give back memory; writes nothing. NULL, zeroed and half-made writers are fine. */
void ctrace_writer_finish(struct ctrace_writer *writer);

/*
 * The id of these bytes, defining it if new; longer ones are cut at
 * CTRACE_STRING_BYTES_MAX. 0 for the empty string, and when out of ids or memory.
 */
uint32_t ctrace_writer_string(struct ctrace_writer *writer, const char *bytes, size_t size);
/*
 * The same of a text that nothing has but rows of PROCESSES, THREADS and FILES: where rows are
 * forgotten it is forgotten with them, and its id becomes another's. Use it at once.
 */
uint32_t ctrace_writer_passing_string(struct ctrace_writer *writer, const char *bytes, size_t size);
/* Define a site once; its strings come from ctrace_writer_string. A site id already defined is left
 * alone. */
enum ctrace_status ctrace_writer_site(struct ctrace_writer *writer, const struct ctrace_site *site);
enum ctrace_status ctrace_writer_meta(struct ctrace_writer *writer, const char *key,
				      const char *value, size_t size);
enum ctrace_status ctrace_writer_process(struct ctrace_writer *writer,
					 const struct ctrace_process_row *row);
enum ctrace_status ctrace_writer_thread(struct ctrace_writer *writer,
					const struct ctrace_thread_row *row);
enum ctrace_status ctrace_writer_clock(struct ctrace_writer *writer,
				       const struct ctrace_clock_row *row);

/*
 * Rows of what a kernel and its calls tell of. CTRACE_ERR_LIMIT: a number is past its limit, or
 * rows_bytes_max is reached, and no row is made. Who makes stacks keeps them below
 * CTRACE_STACK_FRAMES_MAX and gives a parent first.
 */
enum ctrace_status ctrace_writer_buffer(struct ctrace_writer *writer,
					const struct ctrace_buffer_row *row);
/* A call already defined is left alone. */
enum ctrace_status ctrace_writer_call(struct ctrace_writer *writer,
				      const struct ctrace_call_row *row);
enum ctrace_status ctrace_writer_stack(struct ctrace_writer *writer,
				       const struct ctrace_stack_row *row);
/* A later row of the same frame, module, source replaces the earlier one. */
enum ctrace_status ctrace_writer_frame(struct ctrace_writer *writer,
				       const struct ctrace_frame_row *row);
enum ctrace_status ctrace_writer_module(struct ctrace_writer *writer,
					const struct ctrace_module_row *row);
enum ctrace_status ctrace_writer_source(struct ctrace_writer *writer,
					const struct ctrace_source_row *row);
enum ctrace_status ctrace_writer_file(struct ctrace_writer *writer,
				      const struct ctrace_file_row *row);

/* Write rows that wait. Seal does so by itself; call it so that a quiet program's names are on
 * disk. */
enum ctrace_status ctrace_writer_flush_tables(struct ctrace_writer *writer);

/*
 * Write a block as one EVENTS chunk (nothing if it holds no event) and make it
 * ready for the next: its open spans are carried over, its sequence number counts on.
 * A writer that has failed drops it: a sealed block has room, whatever happened.
 */
enum ctrace_status ctrace_writer_seal(struct ctrace_writer *writer, struct ctrace_block *block);

/* Has a site of this id been given to ctrace_writer_site? */
bool ctrace_writer_has_site(const struct ctrace_writer *writer, uint32_t id);

/* Write a chunk that another writer's `keep` got, as number `seq` of its stream in this trace. */
enum ctrace_status ctrace_writer_sealed(struct ctrace_writer *writer,
					const struct ctrace_sealed *chunk, uint32_t seq);

/* Write a chunk without events, as number `seq` of the stream: these spans are open at `ticks`. */
enum ctrace_status ctrace_writer_restate(struct ctrace_writer *writer, uint32_t stream,
					 uint32_t seq, uint64_t ticks,
					 const struct ctrace_open_span *open, uint32_t depth);

/* Index and trailer. The last write; the writer then only takes finish. */
enum ctrace_status ctrace_writer_close(struct ctrace_writer *writer);

#endif
