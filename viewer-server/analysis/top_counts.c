/* SPDX-License-Identifier: MIT */
/* Threads from their state lanes, names from their span lanes; see top_counts.h. */

#include "viewer-server/analysis/top_counts.h"

#include "viewer-server/model/threads/thread_state.h"
#include "viewer-server/model/tile.h"

#include <stdlib.h>

/* Durations kept at a time while percentiles are looked up: 256 MiB. */
#define DURATIONS_MAX (UINT64_C(32) << 20)

enum name_class { CLASS_SPAN, CLASS_SYSCALL, CLASS_CALL, CLASSES };

/* All of one name and class. */
struct name_row {
	struct ctrace_top_name sums;
	uint32_t group;		   /* the walk in which its durations are collected, from 1 */
	uint64_t first, collected; /* where these stand */
};

struct counting {
	struct ctrace_top *top;
	const struct ctrace_model *model;
	const struct ctrace_top_settings *settings;
	uint32_t *row_of_track; /* owned; CTRACE_NONE: not wanted */
	struct name_row *rows;	/* owned; name by name, class by class */
	uint32_t row_count;
	uint64_t *durations; /* owned */
	uint32_t group;	     /* 0: the first walk, which sums */
};

static bool is_wanted(const struct counting *counting, const struct ctrace_track *track)
{
	const struct ctrace_top_settings *settings = counting->settings;

	if (track->kind != CTRACE_TRACK_THREAD) {
		return false;
	}
	for (uint32_t i = 0; i < settings->thread_count; i++) {
		if (settings->threads[i] == track->tid) {
			return true;
		}
	}
	return settings->thread_count == 0;
}

static bool make_rows(struct counting *counting)
{
	uint32_t count;
	const struct ctrace_track *tracks = ctrace_model_tracks(counting->model, &count);

	counting->row_of_track = calloc(count + 1u, sizeof(*counting->row_of_track));
	counting->top->threads = calloc(count + 1u, sizeof(*counting->top->threads));
	if (counting->row_of_track == NULL || counting->top->threads == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		counting->row_of_track[i] = CTRACE_NONE;
		if (is_wanted(counting, &tracks[i])) {
			counting->row_of_track[i] = counting->top->thread_count;
			counting->top->threads[counting->top->thread_count++].track = i;
		}
	}
	return true;
}

/* ns of an event that lie in the range. */
static uint64_t share(const struct ctrace_top_settings *settings,
		      const struct ctrace_model_event *event)
{
	uint64_t end = event->start + event->duration;
	uint64_t from = event->start > settings->start ? event->start : settings->start;

	end = end < settings->end ? end : settings->end;
	return end > from ? end - from : 0;
}

static void add_state(struct ctrace_top_thread *row, unsigned state, uint64_t ns)
{
	if (state == CTRACE_STATE_RUNNING) {
		row->running += ns;
		row->turns++;
	} else if (ctrace_thread_state_is_runnable(state)) {
		row->runnable += ns;
	} else if (ctrace_thread_state_is_waiting(state)) {
		row->waiting += ns;
	} else if (state == CTRACE_STATE_UNKNOWN) {
		row->unknown += ns;
	}
}

static void add_name(struct counting *counting, enum name_class class,
		     const struct ctrace_model_event *event)
{
	struct name_row *row = &counting->rows[event->name * CLASSES + class];

	if (counting->group != 0) {
		if (row->group == counting->group) {
			counting->durations[row->first + row->collected++] = event->duration;
		}
		return;
	}
	row->sums.count++;
	row->sums.total += event->duration;
	row->sums.self += ctrace_model_self(counting->model, event->place);
	row->sums.max = event->duration > row->sums.max ? event->duration : row->sums.max;
}

static void add_span(struct counting *counting, struct ctrace_top_thread *thread,
		     const struct ctrace_model_event *event)
{
	enum name_class class = CLASS_SPAN;

	if (ctrace_real_is_call(event->flags)) {
		bool is_system = (event->flags & CTRACE_REAL_IS_SYSCALL) != 0;

		if ((event->flags & CTRACE_REAL_BEGAN_BEFORE) != 0) {
			return;
		}
		class = is_system ? CLASS_SYSCALL : CLASS_CALL;
	}
	add_name(counting, class, event);
	thread->syscalls += class == CLASS_SYSCALL && counting->group == 0;
	thread->spans += class == CLASS_SPAN && counting->group == 0;
}

static bool touches(const struct ctrace_top_settings *settings,
		    const struct ctrace_model_event *event)
{
	return event->start < settings->end && (event->start >= settings->start ||
						event->start + event->duration > settings->start);
}

/* Does the walk look at such a lane? Later ones look at names only. */
static bool is_of_interest(const struct counting *counting, const struct ctrace_lane_info *lane)
{
	return counting->row_of_track[lane->track] != CTRACE_NONE &&
	       (lane->kind == CTRACE_LANE_SPAN ||
		(lane->kind == CTRACE_LANE_STATE && counting->group == 0));
}

static void count_lane(struct counting *counting, const struct ctrace_lane_info *lane)
{
	struct ctrace_top_thread *thread =
		&counting->top->threads[counting->row_of_track[lane->track]];
	struct ctrace_place place =
		ctrace_model_at(counting->model, lane->id, counting->settings->start);
	struct ctrace_model_event event;

	if (place.lane == CTRACE_NONE) {
		return;
	}
	thread->has_states |= lane->kind == CTRACE_LANE_STATE;
	for (; ctrace_model_event(counting->model, place, &event) == CTRACE_OK &&
	       event.start < counting->settings->end;
	     place.index++) {
		if (!touches(counting->settings, &event)) {
			continue;
		}
		if (lane->kind == CTRACE_LANE_STATE) {
			add_state(thread, event.name - ctrace_model_state_name(0),
				  share(counting->settings, &event));
		} else {
			add_span(counting, thread, &event);
		}
	}
}

static void walk(struct counting *counting)
{
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(counting->model, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (is_of_interest(counting, &lanes[i])) {
			count_lane(counting, &lanes[i]);
		}
	}
}

/* ---- Percentiles ---------------------------------------------------------- */

/* Names that fit into memory together are looked at in one walk. How many walks. */
static uint32_t make_groups(struct counting *counting, uint64_t *most)
{
	uint64_t used = 0;
	uint32_t group = 0;

	*most = 0;
	for (uint32_t i = 0; i < counting->row_count; i++) {
		struct name_row *row = &counting->rows[i];

		if (row->sums.count == 0) {
			continue;
		}
		if (group == 0 || used + row->sums.count > DURATIONS_MAX) {
			group++;
			used = 0;
		}
		row->group = group;
		row->first = used;
		used += row->sums.count;
		*most = used > *most ? used : *most;
	}
	return group;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The nearest rank: the smallest that at least so many percent are not above. */
static uint64_t percentile(const uint64_t *sorted, uint64_t count, unsigned percent)
{
	uint64_t rank = count / 100 * percent + (count % 100 * percent + 99) / 100;

	return sorted[rank > 0 ? rank - 1 : 0];
}

static void rank_group(struct counting *counting)
{
	for (uint32_t i = 0; i < counting->row_count; i++) {
		struct name_row *row = &counting->rows[i];
		uint64_t *sorted = &counting->durations[row->first];

		if (row->group != counting->group) {
			continue;
		}
		qsort(sorted, row->collected, sizeof(*sorted), by_size);
		row->sums.p50 = percentile(sorted, row->collected, 50);
		row->sums.p99 = percentile(sorted, row->collected, 99);
	}
}

static bool rank_all(struct counting *counting)
{
	uint64_t most;
	uint32_t groups = make_groups(counting, &most);

	counting->durations = malloc((most + 1) * sizeof(*counting->durations));
	if (counting->durations == NULL) {
		return false;
	}
	for (counting->group = 1; counting->group <= groups; counting->group++) {
		walk(counting);
		rank_group(counting);
	}
	return true;
}

/* ---- Tables ----------------------------------------------------------------- */

static int largest_total_first(const void *a, const void *b)
{
	const struct ctrace_top_name *x = a, *y = b;

	if (x->total != y->total) {
		return x->total > y->total ? -1 : 1;
	}
	return (x->name > y->name) - (x->name < y->name);
}

static bool take_names(const struct counting *counting, enum name_class class,
		       struct ctrace_top_names *names)
{
	uint32_t count = 0;

	for (uint32_t i = class; i < counting->row_count; i += CLASSES) {
		count += counting->rows[i].sums.count > 0;
	}
	names->rows = calloc(count + 1u, sizeof(*names->rows));
	if (names->rows == NULL) {
		return false;
	}
	for (uint32_t i = class; i < counting->row_count; i += CLASSES) {
		if (counting->rows[i].sums.count > 0) {
			names->rows[names->count] = counting->rows[i].sums;
			names->rows[names->count++].name = i / CLASSES;
		}
	}
	qsort(names->rows, count, sizeof(*names->rows), largest_total_first);
	return true;
}

static int most_running_first(const void *a, const void *b)
{
	const struct ctrace_top_thread *x = a, *y = b;

	if (x->running != y->running) {
		return x->running > y->running ? -1 : 1;
	}
	return (x->track > y->track) - (x->track < y->track);
}

static bool count_all(struct counting *counting)
{
	struct ctrace_top *top = counting->top;

	counting->row_count = ctrace_model_name_count(counting->model) * CLASSES;
	counting->rows = calloc(counting->row_count + 1u, sizeof(*counting->rows));
	if (counting->rows == NULL || !make_rows(counting)) {
		return false;
	}
	walk(counting);
	qsort(top->threads, top->thread_count, sizeof(*top->threads), most_running_first);
	for (uint32_t i = 0; i < top->thread_count; i++) {
		counting->row_of_track[top->threads[i].track] = i;
	}
	return rank_all(counting) && take_names(counting, CLASS_SPAN, &top->spans) &&
	       take_names(counting, CLASS_SYSCALL, &top->syscalls) &&
	       take_names(counting, CLASS_CALL, &top->calls);
}

enum ctrace_status ctrace_top_init(struct ctrace_top *top, const struct ctrace_model *model,
				   const struct ctrace_top_settings *settings)
{
	struct counting counting = {.top = top, .model = model, .settings = settings};
	bool is_ok;

	*top = (struct ctrace_top){0};
	is_ok = count_all(&counting);
	free(counting.row_of_track);
	free(counting.rows);
	free(counting.durations);
	return is_ok ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

void ctrace_top_finish(struct ctrace_top *top)
{
	free(top->threads);
	free(top->spans.rows);
	free(top->syscalls.rows);
	free(top->calls.rows);
	*top = (struct ctrace_top){0};
}
