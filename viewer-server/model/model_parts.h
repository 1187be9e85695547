/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MODEL_PARTS_H
#define CTRACE_MODEL_PARTS_H

/*
 * The inside of struct ctrace_model, for the files of this folder only: those that
 * fill it (names, stream_build, gather, tasks, flows, load) and those that ask it
 * (tile, event, find, range).
 */

#include "viewer-server/model/lanes/lane.h"
#include "viewer-server/model/query.h"
#include "viewer-server/model/threads/collector_kind.h"
#include "viewer-server/model/threads/look_list.h"
#include "viewer-server/model/threads/thread_state.h"
#include "viewer-server/model/threads/thread_table.h"

/* Where the lanes of one thread are, and what else is known of it. */
struct ctrace_model_stream {
	uint32_t stream, track;
	uint32_t first_span_lane, span_lanes; /* lanes of depth 0, 1, … follow each other */
	struct ctrace_column contexts;	      /* struct ctrace_task_context, by `from` */
	struct ctrace_column losses; /* struct ctrace_loss_fact, one for each of its gaps */
	struct ctrace_column strays; /* struct ctrace_stray, by their numbers */
	uint32_t thread;	     /* in the model's table; CTRACE_NO_THREAD: it has no row */
	uint32_t state_lane, sample_lane; /* CTRACE_NONE: it has none */
	struct ctrace_column delays;	  /* struct ctrace_run_delay, by time */
	struct ctrace_column looks;	  /* struct ctrace_look, by time */
};

/* How long a thread had waited for a CPU in all, as the kernel estimates it. */
struct ctrace_run_delay {
	uint64_t time, waited;
};

/* Who woke whom; in the order of time. */
struct ctrace_wake {
	uint64_t time;
	uint32_t waker, woken; /* threads of the table; waker CTRACE_NO_THREAD: not recorded */
};

/* A thread worked for a task from event `from` of the trace up to event `to`. */
struct ctrace_task_context {
	uint32_t from, to;
	uint64_t id;
};

/* A loss as the file tells it: a gap's lane cuts what overlaps. */
struct ctrace_loss_fact {
	uint64_t since, end, events, chunks; /* ns; chunks: that are missing */
	unsigned reason;
};

/* The losses of a CPU, by the events of its gap lane. */
struct ctrace_cpu_losses {
	uint32_t lane, stream;	     /* of its gaps; stream: the buffer's */
	struct ctrace_column losses; /* struct ctrace_loss_fact */
};

/* A span whose begin is not in the file; its lane's `ref` is CTRACE_STRAY_REF and its number. */
struct ctrace_stray {
	uint64_t begin, task; /* ns */
	uint32_t site;	      /* CTRACE_NO_SITE: not known */
	bool is_restated;     /* by a chunk's list; else it began before the recording */
};

struct ctrace_task_fact {
	uint64_t id, time;
	uint32_t name, track;	   /* of a step */
	struct ctrace_place place; /* of a task */
	uint32_t end_ref; /* number of a task's end in the trace, CTRACE_NO_REF: it has none */
};

struct ctrace_flow_fact {
	uint64_t id, time;
	uint32_t stream; /* position in `streams` */
	uint8_t order;	 /* 0 out, 1 step, 2 in: of equal times, this order */
};

struct ctrace_model {
	struct ctrace_trace *trace; /* borrows */
	uint64_t duration;
	uint64_t events, lost, repaired, wall_start;
	struct ctrace_bytes *names;
	uint32_t name_count, name_room;
	uint32_t
		*site_names; /* by site id: the name and its events' flags, as in a lane's column */
	uint32_t site_end;
	uint32_t *string_names; /* by string id, 0: no name of its own */
	uint32_t string_end;
	struct ctrace_thread_table threads;
	uint32_t *thread_names;	    /* by thread of the table */
	uint32_t *thread_streams;   /* by thread of the table: position in `streams`, CTRACE_NONE */
	struct ctrace_column wakes; /* struct ctrace_wake */
	struct ctrace_column cpu_losses; /* struct ctrace_cpu_losses, by their lanes */
	uint8_t *memory_chunks;		 /* by chunk: not 0 if it tells of memory */
	uint8_t *mapping_calls;		 /* by call: enum ctrace_mapping_call */
	uint64_t *chunk_first; /* number of each chunk's first event; one more at the end */
	struct ctrace_track *tracks;
	uint32_t track_count;
	struct ctrace_lane *lanes;
	struct ctrace_lane_info *infos;
	uint32_t lane_count;
	struct ctrace_model_stream *streams;
	uint32_t stream_count;
	uint32_t *lane_streams; /* by lane: position in `streams`, CTRACE_NONE: of no thread */
	struct ctrace_damage *damage;
	uint32_t damage_count;
	struct ctrace_column tasks, steps; /* struct ctrace_task_fact, by id, then time */
	struct ctrace_flow_fact *flows;	   /* by id, time, order */
	uint32_t *flows_by_time;	   /* positions in `flows` by stream, then time */
	uint32_t flow_count;
	uint64_t *name_counts;	     /* events of each name, in all lanes */
	struct ctrace_column labels; /* owned text of made-up labels: char pointers */
};

/* Reasons of loss that have a name: 0 to 9. */
#define CTRACE_NAMES_LOST 10

/* Names that stand for no string of the trace, first in the table. */
enum ctrace_fixed_name {
	CTRACE_NAME_UNKNOWN, /* an END without a begin or a name */
	CTRACE_NAME_LOST,    /* + reason of loss */
	CTRACE_NAME_STATE = CTRACE_NAME_LOST + CTRACE_NAMES_LOST, /* + enum ctrace_thread_doing */
	CTRACE_NAME_OTHERS = CTRACE_NAME_STATE + CTRACE_STATES,	  /* programs not recorded */
	CTRACE_NAME_NO_FUNCTION, /* a sample whose function is not known */
	CTRACE_NAME_NO_CALL,	 /* a call whose name is lost */
	CTRACE_NAME_COLLECTOR,	 /* + enum ctrace_collector_kind */
	CTRACE_NAME_COLLECTOR_HEAP = CTRACE_NAME_COLLECTOR + CTRACE_COLLECTOR_KINDS,
	CTRACE_NAME_COLLECTOR_LIVE,
	CTRACE_NAME_HALTED,
	CTRACE_NAME_RESIDENT, /* counters of a process's memory */
	CTRACE_NAME_ANONYMOUS,
	CTRACE_NAME_LIVE_HEAP,
	CTRACE_NAME_ALLOC_RATE,
	CTRACE_NAME_MAPPED,
	CTRACE_NAME_TOUCHED,
	CTRACE_NAME_FIRST_SITE,
};

/* The first fact of that id at or after a time; facts are sorted by id, then time. */
size_t ctrace_task_fact_at(const struct ctrace_column *facts, uint64_t id, uint64_t time);

static inline const struct ctrace_lane *ctrace_model_lane(const struct ctrace_model *model,
							  uint32_t lane)
{
	return lane < model->lane_count ? &model->lanes[lane] : NULL;
}

#endif
