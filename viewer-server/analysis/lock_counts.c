/* SPDX-License-Identifier: MIT */
/* The most contended locks; see lock_counts.h. */

#include "viewer-server/analysis/lock_counts.h"

#include "viewer-server/analysis/lock_places.h"

#include <stdlib.h>

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

struct counting {
	const struct ctrace_lock_settings *settings;
	const struct ctrace_trace *trace;
	struct ctrace_lock_counts *counts;
	uint64_t *numbers; /* durations, then holders, then threads, of one lock */
	struct ctrace_lock_tally tally;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return ORDER(x, y);
}

bool ctrace_lock_is_counted(const struct ctrace_lock_settings *settings,
			    const struct ctrace_seen_wait *wait)
{
	if (wait->is_left || wait->end < settings->start || wait->begin > settings->end ||
	    (settings->is_of_held && !ctrace_lock_is_held(wait->kind))) {
		return false;
	}
	return settings->thread_count == 0 ||
	       bsearch(&wait->tid, settings->threads, settings->thread_count,
		       sizeof(*settings->threads), by_number) != NULL;
}

static bool is_same_lock(const struct ctrace_seen_wait *a, const struct ctrace_seen_wait *b)
{
	return a->pid == b->pid && a->lock == b->lock &&
	       ctrace_lock_family(a->kind) == ctrace_lock_family(b->kind);
}

/* The nearest rank. */
static uint64_t percentile(const uint64_t *sorted, uint64_t count, uint64_t percent)
{
	uint64_t rank = (count * percent + 99) / 100;

	return sorted[rank > 0 ? rank - 1 : 0];
}

static void take_durations(struct counting *counting, struct ctrace_lock_row *row,
			   const struct ctrace_seen_wait *waits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ctrace_lock_is_counted(counting->settings, &waits[i])) {
			counting->numbers[row->count++] = waits[i].end - waits[i].begin;
			row->total += waits[i].end - waits[i].begin;
			row->waiting += !waits[i].is_over;
			if (row->longest == NULL ||
			    waits[i].end - waits[i].begin >
				    row->longest->end - row->longest->begin) {
				row->longest = &waits[i];
			}
		}
	}
	if (row->count > 0) {
		qsort(counting->numbers, row->count, sizeof(*counting->numbers), by_number);
		row->p50 = percentile(counting->numbers, row->count, 50);
		row->p99 = percentile(counting->numbers, row->count, 99);
		row->max = counting->numbers[row->count - 1];
	}
}

/* The most frequent one that is known; of equal ones the smallest. */
static void take_holder(struct counting *counting, struct ctrace_lock_row *row,
			const struct ctrace_seen_wait *waits, size_t count)
{
	uint64_t known = 0, run = 0;

	for (size_t i = 0; i < count; i++) {
		if (ctrace_lock_is_counted(counting->settings, &waits[i]) && waits[i].holder != 0) {
			counting->numbers[known++] = waits[i].holder;
		}
	}
	if (known > 0) {
		qsort(counting->numbers, known, sizeof(*counting->numbers), by_number);
	}
	for (uint64_t i = 0; i < known; i++) {
		run = i > 0 && counting->numbers[i] == counting->numbers[i - 1] ? run + 1 : 1;
		if (run > row->holder_count) {
			row->holder = counting->numbers[i];
			row->holder_count = run;
		}
	}
}

static void take_threads(struct counting *counting, struct ctrace_lock_row *row,
			 const struct ctrace_seen_wait *waits, size_t count)
{
	uint64_t known = 0;

	for (size_t i = 0; i < count; i++) {
		if (ctrace_lock_is_counted(counting->settings, &waits[i])) {
			counting->numbers[known++] = waits[i].tid;
		}
	}
	if (known > 0) {
		qsort(counting->numbers, known, sizeof(*counting->numbers), by_number);
	}
	for (uint64_t i = 0; i < known; i++) {
		row->threads += i == 0 || counting->numbers[i] != counting->numbers[i - 1];
	}
}

static void take_places(struct counting *counting, struct ctrace_lock_row *row,
			const struct ctrace_seen_wait *waits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t waited = waits[i].end - waits[i].begin;

		if (ctrace_lock_is_counted(counting->settings, &waits[i]) && waits[i].stack != 0) {
			ctrace_lock_tally_add(&counting->tally, counting->trace, waits[i].stack,
					      waited);
			row->known++;
			row->known_total += waited;
		}
	}
	row->waited_in = ctrace_lock_tally_take(&counting->tally);
	for (size_t i = 0; i < count; i++) {
		if (ctrace_lock_is_counted(counting->settings, &waits[i])) {
			ctrace_lock_tally_add(&counting->tally, counting->trace, waits[i].given,
					      waits[i].end - waits[i].begin);
		}
	}
	row->let_go_in = ctrace_lock_tally_take(&counting->tally);
}

static void take_held(struct counting *counting, struct ctrace_lock_row *row,
		      const struct ctrace_seen_wait *waits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t waited = waits[i].end - waits[i].begin;

		if (waits[i].held == NULL ||
		    !ctrace_lock_is_counted(counting->settings, &waits[i])) {
			continue;
		}
		ctrace_lock_tally_add(&counting->tally, counting->trace, waits[i].held->stack,
				      waited);
		if (row->held == NULL || waited > row->held->end - row->held->begin) {
			row->held = &waits[i];
		}
	}
	row->held_in = ctrace_lock_tally_take(&counting->tally);
}

static void take_lock(struct counting *counting, const struct ctrace_seen_wait *waits, size_t count)
{
	struct ctrace_lock_row *row = &counting->counts->rows[counting->counts->count];

	*row = (struct ctrace_lock_row){
		.pid = waits->pid,
		.lock = waits->lock,
		.kind = waits->kind,
		.waits = waits,
		.wait_count = count,
	};
	take_durations(counting, row, waits, count);
	take_holder(counting, row, waits, count);
	take_threads(counting, row, waits, count);
	take_places(counting, row, waits, count);
	take_held(counting, row, waits, count);
	counting->counts->count += row->count > 0;
}

static int by_total(const void *a, const void *b)
{
	const struct ctrace_lock_row *x = a, *y = b;
	int order = ORDER(ctrace_lock_is_held(y->kind), ctrace_lock_is_held(x->kind));

	order = order != 0 ? order : ORDER(y->total, x->total);
	order = order != 0 ? order : ORDER(x->pid, y->pid);
	return order != 0 ? order : ORDER(x->lock, y->lock);
}

static size_t locks_of(const struct ctrace_lock_waits *waits)
{
	size_t count = 0;

	for (size_t i = 0; i < waits->count; i++) {
		count += i == 0 || !is_same_lock(&waits->items[i - 1], &waits->items[i]);
	}
	return count;
}

enum ctrace_status ctrace_lock_counts_init(struct ctrace_lock_counts *counts,
					   const struct ctrace_lock_waits *waits,
					   const struct ctrace_trace *trace,
					   const struct ctrace_lock_settings *settings)
{
	struct counting counting = {.settings = settings, .trace = trace, .counts = counts};
	size_t from = 0;

	*counts = (struct ctrace_lock_counts){0};
	counts->rows = calloc(locks_of(waits) + 1, sizeof(*counts->rows));
	counting.numbers = calloc(waits->count + 1, sizeof(*counting.numbers));
	counting.tally.places = calloc(waits->count + 1, sizeof(*counting.tally.places));
	if (counts->rows == NULL || counting.numbers == NULL || counting.tally.places == NULL) {
		free(counting.numbers);
		free(counting.tally.places);
		return CTRACE_ERR_NO_MEMORY;
	}
	for (size_t i = 1; i <= waits->count; i++) {
		if (i == waits->count || !is_same_lock(&waits->items[from], &waits->items[i])) {
			take_lock(&counting, &waits->items[from], i - from);
			from = i;
		}
	}
	if (counts->count > 0) {
		qsort(counts->rows, counts->count, sizeof(*counts->rows), by_total);
	}
	free(counting.numbers);
	free(counting.tally.places);
	return CTRACE_OK;
}

void ctrace_lock_counts_finish(struct ctrace_lock_counts *counts)
{
	free(counts->rows);
	*counts = (struct ctrace_lock_counts){0};
}
