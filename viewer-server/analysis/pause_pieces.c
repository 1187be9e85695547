/* SPDX-License-Identifier: MIT */
/* Lanes walked once, each event that takes time away kept as a piece; see pause_pieces.h. */

#include "viewer-server/analysis/pause_pieces.h"

#include "viewer-server/analysis/allocator_names.h"
#include "viewer-server/model/ask/thread_query.h"
#include "viewer-server/model/threads/call_words.h"
#include "viewer-server/model/threads/thread_state.h"
#include "viewer-server/model/tile.h"

#include <stdlib.h>
#include <string.h>

/* Events between two looks at the clock. */
#define PATIENCE_EVENTS 4096u

struct filling {
	const struct ctrace_model *model;
	const struct ctrace_pauses_question *question;
	const struct ctrace_patience *patience;
	struct ctrace_pause_members *members;
	struct ctrace_pause_member *member; /* the one at hand */
	struct ctrace_allocator_stacks stacks;
	uint8_t *is_lock; /* owned; by name: 0 not looked at, 1 no, 2 yes */
	uint32_t looked_at;
	enum ctrace_status status;
};

static bool goes_on(struct filling *filling)
{
	const struct ctrace_patience *patience = filling->patience;

	if (filling->status == CTRACE_OK && ++filling->looked_at % PATIENCE_EVENTS == 0 &&
	    patience != NULL && !patience->go_on(patience->context)) {
		filling->status = CTRACE_END;
	}
	return filling->status == CTRACE_OK;
}

static void add(struct filling *filling, uint64_t start, uint64_t end)
{
	struct ctrace_taken *taken = &filling->member->taken;
	size_t before = taken->count;

	if (!ctrace_taken_add(taken, start, end)) {
		filling->status = CTRACE_ERR_NO_MEMORY;
	}
	filling->members->pieces += taken->count - before;
	if (filling->members->pieces > CTRACE_PAUSE_PIECES_MAX) {
		filling->status = CTRACE_ERR_LIMIT;
	}
}

/* Every event of a lane that touches the stretch; `take` looks at each. */
static void walk(struct filling *filling, uint32_t lane,
		 void (*take)(struct filling *filling, const struct ctrace_model_event *event))
{
	struct ctrace_place place = {lane, 0};
	struct ctrace_model_event event;

	place.index = ctrace_thread_first_after(filling->model, lane, filling->question->start);
	for (; ctrace_model_event(filling->model, place, &event) == CTRACE_OK &&
	       event.start < filling->question->end && goes_on(filling);
	     place.index++) {
		take(filling, &event);
	}
}

static void take_whole(struct filling *filling, const struct ctrace_model_event *event)
{
	add(filling, event->start, event->start + event->duration);
}

/* ---- Tracks and lanes ---------------------------------------------------------- */

static const struct ctrace_track *track_of(const struct ctrace_model *model, uint32_t track)
{
	uint32_t count;
	const struct ctrace_track *tracks = ctrace_model_tracks(model, &count);

	return track < count ? &tracks[track] : NULL;
}

static bool is_kind(const struct ctrace_model *model, uint32_t track, enum ctrace_track_kind kind)
{
	const struct ctrace_track *of = track_of(model, track);

	return of != NULL && of->kind == kind;
}

/* Is it the track asked for, or a thread of it? */
static bool is_member(const struct ctrace_track *track, uint32_t asked)
{
	return track->kind == CTRACE_TRACK_THREAD && (track->id == asked || track->parent == asked);
}

/* The track asked for, its threads, and what stands beside it in its process. */
static bool concerns(const struct ctrace_model *model, const struct ctrace_lane_info *lane,
		     uint32_t asked)
{
	const struct ctrace_track *track = track_of(model, lane->track);
	const struct ctrace_track *of = track_of(model, asked);
	uint32_t process = of->kind == CTRACE_TRACK_THREAD ? of->parent : of->id;

	return is_member(track, asked) ||
	       (track->kind == CTRACE_TRACK_COLLECTOR && track->parent == process);
}

static bool has_lane(const struct ctrace_model *model, uint32_t asked, enum ctrace_lane_kind kind)
{
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(model, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (lanes[i].kind == kind && concerns(model, &lanes[i], asked)) {
			return true;
		}
	}
	return false;
}

/* ---- Collectors ------------------------------------------------------------------ */

static void take_collector(struct filling *filling, const struct ctrace_model_event *event)
{
	if (ctrace_real_is_collector(event->flags)) {
		take_whole(filling, event);
	}
}

/* The pauses of the process that the track is, or is in. */
static void add_pauses(struct filling *filling)
{
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(filling->model, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (lanes[i].kind == CTRACE_LANE_PAUSE &&
		    concerns(filling->model, &lanes[i], filling->question->track)) {
			walk(filling, i, take_whole);
		}
	}
}

static void add_own_work(struct filling *filling, const struct ctrace_thread_view *view)
{
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(filling->model, &count);

	for (uint32_t i = 0; i < view->span_lanes; i++) {
		walk(filling, view->first_span_lane + i, take_collector);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (lanes[i].kind == CTRACE_LANE_HALT && lanes[i].track == filling->member->track) {
			walk(filling, i, take_whole);
		}
	}
}

/* ---- Locks ------------------------------------------------------------------------- */

static bool has(struct ctrace_bytes name, const char *word)
{
	return memmem(name.bytes, name.size, word, strlen(word)) != NULL;
}

/* A lock that somebody holds: conditions and the like wait for work, not for their turn. */
static bool is_held_lock(struct ctrace_bytes name)
{
	return ctrace_call_is_lock(name) && (has(name, "mutex") || has(name, "rwlock") ||
					     has(name, "mtx_") || has(name, "spin"));
}

static void take_lock(struct filling *filling, const struct ctrace_model_event *event)
{
	uint8_t *known;

	if (!ctrace_real_is_call(event->flags) || (event->flags & CTRACE_REAL_IS_CALL) == 0) {
		return;
	}
	known = &filling->is_lock[event->name];
	if (*known == 0) {
		*known = is_held_lock(ctrace_model_name(filling->model, event->name)) ? 2 : 1;
	}
	if (*known == 2) {
		take_whole(filling, event);
	}
}

static bool has_locks(const struct ctrace_model *model)
{
	uint32_t count = ctrace_model_name_count(model);

	for (uint32_t i = 0; i < count; i++) {
		if (is_held_lock(ctrace_model_name(model, i))) {
			return true;
		}
	}
	return false;
}

/* ---- States -------------------------------------------------------------------------- */

static unsigned state_of(const struct ctrace_model_event *event)
{
	return event->name - ctrace_model_state_name(0);
}

static void take_runnable(struct filling *filling, const struct ctrace_model_event *event)
{
	if (ctrace_thread_state_is_runnable(state_of(event))) {
		take_whole(filling, event);
	}
}

static void take_blocked(struct filling *filling, const struct ctrace_model_event *event)
{
	unsigned state = state_of(event);

	if (ctrace_thread_state_is_waiting(state) || state == CTRACE_STATE_STOPPED ||
	    state == CTRACE_STATE_TRACED) {
		take_whole(filling, event);
	}
}

/* From the first state to the last one in which it lived. */
static void known_of(const struct ctrace_model *model, uint32_t lane, uint64_t *start,
		     uint64_t *end)
{
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(model, &count);
	struct ctrace_model_event event;
	struct ctrace_place place = {lane, 0};

	if (ctrace_model_event(model, place, &event) == CTRACE_OK && event.start > *start) {
		*start = event.start;
	}
	for (place.index = (uint32_t)lanes[lane].events; place.index-- > 0;) {
		if (ctrace_model_event(model, place, &event) != CTRACE_OK) {
			continue;
		}
		if (state_of(&event) != CTRACE_STATE_DEAD) {
			*end = event.start + event.duration < *end ? event.start + event.duration
								   : *end;
			return;
		}
		*end = event.start < *end ? event.start : *end;
	}
}

/* ---- Samples --------------------------------------------------------------------------- */

/* A sample stands for the time before it, back to the one before. */
static void add_samples(struct filling *filling, uint32_t lane)
{
	const struct ctrace_pauses_question *question = filling->question;
	struct ctrace_model_event event;
	struct ctrace_place place = {lane, 0};
	uint64_t before = 0;

	for (; ctrace_model_event(filling->model, place, &event) == CTRACE_OK && goes_on(filling);
	     place.index++) {
		uint64_t weight = event.value > 0 ? (uint64_t)event.value : 0;
		uint64_t from = event.start > weight ? event.start - weight : 0;

		if (event.start > question->start && from < question->end &&
		    ctrace_allocator_stacks_have(&filling->stacks,
						 ctrace_thread_stack(filling->model, place))) {
			add(filling, from > before ? from : before, event.start);
		}
		if (event.start >= question->start && event.start < question->end &&
		    weight > filling->members->grain) {
			filling->members->grain = weight;
		}
		before = event.start;
	}
}

/* ---- Members ----------------------------------------------------------------------------- */

static void fill_thread(struct filling *filling)
{
	uint64_t start = filling->question->start, end = filling->question->end;
	struct ctrace_thread_view view;

	if (!ctrace_thread_view(filling->model, filling->member->track, &view)) {
		return;
	}
	switch (filling->question->what) {
	case CTRACE_PAUSE_COLLECTOR:
		add_pauses(filling);
		add_own_work(filling, &view);
		break;
	case CTRACE_PAUSE_LOCK:
		for (uint32_t i = 0; i < view.span_lanes; i++) {
			walk(filling, view.first_span_lane + i, take_lock);
		}
		break;
	case CTRACE_PAUSE_ALLOCATOR:
		if (view.sample_lane != CTRACE_NONE) {
			add_samples(filling, view.sample_lane);
		}
		break;
	case CTRACE_PAUSE_RUNNABLE:
	case CTRACE_PAUSE_BLOCKED:
	case CTRACE_PAUSE_WHATS:
		end = view.state_lane == CTRACE_NONE ? start : end;
		if (view.state_lane != CTRACE_NONE) {
			known_of(filling->model, view.state_lane, &start, &end);
			walk(filling, view.state_lane,
			     filling->question->what == CTRACE_PAUSE_RUNNABLE ? take_runnable
									      : take_blocked);
		}
		break;
	}
	ctrace_taken_close(&filling->member->taken, start, end);
}

static void fill_members(struct filling *filling)
{
	const struct ctrace_pauses_question *question = filling->question;
	struct ctrace_pause_members *members = filling->members;
	uint32_t count;
	const struct ctrace_track *tracks = ctrace_model_tracks(filling->model, &count);

	if (question->what == CTRACE_PAUSE_COLLECTOR &&
	    tracks[question->track].kind == CTRACE_TRACK_PROCESS &&
	    has_lane(filling->model, question->track, CTRACE_LANE_PAUSE)) {
		filling->member = &members->items[members->count++];
		filling->member->track = question->track;
		add_pauses(filling);
		ctrace_taken_close(&filling->member->taken, question->start, question->end);
		return;
	}
	for (uint32_t i = 0; i < count && filling->status == CTRACE_OK; i++) {
		if (is_member(&tracks[i], question->track)) {
			filling->member = &members->items[members->count++];
			filling->member->track = i;
			fill_thread(filling);
		}
	}
}

enum ctrace_status ctrace_pause_members_init(struct ctrace_pause_members *members,
					     const struct ctrace_model *model,
					     const struct ctrace_trace *trace,
					     const struct ctrace_pauses_question *question,
					     const struct ctrace_patience *patience)
{
	struct filling filling = {
		.model = model, .question = question, .patience = patience, .members = members};
	uint32_t count;

	*members = (struct ctrace_pause_members){0};
	if (!is_kind(model, question->track, CTRACE_TRACK_THREAD) &&
	    !is_kind(model, question->track, CTRACE_TRACK_PROCESS)) {
		return CTRACE_ERR_NOT_FOUND;
	}
	ctrace_model_tracks(model, &count);
	members->items = calloc(count + 1u, sizeof(*members->items));
	filling.is_lock = calloc(ctrace_model_name_count(model) + 1u, 1);
	filling.status = ctrace_allocator_stacks_init(&filling.stacks, trace);
	if (members->items == NULL || filling.is_lock == NULL) {
		filling.status = CTRACE_ERR_NO_MEMORY;
	}
	if (filling.status == CTRACE_OK) {
		fill_members(&filling);
	}
	ctrace_allocator_stacks_finish(&filling.stacks);
	free(filling.is_lock);
	return filling.status;
}

void ctrace_pause_members_finish(struct ctrace_pause_members *members)
{
	for (uint32_t i = 0; members->items != NULL && i < members->count; i++) {
		ctrace_taken_finish(&members->items[i].taken);
	}
	free(members->items);
	*members = (struct ctrace_pause_members){0};
}

/* ---- What there is ------------------------------------------------------------------------- */

static const char *why_no_collector(const struct ctrace_model *model, uint32_t track)
{
	bool is_told = has_lane(model, track, CTRACE_LANE_PAUSE) ||
		       has_lane(model, track, CTRACE_LANE_CYCLE) ||
		       has_lane(model, track, CTRACE_LANE_HALT);

	return is_told ? NULL : "no collector of this process told of its work";
}

const char *ctrace_pause_why_not(const struct ctrace_model *model, uint32_t track,
				 enum ctrace_pause_what what)
{
	switch (what) {
	case CTRACE_PAUSE_COLLECTOR:
		return why_no_collector(model, track);
	case CTRACE_PAUSE_RUNNABLE:
	case CTRACE_PAUSE_BLOCKED:
		return has_lane(model, track, CTRACE_LANE_STATE)
			       ? NULL
			       : "when these threads ran was not recorded; `ctrace sources` says "
				 "what "
				 "can record it";
	case CTRACE_PAUSE_LOCK:
		return has_locks(model)
			       ? NULL
			       : "no waits for locks are in the trace: nobody waited, or they "
				 "were not recorded (source locks)";
	case CTRACE_PAUSE_ALLOCATOR:
		return has_lane(model, track, CTRACE_LANE_SAMPLE)
			       ? NULL
			       : "there are no samples of these threads to estimate it from";
	case CTRACE_PAUSE_WHATS:
		break;
	}
	return "there is no such curve";
}
