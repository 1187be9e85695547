/* SPDX-License-Identifier: MIT */
/* The most contended locks, circles, and places of waiting, to JSON; see answer_locks.h. */

#include "viewer-server/serve/answer_locks.h"

#include "viewer-server/analysis/flame.h"
#include "viewer-server/analysis/lock_counts.h"
#include "viewer-server/analysis/lock_holders.h"
#include "viewer-server/analysis/lock_places.h"
#include "viewer-server/limits.h"
#include "viewer-server/model/ask/thread_query.h"
#include "viewer-server/serve/answer_analysis.h"
#include "viewer-server/serve/answer_kernel.h"
#include "viewer-server/serve/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

struct locks {
	const struct ctrace_answer_source *source;
	struct ctrace_lock_waits waits;
	struct ctrace_lock_counts counts;
	struct ctrace_lock_cycles cycles;
	struct ctrace_flame flame;
	struct ctrace_lock_settings settings;
	uint64_t *tids; /* owned */
};

/* ---- What is asked ------------------------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
	return ORDER(*(const uint64_t *)a, *(const uint64_t *)b);
}

static enum ctrace_status take_threads(struct locks *locks, const struct ctrace_message *question)
{
	uint32_t count;
	const struct ctrace_track *tracks = ctrace_model_tracks(locks->source->model, &count);
	locks->tids = calloc(question->lane_count + 1u, sizeof(*locks->tids));
	if (locks->tids == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < question->lane_count; i++) {
		uint32_t track = question->lanes[i];
		if (track >= count || tracks[track].kind != CTRACE_TRACK_THREAD) {
			return CTRACE_ERR_NOT_FOUND;
		}
		locks->tids[i] = tracks[track].tid;
	}
	qsort(locks->tids, question->lane_count, sizeof(*locks->tids), by_number);
	locks->settings = (struct ctrace_lock_settings){
		.start = question->start,
		.end = question->end,
		.threads = locks->tids,
		.thread_count = question->lane_count,
		.is_of_held = !question->has_unheld,
	};
	return CTRACE_OK;
}

/* ---- Places as a flame --------------------------------------------------------------- */

/* What a lock's waits without a stack took is shared out among those that have one. */
static size_t add_stacks(const struct locks *locks, const struct ctrace_lock_row *row,
			 struct ctrace_flame_stack *stacks)
{
	double scale = row->known_total > 0 ? (double)row->total / (double)row->known_total : 0;
	size_t count = 0;
	if (row->known == 0) {
		stacks[count++] = (struct ctrace_flame_stack){0, row->total, row->count};
		return count;
	}
	for (size_t i = 0; i < row->wait_count; i++) {
		const struct ctrace_seen_wait *wait = &row->waits[i];
		if (wait->stack != 0 && ctrace_lock_is_counted(&locks->settings, wait)) {
			double waited = (double)(wait->end - wait->begin);
			stacks[count++] = (struct ctrace_flame_stack){
				wait->stack, (uint64_t)(waited * scale + 0.5), 1};
		}
	}
	return count;
}

static enum ctrace_status make_flame(struct locks *locks, const struct ctrace_patience *patience)
{
	struct ctrace_flame_stack *stacks =
		calloc(locks->waits.count + 1, sizeof(struct ctrace_flame_stack));
	enum ctrace_status status;
	size_t count = 0;
	if (stacks == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < locks->counts.count; i++) {
		count += add_stacks(locks, &locks->counts.rows[i], stacks + count);
	}
	status = ctrace_flame_of_stacks_init(&locks->flame, locks->source->trace, stacks, count,
					     patience);
	free(stacks);
	return status;
}

static enum ctrace_status analyse(struct locks *locks, const struct ctrace_message *question,
				  const struct ctrace_patience *patience)
{
	const struct ctrace_lock_scope scope = {question->start, question->end,
						CTRACE_LOCKS_WAITS_MAX, patience};
	const struct ctrace_trace *trace = locks->source->trace;
	enum ctrace_status status = take_threads(locks, question);
	if (status == CTRACE_OK) {
		status = ctrace_lock_waits_init(&locks->waits, trace, &scope);
	}
	if (status == CTRACE_OK) {
		ctrace_lock_holders_find(&locks->waits, locks->source->model);
		status = ctrace_lock_counts_init(&locks->counts, &locks->waits, trace,
						 &locks->settings);
	}
	if (status == CTRACE_OK) {
		status = ctrace_lock_cycles_init(&locks->cycles, &locks->waits);
	}
	return status == CTRACE_OK ? make_flame(locks, patience) : status;
}

static void explain(struct ctrace_error *error, enum ctrace_status status)
{
	if (status == CTRACE_ERR_NOT_FOUND) {
		ctrace_error_set(error, status, 0, CTRACE_NO_CHUNK, "there is no such thread");
	} else if (status == CTRACE_ERR_LIMIT) {
		ctrace_error_set(error, status, 0, CTRACE_NO_CHUNK,
				 "more than %u waits for locks touch this range; zoom in",
				 CTRACE_LOCKS_WAITS_MAX);
	}
}

static void finish(struct locks *locks)
{
	ctrace_flame_finish(&locks->flame);
	ctrace_lock_cycles_finish(&locks->cycles);
	ctrace_lock_counts_finish(&locks->counts);
	ctrace_lock_waits_finish(&locks->waits);
	free(locks->tids);
}

/* ---- To JSON --------------------------------------------------------------------------- */

static json_t *lock_text(uint64_t lock)
{
	char text[24];
	snprintf(text, sizeof(text), "0x%" PRIx64, lock);
	return json_string(text);
}

/* A member, if it is known. */
static void set_place(json_t *json, const char *member, const struct ctrace_trace *trace,
		      uint32_t frame)
{
	if (ctrace_trace_frame(trace, frame) != NULL) {
		json_object_set_new(json, member, ctrace_answer_frame(trace, frame));
	}
}

/* A member, if there is one: the thread that `tid` meant when the wait began. */
static void set_thread(json_t *json, const char *member, const struct locks *locks, uint64_t tid,
		       const struct ctrace_seen_wait *wait)
{
	if (tid != 0) {
		struct ctrace_named_thread who =
			ctrace_thread_named(locks->source->model, tid, wait->ticks, wait->begin);
		json_object_set_new(json, member, ctrace_answer_thread(&who));
	}
}

/* Where the holder was meanwhile, in brief. */
static json_t *held_of(const struct ctrace_trace *trace, const struct ctrace_look *look)
{
	const struct ctrace_frame_row *frame =
		ctrace_trace_frame(trace, ctrace_lock_place(trace, look->stack));
	json_t *json = json_pack("{s:o,s:s}", "time", ctrace_json_count(look->time), "state",
				 ctrace_thread_state_name(look->doing));
	if (frame != NULL) {
		json_object_set_new(json, "function",
				    ctrace_json_text(ctrace_trace_string(trace, frame->function)));
	}
	return json;
}

static json_t *wait_of(const struct locks *locks, const struct ctrace_seen_wait *wait)
{
	const struct ctrace_model *model = locks->source->model;
	uint32_t track = ctrace_thread_track(model, wait->stream);
	struct ctrace_place place = ctrace_thread_call_at(model, track, wait->begin);
	json_t *json = json_pack("{s:o,s:o,s:b}", "start", ctrace_json_count(wait->begin),
				 "duration", ctrace_json_count(wait->end - wait->begin), "is_over",
				 (int)wait->is_over);
	set_thread(json, "thread", locks, wait->tid, wait);
	set_thread(json, "holder", locks, wait->holder, wait);
	set_place(json, "waits_in", locks->source->trace,
		  ctrace_lock_place(locks->source->trace, wait->stack));
	if (wait->held != NULL) {
		json_object_set_new(json, "held", held_of(locks->source->trace, wait->held));
	}
	if (place.lane != CTRACE_NONE) {
		json_object_set_new(json, "place", ctrace_answer_place(place));
	}
	return json;
}

static bool is_longer(const struct ctrace_seen_wait *a, const struct ctrace_seen_wait *b)
{
	return a->end - a->begin > b->end - b->begin;
}

/* The longest first. */
static json_t *longest_of(const struct locks *locks, const struct ctrace_lock_row *row)
{
	const struct ctrace_seen_wait *longest[CTRACE_LOCKS_LONGEST_MAX + 1];
	unsigned count = 0;
	json_t *rows = json_array();
	for (size_t i = 0; i < row->wait_count; i++) {
		unsigned at = count;
		if (!ctrace_lock_is_counted(&locks->settings, &row->waits[i])) {
			continue;
		}
		for (; at > 0 && is_longer(&row->waits[i], longest[at - 1]); at--) {
			longest[at] = longest[at - 1];
		}
		longest[at] = &row->waits[i];
		count += count < CTRACE_LOCKS_LONGEST_MAX;
	}
	for (unsigned i = 0; i < count; i++) {
		json_array_append_new(rows, wait_of(locks, longest[i]));
	}
	return rows;
}

static json_t *lock_of(const struct locks *locks, const struct ctrace_lock_row *row)
{
	json_t *json = json_pack(
		"{s:o,s:s,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "lock",
		lock_text(row->lock), "kind", ctrace_lock_kind_name(row->kind), "is_held",
		(int)ctrace_lock_is_held(row->kind), "pid", ctrace_json_count(row->pid), "count",
		ctrace_json_count(row->count), "not_over", ctrace_json_count(row->waiting), "total",
		ctrace_json_count(row->total), "p50", ctrace_json_count(row->p50), "p99",
		ctrace_json_count(row->p99), "max", ctrace_json_count(row->max), "threads",
		ctrace_json_count(row->threads), "with_stack", ctrace_json_count(row->known),
		"waits", longest_of(locks, row));
	set_thread(json, "holder", locks, row->holder, row->longest);
	if (row->holder != 0) {
		json_object_set_new(json, "holder_count", ctrace_json_count(row->holder_count));
	}
	set_place(json, "waited_in", locks->source->trace, row->waited_in);
	set_place(json, "let_go_in", locks->source->trace, row->let_go_in);
	set_place(json, "held_in", locks->source->trace, row->held_in);
	return json;
}

static json_t *rows_of(const struct locks *locks)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < locks->counts.count && i < CTRACE_LOCKS_ROWS_MAX; i++) {
		json_array_append_new(rows, lock_of(locks, &locks->counts.rows[i]));
	}
	return rows;
}

/* A circle may be of all threads there are; it is then cut. */
static json_t *cycle_of(const struct locks *locks, size_t from, size_t to)
{
	json_t *waits = json_array();
	for (size_t i = from; i < to && i - from < CTRACE_LOCKS_CYCLE_MAX; i++) {
		const struct ctrace_seen_wait *wait = locks->cycles.items[i];
		json_t *json = wait_of(locks, wait);
		json_object_set_new(json, "lock", lock_text(wait->lock));
		json_object_set_new(json, "kind", json_string(ctrace_lock_kind_name(wait->kind)));
		json_array_append_new(waits, json);
	}
	return json_pack("{s:o,s:o}", "threads", ctrace_json_count(to - from), "waits", waits);
}

static json_t *cycles_of(const struct locks *locks)
{
	json_t *cycles = json_array();
	size_t from = 0;
	for (size_t i = 0; i < locks->cycles.count && i < CTRACE_LOCKS_CYCLES_MAX; i++) {
		json_array_append_new(cycles, cycle_of(locks, from, locks->cycles.ends[i]));
		from = locks->cycles.ends[i];
	}
	return cycles;
}

static json_t *answer_of(const struct locks *locks)
{
	uint64_t count = 0, total = 0, with_stack = 0;
	for (size_t i = 0; i < locks->counts.count; i++) {
		count += locks->counts.rows[i].count;
		total += locks->counts.rows[i].total;
		with_stack += locks->counts.rows[i].known;
	}
	return json_pack(
		"{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "type", "locks", "start",
		ctrace_json_count(locks->settings.start), "end",
		ctrace_json_count(locks->settings.end), "count", ctrace_json_count(count), "total",
		ctrace_json_count(total), "with_stack", ctrace_json_count(with_stack), "lock_count",
		ctrace_json_count(locks->counts.count), "locks", rows_of(locks), "deadlock_count",
		ctrace_json_count(locks->cycles.count), "deadlocks", cycles_of(locks), "flame",
		ctrace_answer_flame_parts(&locks->flame, locks->source->trace));
}

enum ctrace_status ctrace_answer_locks(const struct ctrace_answer_source *source,
				       const struct ctrace_message *question,
				       const struct ctrace_patience *patience, json_t **json,
				       struct ctrace_error *error)
{
	struct locks locks = {.source = source};
	enum ctrace_status status = analyse(&locks, question, patience);
	if (status == CTRACE_OK) {
		*json = answer_of(&locks);
	} else {
		explain(error, status);
	}
	finish(&locks);
	return status;
}
