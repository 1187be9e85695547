/* SPDX-License-Identifier: MIT */
/* State by state, or where there are none call by call; see split.h. */

#include "viewer-server/analysis/split.h"

#include "viewer-server/model/ask/thread_query.h"
#include "viewer-server/model/threads/call_words.h"
#include "viewer-server/model/tile.h"

#include <stdlib.h>

/* Events between two looks at the clock. */
#define PATIENCE_EVENTS 4096u

struct splitting {
	struct ctrace_split *split;
	const struct ctrace_model *model;
	const struct ctrace_patience *patience;
	struct ctrace_thread_view view;
	uint32_t *row_of; /* owned; rows by name, then by part; 0: none yet, else one more */
	uint32_t names, room;
	uint64_t known; /* ns that belong to a part */
	uint32_t looked_at;
	bool is_stopped, is_out_of_memory;
};

static bool goes_on(struct splitting *splitting)
{
	const struct ctrace_patience *patience = splitting->patience;

	if (++splitting->looked_at % PATIENCE_EVENTS == 0 && patience != NULL &&
	    !patience->go_on(patience->context)) {
		splitting->is_stopped = true;
	}
	return !splitting->is_stopped && !splitting->is_out_of_memory;
}

/* ---- Rows --------------------------------------------------------------------- */

static struct ctrace_split_row *row_of(struct splitting *splitting, enum ctrace_split_part part,
				       uint32_t name)
{
	bool is_named = part == CTRACE_SPLIT_CALL || part == CTRACE_SPLIT_LOCK;
	uint32_t *slot = &splitting->row_of[is_named ? name : splitting->names + part];
	struct ctrace_split *split = splitting->split;

	if (*slot != 0) {
		return &split->rows[*slot - 1];
	}
	if (split->row_count == splitting->room) {
		uint32_t room = splitting->room == 0 ? 16 : splitting->room * 2;
		void *grown = realloc(split->rows, room * sizeof(*split->rows));

		if (grown == NULL) {
			splitting->is_out_of_memory = true;
			return NULL;
		}
		split->rows = grown;
		splitting->room = room;
	}
	split->rows[split->row_count] =
		(struct ctrace_split_row){.part = part, .name = name, .longest = {CTRACE_NONE, 0}};
	*slot = ++split->row_count;
	return &split->rows[*slot - 1];
}

/* What an event has within the stretch. */
struct piece {
	struct ctrace_place place;
	uint64_t start, duration, whole;
};

static struct piece cut(const struct ctrace_split *split, const struct ctrace_model_event *event)
{
	uint64_t end = event->start + event->duration;
	uint64_t from = event->start > split->start ? event->start : split->start;

	end = end < split->end ? end : split->end;
	return (struct piece){event->place, from, end > from ? end - from : 0, event->duration};
}

static void add(struct splitting *splitting, enum ctrace_split_part part, uint32_t name,
		bool is_library, const struct piece *piece)
{
	struct ctrace_split_row *row = row_of(splitting, part, name);

	if (row == NULL) {
		return;
	}
	row->is_library = is_library;
	row->total += piece->duration;
	row->count++;
	if (row->longest.lane == CTRACE_NONE || piece->whole > row->longest_ns) {
		row->longest = piece->place;
		row->longest_ns = piece->whole;
	}
	splitting->known += piece->duration;
}

static void add_wait(struct ctrace_split *split, enum ctrace_split_part part, uint32_t name,
		     const struct piece *piece)
{
	uint32_t i = split->wait_count;

	if (i == CTRACE_SPLIT_WAITS) {
		if (piece->duration <= split->waits[--i].duration) {
			return;
		}
	} else {
		split->wait_count++;
	}
	for (; i > 0 && split->waits[i - 1].duration < piece->duration; i--) {
		split->waits[i] = split->waits[i - 1];
	}
	split->waits[i] =
		(struct ctrace_split_wait){piece->place, piece->start, piece->duration, part, name};
}

/* ---- Calls -------------------------------------------------------------------- */

static bool is_library(const struct ctrace_model *model, struct ctrace_place place)
{
	struct ctrace_model_event event;

	return place.lane != CTRACE_NONE && ctrace_model_event(model, place, &event) == CTRACE_OK &&
	       ctrace_real_is_call(event.flags) && (event.flags & CTRACE_REAL_IS_CALL) != 0;
}

/* A library's call says more than the system calls that it makes. */
static struct ctrace_place telling_call(const struct ctrace_model *model, struct ctrace_place place)
{
	while (place.lane != CTRACE_NONE) {
		struct ctrace_place parent = ctrace_thread_parent(model, place);

		if (!is_library(model, parent)) {
			break;
		}
		place = parent;
	}
	return place;
}

static void add_in_call(struct splitting *splitting, struct ctrace_place call,
			const struct piece *piece)
{
	struct ctrace_model_event event;
	enum ctrace_split_part part = CTRACE_SPLIT_SLEEPING;
	uint32_t name = 0;

	if (call.lane != CTRACE_NONE &&
	    ctrace_model_event(splitting->model, call, &event) == CTRACE_OK) {
		name = event.name;
		part = ctrace_call_is_lock(ctrace_model_name(splitting->model, name))
			       ? CTRACE_SPLIT_LOCK
			       : CTRACE_SPLIT_CALL;
	}
	add(splitting, part, name, is_library(splitting->model, call), piece);
	add_wait(splitting->split, part, name, piece);
}

/* ---- By states ------------------------------------------------------------------- */

static void add_state(struct splitting *splitting, const struct ctrace_model_event *event)
{
	unsigned state = event->name - ctrace_model_state_name(0);
	struct piece piece = cut(splitting->split, event);
	struct ctrace_place call;

	if (state == CTRACE_STATE_RUNNING) {
		add(splitting, CTRACE_SPLIT_RUNNING, 0, false, &piece);
	} else if (ctrace_thread_state_is_runnable(state)) {
		add(splitting, CTRACE_SPLIT_RUNNABLE, 0, false, &piece);
	} else if (state == CTRACE_STATE_STOPPED || state == CTRACE_STATE_TRACED) {
		add(splitting, CTRACE_SPLIT_STOPPED, 0, false, &piece);
	} else if (state == CTRACE_STATE_DEAD) {
		add(splitting, CTRACE_SPLIT_DEAD, 0, false, &piece);
	} else if (ctrace_thread_state_is_waiting(state)) {
		call = ctrace_thread_call_at(splitting->model, splitting->split->track,
					     event->start);
		add_in_call(splitting, telling_call(splitting->model, call), &piece);
	}
}

static void split_by_states(struct splitting *splitting)
{
	const struct ctrace_split *split = splitting->split;
	struct ctrace_place place = {splitting->view.state_lane, 0};
	struct ctrace_model_event event;

	place.index = ctrace_thread_first_after(splitting->model, place.lane, split->start);
	for (; ctrace_model_event(splitting->model, place, &event) == CTRACE_OK &&
	       event.start < split->end && goes_on(splitting);
	     place.index++) {
		add_state(splitting, &event);
	}
}

/* ---- By calls --------------------------------------------------------------------- */

static bool may_block(const struct splitting *splitting, const struct ctrace_model_event *event)
{
	return ctrace_real_is_call(event->flags) &&
	       ctrace_call_may_block(ctrace_model_name(splitting->model, event->name));
}

/* Its time is counted where it is in no other that may block. */
static bool is_outermost(const struct splitting *splitting, struct ctrace_place place)
{
	struct ctrace_model_event event;

	for (;;) {
		place = ctrace_thread_parent(splitting->model, place);
		if (place.lane == CTRACE_NONE) {
			return true;
		}
		if (ctrace_model_event(splitting->model, place, &event) == CTRACE_OK &&
		    may_block(splitting, &event)) {
			return false;
		}
	}
}

static void split_lane_by_calls(struct splitting *splitting, uint32_t lane)
{
	const struct ctrace_split *split = splitting->split;
	struct ctrace_place place = {lane, 0};
	struct ctrace_model_event event;

	place.index = ctrace_thread_first_after(splitting->model, lane, split->start);
	for (; ctrace_model_event(splitting->model, place, &event) == CTRACE_OK &&
	       event.start < split->end && goes_on(splitting);
	     place.index++) {
		if (may_block(splitting, &event) && is_outermost(splitting, place)) {
			const struct piece piece = cut(split, &event);

			add_in_call(splitting, place, &piece);
		}
	}
}

/* ---- All together ------------------------------------------------------------------ */

static int largest_first(const void *a, const void *b)
{
	const struct ctrace_split_row *x = a, *y = b;

	if (x->total != y->total) {
		return x->total > y->total ? -1 : 1;
	}
	if (x->part != y->part) {
		return x->part < y->part ? -1 : 1;
	}
	return (x->name > y->name) - (x->name < y->name);
}

/* Parts without time are left out; what no part has is unknown. */
static void close_rows(struct splitting *splitting)
{
	struct ctrace_split *split = splitting->split;
	uint64_t duration = split->end - split->start;
	uint32_t count = 0;

	if (splitting->known < duration) {
		struct ctrace_split_row *row = row_of(splitting, CTRACE_SPLIT_UNKNOWN, 0);
		if (row != NULL) {
			row->total = duration - splitting->known;
			row->count = 1;
		}
	}
	for (uint32_t i = 0; i < split->row_count; i++) {
		if (split->rows[i].total > 0) {
			split->rows[count++] = split->rows[i];
		}
	}
	split->row_count = count;
	if (count > 0) {
		qsort(split->rows, count, sizeof(*split->rows), largest_first);
	}
}

static void split_all(struct splitting *splitting)
{
	const struct ctrace_thread_view *view = &splitting->view;
	struct ctrace_split *split = splitting->split;

	split->has_states = view->state_lane != CTRACE_NONE;
	if (split->has_states) {
		split_by_states(splitting);
	}
	for (uint32_t i = 0; !split->has_states && i < view->span_lanes; i++) {
		split_lane_by_calls(splitting, view->first_span_lane + i);
	}
	split->has_run_queue = ctrace_thread_run_delay(splitting->model, split->track, split->start,
						       split->end, &split->run_queue);
	close_rows(splitting);
}

enum ctrace_status ctrace_split_init(struct ctrace_split *split, const struct ctrace_model *model,
				     uint32_t track, uint64_t start, uint64_t end,
				     const struct ctrace_patience *patience)
{
	struct splitting splitting = {.split = split, .model = model, .patience = patience};

	*split = (struct ctrace_split){
		.track = track, .start = start, .end = end > start ? end : start};
	if (!ctrace_thread_view(model, track, &splitting.view)) {
		return CTRACE_ERR_NOT_FOUND;
	}
	splitting.names = ctrace_model_name_count(model);
	splitting.row_of =
		calloc(splitting.names + CTRACE_SPLIT_UNKNOWN + 1u, sizeof(*splitting.row_of));
	if (splitting.row_of == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	split_all(&splitting);
	free(splitting.row_of);
	if (splitting.is_out_of_memory) {
		return CTRACE_ERR_NO_MEMORY;
	}
	return splitting.is_stopped ? CTRACE_END : CTRACE_OK;
}

void ctrace_split_finish(struct ctrace_split *split)
{
	free(split->rows);
	*split = (struct ctrace_split){0};
}
