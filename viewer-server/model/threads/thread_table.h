/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_THREAD_TABLE_H
#define CTRACE_THREAD_TABLE_H

/*
 * The threads of a trace, and which of them an event of a kernel's buffer means: it says a tid,
 * which names one thread at a time only. Rows of one pid and tid whose lifetimes touch are one
 * thread (SPEC 7.5):
 *
 *     rows     stream 1  pid 10 tid 11  a ring, with chunks
 *              stream 9  pid 10 tid 11  made from the kernel's events, without chunks
 *     thread   tid 11: stream 1, since the earlier of both starts
 *
 * Thread: any, once made.
 */

#include "format/reader.h"

#include <stdbool.h>
#include <stdint.h>

#define CTRACE_NO_THREAD UINT32_MAX

struct ctrace_known_thread {
	uint64_t pid, tid; /* pid 0: not recorded, known by its name only */
	uint64_t start;	   /* ticks */
	uint32_t stream;   /* that its track stands for: one with chunks, if it has any */
	uint32_t name;	   /* string id, 0: none */
	bool has_chunks;
	bool has_kernel_row; /* one of its rows has no chunks */
	bool is_gone;	     /* of its last row without chunks: it has ended */
	bool is_over;	     /* of rows with chunks: it has ended, at: */
	uint64_t end;	     /* ticks; of its last chunk */
};

struct ctrace_thread_table {
	struct ctrace_known_thread *threads; /* owned; by tid, then start */
	uint32_t count;
	uint32_t *slots; /* owned; first thread of a tid by its hash, CTRACE_NO_THREAD: empty */
	uint32_t slot_count;
	uint32_t *by_stream; /* owned; threads by their streams */
};

/* CTRACE_ERR_NO_MEMORY, or done. Undo with _finish, also after a failure. */
enum ctrace_status ctrace_thread_table_init(struct ctrace_thread_table *table,
					    const struct ctrace_trace *trace);
void ctrace_thread_table_finish(struct ctrace_thread_table *table);

/* Whom a tid meant at a time (ticks); CTRACE_NO_THREAD: nobody the trace knows. */
/* The thread whose track stands for this stream; CTRACE_NO_THREAD: nobody's does. */
uint32_t ctrace_thread_table_of_stream(const struct ctrace_thread_table *table, uint32_t stream);
uint32_t ctrace_thread_table_find(const struct ctrace_thread_table *table, uint64_t tid,
				  uint64_t ticks);

#endif
