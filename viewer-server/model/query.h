/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_QUERY_H
#define CTRACE_QUERY_H

/*
 * Exact answers about single events and ranges (viewer-server/API.md: event, at,
 * find, search, range). Nothing here comes from coarse data.
 *
 * Thread: any.  Calls that may be long take a `struct ctrace_patience`.
 */

#include "viewer-server/model/kernel/kernel_replay.h"
#include "viewer-server/model/model.h"
#include "viewer-server/model/threads/look_list.h"

struct ctrace_place {
	uint32_t lane, index; /* lane CTRACE_NONE: nowhere */
};

struct ctrace_model_event {
	struct ctrace_place place;
	uint64_t start, duration;
	uint32_t name;
	uint16_t flags; /* enum ctrace_real_flags */
	double value;	/* counters */
};

/* What the index itself holds of an event. CTRACE_ERR_NOT_FOUND if there is none. */
enum ctrace_status ctrace_model_event(const struct ctrace_model *model, struct ctrace_place place,
				      struct ctrace_model_event *event);

/* A span's duration without its children's. */
uint64_t ctrace_model_self(const struct ctrace_model *model, struct ctrace_place place);

struct ctrace_flow_end {
	struct ctrace_place place;
	uint64_t time;
};
struct ctrace_flow {
	uint64_t id;
	struct ctrace_flow_end from, to;
};
struct ctrace_task_step {
	uint32_t name, track;
	uint64_t time;
};

/*
 * What the trace tells of an event before lanes trim it and names stand in for its site: all that
 * the exported JSON is made of.
 */
struct ctrace_origin {
	struct ctrace_event event; /* as read; kind CTRACE_KIND_NONE: it is nowhere in the file */
	uint32_t stream;	   /* number of its thread's stream */
	uint32_t site;		   /* CTRACE_NO_SITE: none, or not known */
	uint64_t begin, end;	   /* ns; of a loss: since when, until when */
	uint64_t task;		   /* that its thread worked for; 0: none */
	unsigned span_flags;	   /* enum ctrace_span_flags, of spans */
	bool has_end;		   /* a task's end is in the trace, told by this stream: */
	uint32_t end_stream;
	uint64_t lost_events, lost_chunks;
};

/* A thread as an event of a kernel names it. */
struct ctrace_named_thread {
	uint64_t tid;	 /* 0: nobody */
	uint32_t thread; /* in the table; CTRACE_NO_THREAD: not recorded */
	uint32_t track;	 /* CTRACE_NONE: it has none */
	struct ctrace_bytes label;
	struct ctrace_place running; /* its state then; lane CTRACE_NONE: not known */
};

/* Who made a thread runnable, and what that one did. */
struct ctrace_waker {
	bool is_there;
	uint64_t time;
	uint32_t cpu; /* where; CTRACE_NO_CPU: not known */
	struct ctrace_named_thread who;
	struct ctrace_place doing; /* its innermost span or call; lane CTRACE_NONE: none */
};

struct ctrace_woken {
	uint64_t time;
	struct ctrace_named_thread who; /* `running` is the state that began so */
};

/* What a kernel told of an event of its lanes. */
struct ctrace_kernel_detail {
	const struct ctrace_thread_table *threads; /* borrows from the model */
	uint32_t thread; /* whose event it is; CTRACE_NO_THREAD: of no row's, or of a CPU */
	bool is_call;
	struct ctrace_call_fact call; /* as it was told: raw times; texts in the detail's chunk */
	uint32_t state;		      /* of states */
	uint32_t cpu;		      /* of states, turns, samples; CTRACE_NO_CPU: not known */
	uint64_t tid;		      /* of turns; 0: not known whose */
	struct ctrace_named_thread turn;
	struct ctrace_place in_call;	      /* of states: the innermost call when it began */
	struct ctrace_waker waker;	      /* of states; of waits for a lock: who let it go */
	struct ctrace_waker holder;	      /* of those: who had it when the wait began */
	uint32_t wait_stack, give_stack;      /* where they were: who waited, who let it go */
	struct ctrace_place holder_sample;    /* a sample of the holder while it had the lock */
	struct ctrace_looks_told holder_seen; /* where the holder stood meanwhile */
	struct ctrace_looks_told seen;	      /* of states that wait: where the thread slept */
	uint64_t waker_tid;		      /* of woken ones, as the file has it */
	uint64_t weight, cpu_told;	      /* of samples; cpu_told: as the file has it */
	uint32_t track_stream;		      /* number of the stream that its track stands for */
	bool is_of_cpu;			      /* a gap of a CPU */
	uint32_t stack;
	uint32_t woke_count;
	struct ctrace_woken *woke;	/* owned; at most 64 */
	struct ctrace_event_place from; /* of the event that began it */
};

/* What the end of a collector's work says; bytes, 0: not known. */
struct ctrace_collector_end {
	bool is_there;
	uint64_t live, freed;
};

#define CTRACE_INTERRUPTED_MAX 64u

/* Of a collector's work, of pauses, of threads that were stopped. */
struct ctrace_collector_detail {
	bool is_there;
	unsigned kind;			/* enum ctrace_collector_kind; not of stopped threads */
	struct ctrace_named_thread who; /* the collector's thread */
	struct ctrace_place span;	/* in its lanes; lane CTRACE_NONE: it is not there */
	struct ctrace_collector_end end;
	double heap_before, heap_after; /* bytes; negative: not known */
	struct ctrace_place cycle;	/* the collection that it is in; lane CTRACE_NONE: none */
	struct ctrace_collector_end cycle_end;
	uint64_t pauses, paused; /* of collections: how many pauses, and ns of them */
	uint32_t interrupted_count;
	struct ctrace_waker *interrupted; /* owned; of pauses: the threads that were in something */
};

/* What a point of a lane of memory is one of. */
struct ctrace_memory_detail {
	enum ctrace_lane_unit unit; /* CTRACE_UNIT_NONE: the event is none */
	bool is_estimate;
	uint64_t pid, tid; /* tid 0: of the whole process */
	struct ctrace_bytes name;
};

/* Everything about an event; reads its chunk again for the arguments. */
struct ctrace_detail {
	struct ctrace_model_event event;
	const struct ctrace_site *site; /* NULL: none */
	uint64_t self;			/* duration minus children */
	struct ctrace_place parent, first_child;
	uint32_t children;
	unsigned arg_count;
	struct ctrace_value args[16]; /* strings borrow from `chunk` */
	bool has_task;
	uint64_t task_id;
	struct ctrace_place task; /* lane CTRACE_NONE: its begin is not in the trace */
	uint32_t step_count, flow_count;
	struct ctrace_task_step *steps; /* owned */
	struct ctrace_flow *flows;	/* owned; at most 64 */
	uint64_t lost_count;		/* gaps */
	unsigned lost_reason;
	struct ctrace_origin origin;
	struct ctrace_kernel_detail kernel;
	struct ctrace_collector_detail collector;
	struct ctrace_memory_detail memory;
	struct ctrace_chunk chunk, end_chunk; /* owned */
};
enum ctrace_status ctrace_detail_init(struct ctrace_detail *detail,
				      const struct ctrace_model *model, struct ctrace_place place,
				      struct ctrace_error *error);
void ctrace_detail_finish(struct ctrace_detail *detail);

/* The event of a lane at a time, else the nearest; lane CTRACE_NONE if the lane is empty. */
struct ctrace_place ctrace_model_at(const struct ctrace_model *model, uint32_t lane, uint64_t time);

/* How far a range is. */
struct ctrace_range_share {
	uint64_t count, of; /* events looked at, events to look at */
	uint64_t busy;	    /* of the lanes begun so far */
};

/* How long a call may run: it asks now and then, and stops with CTRACE_END when told false. */
struct ctrace_patience {
	bool (*go_on)(void *context);
	void *context;
	/* Of ranges, before each time they ask; may be NULL. */
	void (*so_far)(void *context, const struct ctrace_range_share *share);
};

/* A set of names; made from a text (ASCII case ignored, substring). `patience` may be NULL. Undo
 * with _finish. */
struct ctrace_name_set {
	uint64_t *bits;
	uint32_t names, matches;
};
enum ctrace_status ctrace_name_set_init(struct ctrace_name_set *set,
					const struct ctrace_model *model, const char *text,
					size_t size, const struct ctrace_patience *patience);
void ctrace_name_set_finish(struct ctrace_name_set *set);

/* Events whose name is in the set: exact, O(names) (counted while building). */
uint64_t ctrace_model_count(const struct ctrace_model *model, const struct ctrace_name_set *set);

struct ctrace_found {
	struct ctrace_place place;
	uint64_t start, duration;
	bool wrapped;
};
/*
 * The next hit after (`from`, `place`) in the order (start, lane, index); direction 1 or -1.
 * CTRACE_ERR_NOT_FOUND if no event matches.
 */
enum ctrace_status ctrace_model_find(const struct ctrace_model *model,
				     const struct ctrace_name_set *set, uint64_t from,
				     struct ctrace_place place, int direction,
				     const struct ctrace_patience *patience,
				     struct ctrace_found *found);

/* Which of all hits the one at `place` is, from 1: looks at all before it. */
enum ctrace_status ctrace_model_position(const struct ctrace_model *model,
					 const struct ctrace_name_set *set,
					 struct ctrace_place place,
					 const struct ctrace_patience *patience,
					 uint64_t *position);

struct ctrace_name_total {
	uint32_t name;
	uint64_t count, total, self, min, max;
	struct ctrace_place longest;
};
struct ctrace_range_top {
	struct ctrace_model_event event;
	uint64_t self;
};
struct ctrace_range {
	uint64_t count, busy, lost;
	uint32_t name_count, top_count;
	struct ctrace_name_total *names; /* owned, largest total first */
	struct ctrace_range_top *top;	 /* owned */
};
/* Exact statistics of the events that touch [start, end) in these lanes (count 0: all span lanes).
 */
enum ctrace_status ctrace_range_init(struct ctrace_range *range, const struct ctrace_model *model,
				     const uint32_t *lanes, uint32_t lane_count, uint64_t start,
				     uint64_t end, uint32_t top, bool is_by_start,
				     const struct ctrace_patience *patience);
void ctrace_range_finish(struct ctrace_range *range);

#endif
