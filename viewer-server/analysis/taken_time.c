/* SPDX-License-Identifier: MIT */
/* Sorted pieces with sums, and two walks over them for each length; see taken_time.h. */

#include "viewer-server/analysis/taken_time.h"

#include <stdlib.h>

bool ctrace_taken_add(struct ctrace_taken *taken, uint64_t start, uint64_t end)
{
	if (end <= start) {
		return true;
	}
	if (taken->count > 0 && start <= taken->pieces[taken->count - 1].end &&
	    start >= taken->pieces[taken->count - 1].start) {
		struct ctrace_taken_piece *last = &taken->pieces[taken->count - 1];

		last->end = end > last->end ? end : last->end;
		return true;
	}
	if (taken->count == taken->room) {
		size_t room = taken->room == 0 ? 64 : taken->room * 2;
		void *grown = realloc(taken->pieces, room * sizeof(*taken->pieces));

		if (grown == NULL) {
			return false;
		}
		taken->pieces = grown;
		taken->room = room;
	}
	taken->pieces[taken->count++] = (struct ctrace_taken_piece){start, end, 0};
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct ctrace_taken_piece *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static bool is_sorted(const struct ctrace_taken *taken)
{
	for (size_t i = 1; i < taken->count; i++) {
		if (taken->pieces[i].start < taken->pieces[i - 1].start) {
			return false;
		}
	}
	return true;
}

void ctrace_taken_close(struct ctrace_taken *taken, uint64_t start, uint64_t end)
{
	size_t kept = 0;
	uint64_t sum = 0;

	taken->start = start;
	taken->end = end > start ? end : start;
	if (!is_sorted(taken)) {
		qsort(taken->pieces, taken->count, sizeof(*taken->pieces), by_start);
	}
	for (size_t i = 0; i < taken->count; i++) {
		struct ctrace_taken_piece piece = taken->pieces[i];

		piece.start = piece.start > taken->start ? piece.start : taken->start;
		piece.end = piece.end < taken->end ? piece.end : taken->end;
		if (piece.end <= piece.start) {
			continue;
		}
		if (kept > 0 && piece.start <= taken->pieces[kept - 1].end) {
			struct ctrace_taken_piece *last = &taken->pieces[kept - 1];

			last->end = piece.end > last->end ? piece.end : last->end;
		} else {
			taken->pieces[kept++] = piece;
		}
	}
	taken->count = kept;
	for (size_t i = 0; i < kept; i++) {
		taken->pieces[i].before = sum;
		sum += taken->pieces[i].end - taken->pieces[i].start;
	}
}

void ctrace_taken_finish(struct ctrace_taken *taken)
{
	free(taken->pieces);
	*taken = (struct ctrace_taken){0};
}

/* The first piece that ends after a time; `count` if none. */
static size_t first_after(const struct ctrace_taken *taken, uint64_t time)
{
	size_t low = 0, high = taken->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (taken->pieces[middle].end <= time) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* The sum before a time whose first piece after it is `i`. There are pieces. */
static uint64_t sum_at(const struct ctrace_taken *taken, size_t i, uint64_t time)
{
	const struct ctrace_taken_piece *piece;

	if (i == taken->count) {
		piece = &taken->pieces[i - 1];
		return piece->before + piece->end - piece->start;
	}
	piece = &taken->pieces[i];
	return piece->before + (time > piece->start ? time - piece->start : 0);
}

uint64_t ctrace_taken_before(const struct ctrace_taken *taken, uint64_t time)
{
	return taken->count == 0 ? 0 : sum_at(taken, first_after(taken, time), time);
}

/* A window that moves to the right over the pieces. */
struct slide {
	const struct ctrace_taken *taken;
	uint64_t window;
	size_t at_start, at_end; /* the first pieces after the window's two edges */
	struct ctrace_window_hit worst;
};

static void look(struct slide *slide, uint64_t start)
{
	const struct ctrace_taken *taken = slide->taken;
	uint64_t end = start + slide->window, hit;

	while (slide->at_start < taken->count && taken->pieces[slide->at_start].end <= start) {
		slide->at_start++;
	}
	while (slide->at_end < taken->count && taken->pieces[slide->at_end].end <= end) {
		slide->at_end++;
	}
	hit = sum_at(taken, slide->at_end, end) - sum_at(taken, slide->at_start, start);
	if (hit > slide->worst.taken || (hit == slide->worst.taken && start < slide->worst.start)) {
		slide->worst = (struct ctrace_window_hit){start, hit};
	}
}

static void rewind_to(struct slide *slide, size_t first)
{
	slide->at_start = slide->at_end = first;
}

struct ctrace_window_hit ctrace_taken_worst(const struct ctrace_taken *taken, uint64_t window,
					    uint64_t from, uint64_t to)
{
	struct slide slide = {.taken = taken, .window = window, .worst = {from, 0}};
	uint64_t last = to - window;
	size_t first = taken->count > 0 ? first_after(taken, from) : 0;

	if (first == taken->count) {
		return slide.worst;
	}
	rewind_to(&slide, first);
	look(&slide, from);
	for (size_t i = first; i < taken->count && taken->pieces[i].start <= last; i++) {
		if (taken->pieces[i].start > from) {
			look(&slide, taken->pieces[i].start);
		}
	}
	rewind_to(&slide, first);
	for (size_t i = first; i < taken->count && taken->pieces[i].end <= to; i++) {
		if (taken->pieces[i].end - from >= window) {
			look(&slide, taken->pieces[i].end - window);
		}
	}
	look(&slide, last);
	return slide.worst;
}
