/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_WRITING_H
#define CTRACE_WRITING_H

/* What a writer is made of. For writer.c, which makes the chunks, and writer_rows.c, which takes
 * the rows, only. */

#include "format/buffer.h"
#include "format/chunk.h"
#include "format/strings.h"
#include "format/writer.h"

/* One table's waiting rows. */
struct ctrace_waiting_rows {
	struct ctrace_buffer rows;
	uint32_t count;
};

struct ctrace_writer_tables {
	struct ctrace_strings strings;
	struct ctrace_waiting_rows pending[CTRACE_CHUNK_TYPES_END]; /* by chunk type */
	struct ctrace_buffer index;   /* rows of INDEX, all of one length */
	struct ctrace_buffer defined; /* one bit per site id */
	struct ctrace_buffer calls;   /* the same per call */
	struct ctrace_packer packer;
};

/* The first failure stays, and is what the writer answers from then on. */
enum ctrace_status ctrace_writer_fail(struct ctrace_writer *writer, enum ctrace_status status);
/* Write one table's waiting rows, if any, as a chunk. */
enum ctrace_status ctrace_writer_flush_one(struct ctrace_writer *writer,
					   enum ctrace_chunk_type type);

#endif
