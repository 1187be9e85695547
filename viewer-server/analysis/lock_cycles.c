/* SPDX-License-Identifier: MIT */
/* Threads that wait for each other in a circle; see lock_counts.h. */

#include "viewer-server/analysis/lock_counts.h"

#include <stdlib.h>

/* Waits that hold threads up at the end of the trace, one a thread. */
struct hung {
	const struct ctrace_seen_wait **waits; /* by process and thread */
	uint8_t *is_seen;
	size_t count;
};

static bool is_hung(const struct ctrace_seen_wait *wait)
{
	return !wait->is_over && !wait->is_left && !wait->has_let_go && wait->holder != 0;
}

static int compare(const struct ctrace_seen_wait *wait, uint64_t pid, uint64_t tid)
{
	if (wait->pid != pid) {
		return wait->pid < pid ? -1 : 1;
	}
	return (wait->tid > tid) - (wait->tid < tid);
}

static int by_thread(const void *a, const void *b)
{
	const struct ctrace_seen_wait *x = *(const struct ctrace_seen_wait *const *)a;
	const struct ctrace_seen_wait *y = *(const struct ctrace_seen_wait *const *)b;

	return compare(x, y->pid, y->tid);
}

/* The wait of that thread; count: it has none. */
static size_t find(const struct hung *hung, uint64_t pid, uint64_t tid)
{
	size_t low = 0, high = hung->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(hung->waits[middle], pid, tid) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < hung->count && compare(hung->waits[low], pid, tid) == 0 ? low : hung->count;
}

static size_t next_of(const struct hung *hung, size_t at)
{
	return find(hung, hung->waits[at]->pid, hung->waits[at]->holder);
}

static void add_cycle(struct ctrace_lock_cycles *cycles, const struct hung *hung, size_t first)
{
	size_t at = first;

	do {
		cycles->items[cycles->item_count++] = hung->waits[at];
		at = next_of(hung, at);
	} while (at != first);
	cycles->ends[cycles->count++] = cycles->item_count;
}

/* Along the holders from one thread. Marked by walk, so that a circle is known from a way that was
 * gone before: 1 on this walk, 2 on an earlier one. */
static void walk(struct ctrace_lock_cycles *cycles, struct hung *hung, size_t first)
{
	size_t at = first;

	while (at < hung->count && hung->is_seen[at] == 0) {
		hung->is_seen[at] = 1;
		at = next_of(hung, at);
	}
	if (at < hung->count && hung->is_seen[at] == 1) {
		add_cycle(cycles, hung, at);
	}
	for (at = first; at < hung->count && hung->is_seen[at] == 1; at = next_of(hung, at)) {
		hung->is_seen[at] = 2;
	}
}

static void gather(struct hung *hung, const struct ctrace_lock_waits *waits)
{
	for (size_t i = 0; i < waits->count; i++) {
		if (is_hung(&waits->items[i])) {
			hung->waits[hung->count++] = &waits->items[i];
		}
	}
	if (hung->count > 0) {
		qsort(hung->waits, hung->count, sizeof(*hung->waits), by_thread);
	}
}

enum ctrace_status ctrace_lock_cycles_init(struct ctrace_lock_cycles *cycles,
					   const struct ctrace_lock_waits *waits)
{
	struct hung hung = {.waits = calloc(waits->count + 1, sizeof(*hung.waits)),
			    .is_seen = calloc(waits->count + 1, 1)};
	bool is_good;

	*cycles = (struct ctrace_lock_cycles){
		.items = calloc(waits->count + 1, sizeof(*cycles->items)),
		.ends = calloc(waits->count + 1, sizeof(*cycles->ends)),
	};
	is_good = hung.waits != NULL && hung.is_seen != NULL && cycles->items != NULL &&
		  cycles->ends != NULL;
	if (is_good) {
		gather(&hung, waits);
		for (size_t i = 0; i < hung.count; i++) {
			walk(cycles, &hung, i);
		}
	}
	free(hung.waits);
	free(hung.is_seen);
	return is_good ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

void ctrace_lock_cycles_finish(struct ctrace_lock_cycles *cycles)
{
	free(cycles->items);
	free(cycles->ends);
	*cycles = (struct ctrace_lock_cycles){0};
}
