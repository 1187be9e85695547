/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MODEL_H
#define CTRACE_MODEL_H

/*
 * A trace as the timeline sees it: tracks, lanes of events that do not overlap,
 * names, and an index that answers any view in O(pixels).
 *
 *     ctrace_model_create(&model, trace, &settings, &error)   reads all events once
 *       ctrace_model_tracks / _lanes / _name                  what there is
 *       ctrace_tile_make(model, lane, level, number, &tile)   a picture's part (tile.h)
 *       ctrace_model_event / _detail / _at / _find / _range   exact answers (query.h)
 *     ctrace_model_destroy(model)
 *
 * A model does not change once made: any number of threads may ask at once.
 * Times are nanoseconds since the trace's beginning.
 */

#include "format/reader.h"

#include <stdbool.h>
#include <stdint.h>

#define CTRACE_NONE UINT32_MAX

struct ctrace_model;

enum ctrace_track_kind {
	CTRACE_TRACK_PROCESS,
	CTRACE_TRACK_THREAD,
	CTRACE_TRACK_COUNTERS,
	CTRACE_TRACK_TASKS,
	CTRACE_TRACK_CPUS,
	CTRACE_TRACK_COLLECTOR,
	CTRACE_TRACK_MEMORY, /* counters that the model makes of what a process got and gave back */
};

struct ctrace_track {
	uint32_t id, parent; /* CTRACE_NONE: at the top */
	enum ctrace_track_kind kind;
	struct ctrace_bytes label;
	uint64_t pid, tid;
	uint32_t stream;
	uint64_t events, lost;
	/* Of its events, those of memory (SPEC 8.5); of threads. Of a process's memory: what is
	 * told of it that no thread has. */
	uint64_t memory;
	uint64_t looks; /* how often somebody looked where it stood; of threads */
};

enum ctrace_lane_kind {
	CTRACE_LANE_SPAN,
	CTRACE_LANE_INSTANT, /* instants and logs */
	CTRACE_LANE_COUNTER,
	CTRACE_LANE_TASK,
	CTRACE_LANE_GAP,
	CTRACE_LANE_CPU,    /* who ran */
	CTRACE_LANE_STATE,  /* what a thread did */
	CTRACE_LANE_SAMPLE, /* where it was found running */
	CTRACE_LANE_CYCLE,  /* a process's collections */
	CTRACE_LANE_PAUSE,  /* when its world stood still */
	CTRACE_LANE_HALT,   /* when a collector had stopped a thread */
};

/* Of a counter's values. */
enum ctrace_lane_unit {
	CTRACE_UNIT_NONE, /* the program's own */
	CTRACE_UNIT_BYTES,
	CTRACE_UNIT_BYTES_PER_SECOND,
};

struct ctrace_lane_info {
	uint32_t id, track;
	enum ctrace_lane_kind kind;
	uint32_t depth, name; /* name: of counters */
	uint64_t events, repaired;
	double min, max;	    /* of counters */
	uint32_t cpu;		    /* of CPUs and their gaps */
	enum ctrace_lane_unit unit; /* of counters of memory and of collectors' heaps */
	/* Of counters of memory. */
	bool is_made;  /* its points stand for many events, and are none themselves */
	uint64_t step; /* ns: how long a step is that keeps its extremes and its last value only; of
			  a rate, that it is the mean of; 0: every change is there */
	bool is_estimate;
	uint64_t tid; /* of a thread's counter of memory; 0: it is the process's */
};

struct ctrace_model_settings {
	/* Called now and then from the creating thread; may be NULL. Returning false cancels. */
	bool (*progress)(void *context, const char *stage, uint64_t done, uint64_t total);
	void *context;
	uint64_t max_memory; /* bytes of the index; 0: the default, 2 GiB. Over it:
				CTRACE_ERR_LIMIT, before anything is read, says how to see a part */
};

/*
 * Read the whole trace and build the index. Borrows `trace` until destroy. Damaged chunks
 * are skipped and listed (ctrace_model_damage) together with those found while opening.
 */
enum ctrace_status ctrace_model_create(struct ctrace_model **model, struct ctrace_trace *trace,
				       const struct ctrace_model_settings *settings,
				       struct ctrace_error *error);
void ctrace_model_destroy(struct ctrace_model *model);

struct ctrace_model_summary {
	uint64_t events, duration_ns, lost, repaired, memory_bytes;
	uint64_t first_ns;	/* when the first span, instant, turn, state, sample or task begins:
				   before      that the recorder got ready */
	uint64_t wall_start_ns; /* CLOCK_REALTIME of the trace's beginning; 0 unknown */
};
struct ctrace_model_summary ctrace_model_summary(const struct ctrace_model *model);
const struct ctrace_track *ctrace_model_tracks(const struct ctrace_model *model, uint32_t *count);
const struct ctrace_lane_info *ctrace_model_lanes(const struct ctrace_model *model,
						  uint32_t *count);
/* By ordinal, not 0: it tells of memory (SPEC 8.5). As long as the model. */
const uint8_t *ctrace_model_memory_chunks(const struct ctrace_model *model);
const struct ctrace_damage *ctrace_model_damage(const struct ctrace_model *model, uint32_t *count);
/* Names of spans, calls, instants, counters, tasks, states, functions, gap reasons: 0 … count-1. */
/* The name of a thread's state (thread_state.h). */
uint32_t ctrace_model_state_name(unsigned state);
uint32_t ctrace_model_name_count(const struct ctrace_model *model);
struct ctrace_bytes ctrace_model_name(const struct ctrace_model *model, uint32_t name);

#endif
