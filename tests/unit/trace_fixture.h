/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACE_FIXTURE_H
#define CTRACE_TRACE_FIXTURE_H

/*
 * Small traces written call by call, and read back. Clock: 1 tick is 1 ns, the base is 1,000.
 *
 *     ctrace_fixture_write(&made)
 *       site = ctrace_fixture_site(&made, CTRACE_KIND_SPAN_BEGIN, "name")
 *       ctrace_fixture_thread(&made, 1, 10, "main")
 *       ctrace_block_begin(&made.blocks[1], site, 1005) …          block.h's calls
 *       ctrace_writer_seal(&made.writer, &made.blocks[1])
 *     ctrace_fixture_open(&made)                                   made.trace
 *     ctrace_fixture_close(&made)
 *
 * Failures end the test program.
 */

#include "format/block.h"
#include "format/reader.h"
#include "format/writer.h"

#define CTRACE_FIXTURE_BASE    1000u
#define CTRACE_FIXTURE_STREAMS 8u

struct ctrace_made_trace {
	int fd;
	uint32_t sites;
	struct ctrace_writer writer;
	struct ctrace_block blocks[CTRACE_FIXTURE_STREAMS]; /* by stream; 0 is none */
	struct ctrace_trace *trace;
};

void ctrace_fixture_write(struct ctrace_made_trace *made);
/* A new site with the arguments its kind demands. */
uint32_t ctrace_fixture_site(struct ctrace_made_trace *made, enum ctrace_kind kind,
			     const char *name);
/* A row of THREADS and the stream's block. */
void ctrace_fixture_thread(struct ctrace_made_trace *made, uint32_t stream, uint64_t pid,
			   const char *name);
/* Seal every block, end the file, open it. */
void ctrace_fixture_open(struct ctrace_made_trace *made);
/* The same without sealing: the test did. */
void ctrace_fixture_open_as_sealed(struct ctrace_made_trace *made);
/* Overwrite bytes of the file before it is opened. */
void ctrace_fixture_damage(struct ctrace_made_trace *made, uint64_t offset, const void *bytes,
			   size_t size);
void ctrace_fixture_close(struct ctrace_made_trace *made);

/* A random trace of trace_maker.h as an open one. Undo with ctrace_fixture_close. */
struct ctrace_maker_settings;
void ctrace_fixture_random(struct ctrace_made_trace *made,
			   const struct ctrace_maker_settings *settings);

#endif
