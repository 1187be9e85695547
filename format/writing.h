/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_WRITING_H
#define CTRACE_WRITING_H

/* What a writer is made of. For writer.c, which makes the chunks, writer_rows.c, which takes
 * the rows, and kept_*.c, which remember them, only. */

#include "format/buffer.h"
#include "format/chunk.h"
#include "format/strings.h"
#include "format/writer.h"

/* One table's waiting rows. */
struct ctrace_waiting_rows {
	struct ctrace_buffer rows;
	uint32_t count;
};

/* Of a writer that remembers rows: they wait for ever (kept_rows.h). */
struct ctrace_kept_state {
	uint64_t refused;    /* rows and strings */
	uint64_t mark_ticks; /* when the last age ended */
	size_t thread_mark;  /* rows of THREADS before this place are of the ages before */
	size_t tidy_bytes;   /* that were left when rows were last forgotten */
	uint32_t age;	     /* counts them */
};

struct ctrace_writer_tables {
	struct ctrace_strings strings;
	struct ctrace_waiting_rows pending[CTRACE_CHUNK_TYPES_END]; /* by chunk type */
	struct ctrace_buffer index;   /* rows of INDEX, all of one length */
	struct ctrace_buffer defined; /* one bit per site id */
	struct ctrace_buffer calls;   /* the same per call */
	struct ctrace_packer packer;
	struct ctrace_kept_state kept;
};

/* The first failure stays, and is what the writer answers from then on. */
enum ctrace_status ctrace_writer_fail(struct ctrace_writer *writer, enum ctrace_status status);
/* Define this string under this id, which is nobody's: before all others. */
void ctrace_writer_string_as(struct ctrace_writer *writer, uint32_t id, const char *bytes,
			     size_t size);
/* Write one table's waiting rows, if any, as a chunk. */
enum ctrace_status ctrace_writer_flush_one(struct ctrace_writer *writer,
					   enum ctrace_chunk_type type);

#endif
