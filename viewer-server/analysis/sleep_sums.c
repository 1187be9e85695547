/* SPDX-License-Identifier: MIT */
/* Sleeps to sums by their stacks; see sleep_sums.h. */

#include "viewer-server/analysis/sleep_sums.h"

#include "viewer-server/model/ask/sleeps.h"
#include "viewer-server/model/threads/look_list.h"

#include <stdlib.h>

/* Sleeps between two looks at the clock. */
#define PATIENCE_SLEEPS 4096u

struct summing {
	struct ctrace_sleep_sums *sums;
	const struct ctrace_model *model;
	const struct ctrace_sleep_settings *settings;
	uint32_t looked_at;
	enum ctrace_status status;
};

static bool goes_on(struct summing *summing)
{
	const struct ctrace_patience *patience = summing->settings->patience;

	if (++summing->looked_at % PATIENCE_SLEEPS == 0 && patience != NULL &&
	    !patience->go_on(patience->context)) {
		summing->status = CTRACE_END;
	}
	return summing->status == CTRACE_OK;
}

static struct ctrace_sleep_row *add_row(struct ctrace_sleep_sums *sums, uint32_t stack)
{
	if (sums->count == sums->room) {
		uint32_t room = sums->room == 0 ? 64 : 2 * sums->room;
		void *grown = realloc(sums->rows, room * sizeof(*sums->rows));

		if (grown == NULL) {
			return NULL;
		}
		sums->rows = grown;
		sums->room = room;
	}
	if (!ctrace_map_put(&sums->by_stack, stack, sums->count)) {
		return NULL;
	}
	sums->rows[sums->count] = (struct ctrace_sleep_row){.stack = stack};
	return &sums->rows[sums->count++];
}

static struct ctrace_sleep_row *row_of(struct summing *summing, uint32_t stack)
{
	uint32_t found = ctrace_map_get(&summing->sums->by_stack, stack);
	struct ctrace_sleep_row *row = found != CTRACE_MAP_NONE ? &summing->sums->rows[found]
								: add_row(summing->sums, stack);

	if (row == NULL) {
		summing->status = CTRACE_ERR_NO_MEMORY;
	}
	return row;
}

static void add_to(struct ctrace_sleep_sum *sum, uint64_t ns, bool is_estimate)
{
	sum->total += ns;
	sum->count++;
	sum->estimated += is_estimate ? ns : 0;
}

static void add_sleep(struct summing *summing, uint32_t track, const struct ctrace_sleep *sleep)
{
	uint64_t ns = ctrace_sleep_within(sleep, summing->settings->start, summing->settings->end);
	bool is_estimate = sleep->state.lane == CTRACE_NONE;
	struct ctrace_sleep_row *row;

	if (ns == 0) {
		return;
	}
	add_to(&summing->sums->all, ns, is_estimate);
	if (sleep->look == NULL) {
		add_to(&summing->sums->not_looked, ns, false);
		return;
	}
	row = row_of(summing, sleep->look->stack);
	if (row == NULL) {
		return;
	}
	add_to(&row->sum, ns, is_estimate);
	if (ns > row->longest) {
		row->longest = ns;
		row->longest_at = sleep->begin;
		row->longest_track = track;
		row->longest_state = sleep->state;
	}
}

static void add_walk(struct summing *summing, uint32_t track, struct ctrace_sleep_walk *walk)
{
	uint64_t before = summing->sums->all.count;
	struct ctrace_sleep sleep;

	while (ctrace_sleep_walk_next(walk, &sleep) && goes_on(summing)) {
		add_sleep(summing, track, &sleep);
	}
	summing->sums->threads += summing->sums->all.count > before;
}

static void add_track(struct summing *summing, uint32_t track)
{
	struct ctrace_sleep_walk walk;

	if (ctrace_sleep_walk_init(&walk, summing->model, track, summing->settings->start,
				   summing->settings->end)) {
		add_walk(summing, track, &walk);
	} else {
		summing->status = CTRACE_ERR_NOT_FOUND;
	}
}

static bool is_wanted(const struct ctrace_sleep_settings *settings,
		      const struct ctrace_track *track)
{
	for (uint32_t i = 0; i < settings->thread_count; i++) {
		if (settings->threads[i] == track->tid) {
			return true;
		}
	}
	return settings->thread_count == 0;
}

static void add_threads(struct summing *summing)
{
	uint32_t count, threads = ctrace_sleep_threads(summing->model);
	const struct ctrace_track *tracks = ctrace_model_tracks(summing->model, &count);
	struct ctrace_sleep_walk walk;

	for (uint32_t i = 0; i < threads && summing->status == CTRACE_OK; i++) {
		uint32_t track = ctrace_sleep_track(summing->model, i);

		if (is_wanted(summing->settings, &tracks[track])) {
			ctrace_sleep_walk_thread(&walk, summing->model, i, summing->settings->start,
						 summing->settings->end);
			add_walk(summing, track, &walk);
		}
	}
}

static int most_first(const void *a, const void *b)
{
	const struct ctrace_sleep_row *x = a, *y = b;

	if (x->sum.total != y->sum.total) {
		return x->sum.total > y->sum.total ? -1 : 1;
	}
	return (x->stack > y->stack) - (x->stack < y->stack);
}

enum ctrace_status ctrace_sleep_sums_init(struct ctrace_sleep_sums *sums,
					  const struct ctrace_model *model,
					  const struct ctrace_sleep_settings *settings)
{
	struct summing summing = {.sums = sums, .model = model, .settings = settings};

	*sums = (struct ctrace_sleep_sums){0};
	if (settings->track != CTRACE_NONE) {
		add_track(&summing, settings->track);
	} else {
		add_threads(&summing);
	}
	if (sums->count > 0) {
		qsort(sums->rows, sums->count, sizeof(*sums->rows), most_first);
	}
	ctrace_map_finish(&sums->by_stack);
	return summing.status;
}

void ctrace_sleep_sums_finish(struct ctrace_sleep_sums *sums)
{
	free(sums->rows);
	ctrace_map_finish(&sums->by_stack);
	*sums = (struct ctrace_sleep_sums){0};
}
