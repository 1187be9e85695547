/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STREAM_BUILD_H
#define CTRACE_STREAM_BUILD_H

/*
 * One thread's events become its lanes, with what the kernel told of it woven in, and what concerns
 * several threads (counters, tasks, flows) is set aside with its time. Streams are built side by
 * side, each by one loader thread; ctrace_gather then puts them together.
 */

#include "viewer-server/model/build/call_weave.h"
#include "viewer-server/model/model_parts.h"
#include "viewer-server/model/threads/pairing.h"

/* Broken streams may ask for any number of lanes; deeper spans are counted and left out. */
#define CTRACE_STREAM_LANES_MAX 1280u
/* So many ENDs without a begin each get a lane that holds all before them; later ones a point. */
#define CTRACE_BEGAN_BEFORE_MAX 64u

struct ctrace_counter_sample {
	uint64_t time;
	double value;
	uint32_t name, ref;
};

struct ctrace_task_event {
	uint64_t time, id;
	uint32_t kind, name, ref;
};

struct ctrace_flow_event {
	uint64_t time, id;
	uint8_t order;
};

/* Of a collector, in this thread; ns. */
struct ctrace_collector_work {
	uint64_t start, end;
	enum ctrace_collector_kind kind;
	uint32_t flags;	       /* of the lane's event */
	uint32_t ref, end_ref; /* end_ref CTRACE_NO_REF: its end is not in the trace */
};

/* It stopped a thread, or let it go. */
struct ctrace_collector_halt {
	uint64_t time;
	uint32_t thread, ref; /* thread: in the model's table, CTRACE_NO_THREAD */
	bool is_stopped;
};

struct ctrace_stream_build {
	struct ctrace_model *model; /* names, trace and memory_chunks only: nothing else in it
				    changes while streams are built */
	uint32_t stream;
	struct ctrace_lane *lanes; /* owned; by depth */
	uint32_t lane_count, lane_room;
	struct ctrace_lane instants, gaps;
	/* Of a thread that a kernel tells of: moved here before the first chunk. */
	struct ctrace_lane states;
	struct ctrace_column delays;
	struct ctrace_column looks;	/* struct ctrace_look; at the end also: */
	struct ctrace_column own_looks; /* those of its own stream */
	struct ctrace_call_weave weave;
	struct ctrace_lane found;     /* samples of the kernel's buffers, at the end also: */
	struct ctrace_lane own_found; /* those of its own stream */
	uint32_t thread;	      /* in the model's table, CTRACE_NO_THREAD */
	struct ctrace_column samples, tasks, flows;
	/* struct ctrace_collector_work, _halt and ctrace_counter_sample. */
	struct ctrace_column collector_work, collector_halts, collector_heap;
	struct ctrace_lane halted; /* filled when streams come together, from all threads' halts */
	struct ctrace_column contexts, losses, strays; /* as in struct ctrace_model_stream */
	uint64_t context_id;   /* the task this thread works for now; 0: none */
	uint32_t context_from; /* since which event */
	uint32_t next_ref;     /* number of the first event of the chunk at hand */
	uint64_t events, lost, repaired;
	uint64_t memory; /* events: what was got and freed, pools */
	uint32_t began_before;
	struct ctrace_bytes thread_name, process_name; /* the last ones said; borrow from `names` */
	struct ctrace_column names;		       /* owned copies */
	bool is_out_of_memory;
	struct ctrace_pairing pairing;
	uint64_t memory_bytes;
};

enum ctrace_status ctrace_stream_build_init(struct ctrace_stream_build *build,
					    struct ctrace_model *model, uint32_t stream);
void ctrace_stream_build_finish(struct ctrace_stream_build *build);

/* Add one loaded chunk. CTRACE_ERR_DAMAGED: it breaks a rule, and nothing was added. */
enum ctrace_status ctrace_stream_build_chunk(struct ctrace_stream_build *build,
					     const struct ctrace_chunk *chunk, uint32_t ordinal,
					     struct ctrace_error *error);
/* A chunk of the stream could not be used. */
void ctrace_stream_build_miss(struct ctrace_stream_build *build,
			      const struct ctrace_chunk_entry *entry);
/* After the last chunk: what is open is unfinished; lanes are sealed. */
enum ctrace_status ctrace_stream_build_close(struct ctrace_stream_build *build);

#endif
