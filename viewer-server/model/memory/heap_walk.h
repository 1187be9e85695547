/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_HEAP_WALK_H
#define CTRACE_HEAP_WALK_H

/*
 * What a trace tells of memory, in the order of SPEC 8.5: over all streams by time; of equal times
 * those of one stream as they stand, and a stream whose next is a free first.
 *
 *     ctrace_heap_walk_init(&walk, trace)     or _init_chosen(&walk, trace, &choice)
 *       while (ctrace_heap_walk_next(&walk, &event)) …
 *       walk.status, walk.lost
 *     ctrace_heap_walk_finish(&walk)
 *
 * A stream's chunks are read one at a time, the first when its time has come. Damaged ones are left
 * out and counted.
 *
 * Thread: any, own object.  Allocates: a chunk for each stream that is under way.
 */

#include "viewer-server/model/threads/thread_table.h"

struct ctrace_heap_event {
	/* alloc, free, realloc, pool; if asked for: page_fault, process_memory, calls */
	enum ctrace_kind kind;
	uint32_t stream;
	uint32_t place; /* which of the walk's streams that is */
	uint64_t pid, tid;
	uint64_t time; /* ns */
	uint64_t pool, address;
	uint64_t from;	 /* of realloc; of process_memory: shared */
	uint64_t size;	 /* of pool: what it gets, or gives back; of process_memory: resident */
	uint64_t weight; /* 0: itself alone */
	uint64_t stack;
	bool is_less;		  /* of pool: gives back */
	struct ctrace_bytes name; /* of pool; empty: as before */
	bool is_of_kernel;	  /* a kernel's buffer told it, not the thread itself */
	uint64_t call;		  /* of syscall_enter and syscall_exit */
	uint64_t args[4];	  /* of syscall_enter */
	int64_t result;		  /* of syscall_exit */
};

/* What a walk may leave out, and what it takes besides. Borrowed for as long as the walk. */
struct ctrace_heap_choice {
	const uint8_t *chunks; /* by ordinal, 0: holds nothing of all this; NULL: all may */
	bool is_checked;       /* what is left of them is known to be whole */
	/* Not NULL: page faults and memory of processes too, and the calls that `calls` has a
	 * number other than 0 for, of threads' streams and of a kernel's buffers. Who a tid means:
	 */
	const struct ctrace_thread_table *threads;
	/* With it; as `chunks`, but of buffers alone: those of threads may all. */
	const uint8_t *buffer_chunks;
	const uint8_t *calls; /* by number */
	uint32_t call_end;
};

struct ctrace_heap_stream;

struct ctrace_heap_walk {
	const struct ctrace_trace *trace; /* borrows */
	struct ctrace_heap_choice choice;
	struct ctrace_heap_stream *streams; /* owned */
	uint32_t stream_count;
	struct ctrace_heap_stream **order; /* owned: a heap, the next event on top */
	uint32_t order_count;
	struct ctrace_heap_stream *taken; /* whose event was given last */
	uint64_t read, of;		  /* events of any kind, so far and in all */
	uint64_t lost;			  /* events of threads, so far */
	uint64_t damaged;		  /* chunks */
	enum ctrace_status status;
};

/* CTRACE_ERR_NO_MEMORY, or done. Undo with _finish, also after a failure. */
enum ctrace_status ctrace_heap_walk_init(struct ctrace_heap_walk *walk,
					 const struct ctrace_trace *trace);
enum ctrace_status ctrace_heap_walk_init_chosen(struct ctrace_heap_walk *walk,
						const struct ctrace_trace *trace,
						const struct ctrace_heap_choice *choice);
/* The number of the stream at a place. */
uint32_t ctrace_heap_walk_stream(const struct ctrace_heap_walk *walk, uint32_t place);
/* False: it was the last, or `status` is not CTRACE_OK. The name is borrowed from the walk until
 * the next call. */
bool ctrace_heap_walk_next(struct ctrace_heap_walk *walk, struct ctrace_heap_event *event);
void ctrace_heap_walk_finish(struct ctrace_heap_walk *walk);

#endif
