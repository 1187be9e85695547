/* SPDX-License-Identifier: MIT */

/* Rings that grow; see ring_growth.h. */

#include "tracer/src/ring/ring_growth.h"

#include "tracer/src/ring/ring_budget.h"
#include "tracer/src/ring/ring_memory.h"
#include "tracer/src/sites/quiet.h"

#include <pthread.h>
#include <stdint.h>

_Static_assert(CTRACE_RING_KB_MIN << CTRACE_GROWTHS_MAX == CTRACE_RING_KB_MAX,
	       "from the smallest ring to the largest");

static _Atomic size_t max_bytes = (size_t)CTRACE_RING_MAX_KB_DEFAULT << 10;

void ctrace_growth_set_max(size_t bytes)
{
	atomic_store_explicit(&max_bytes, bytes, memory_order_relaxed);
}

/* ---- the owner ---- */

bool ctrace_growth_is_pending(const struct ctrace_ring *ring)
{
	/* [G] acquire. */
	return atomic_load_explicit(&ring->shared->settled, memory_order_acquire) != ring->grown;
}

/*
 * A handler that jumped away from this would leave half a segment behind, and one that forked a
 * child that has none of it: none may come. Nor may the thread be cancelled where files are made.
 */
static uint64_t hold(int *cancel)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, cancel);
	return ctrace_quiet_hold();
}

static void release(uint64_t mask, int cancel)
{
	ctrace_quiet_release(mask);
	pthread_setcancelstate(cancel, NULL);
}

static void go_on_in(struct ctrace_ring *ring, uint8_t *data, size_t bytes)
{
	const struct ctrace_level *level = &ring->control->levels[0];
	struct ctrace_level_place *place = &ring->control->places[0];
	struct ctrace_ring_shared *shared = ring->shared;

	if (ring->number != 0) {
		ring->old = ring->mine;
	}
	ring->mine = (struct ctrace_segment){
		.data = data,
		.bytes = bytes,
		.from = atomic_load_explicit(&level->head, memory_order_relaxed),
	};
	ring->next = ring->mine;
	atomic_store_explicit(&shared->grown_from[ring->grown], ring->mine.from,
			      memory_order_relaxed);
	ring->grown++;
	/* [G] release. */
	atomic_store_explicit(&shared->grown, ring->grown, memory_order_release);
	place->data = data;
	place->mask = bytes - 1;
}

/* A forked child has none of this, and its parent's names. */
static bool is_own(const struct ctrace_ring *ring)
{
	return ctrace_kernel_call(SYS_getpid, 0, 0, 0, 0) == ring->pid;
}

static bool grow_to(struct ctrace_ring *ring, size_t bytes)
{
	uint8_t *data;

	if (!ctrace_ring_budget_take(bytes)) {
		return false;
	}
	data = ctrace_ring_memory_map_data(bytes, ring->number, ring->grown + 1);
	if (data == NULL) {
		ctrace_ring_budget_give(bytes);
		return false;
	}
	go_on_in(ring, data, bytes);
	return true;
}

/* With no memory or no space it is not asked for at each event, but once the collector has moved.
 */
static bool was_in_vain(const struct ctrace_ring *ring)
{
	return ring->refused_at == ctrace_ring_tail(ring->shared) + 1;
}

bool ctrace_growth_try(struct ctrace_ring *ring)
{
	size_t bytes = 2 * ring->mine.bytes;
	uint64_t mask;
	bool has_grown;
	int cancel;

	if (ctrace_growth_is_pending(ring) || was_in_vain(ring) ||
	    ring->grown == CTRACE_GROWTHS_MAX ||
	    bytes > atomic_load_explicit(&max_bytes, memory_order_relaxed)) {
		return false;
	}
	ctrace_growth_tidy(ring);
	mask = hold(&cancel);
	has_grown = is_own(ring) && grow_to(ring, bytes);
	ring->refused_at = has_grown ? 0 : ctrace_ring_tail(ring->shared) + 1;
	release(mask, cancel);
	return has_grown;
}

void ctrace_growth_give_back_old(struct ctrace_ring *ring)
{
	struct ctrace_segment old = ring->old;
	uint64_t mask;
	int cancel;

	if (ctrace_growth_is_pending(ring) || !is_own(ring)) {
		return;
	}
	mask = hold(&cancel);
	ring->old = (struct ctrace_segment){.data = NULL};
	if (old.data != ring->first.data) {
		ctrace_ring_memory_remove_file(ring->number, ring->grown - 1);
		ctrace_ring_memory_unmap_data(old.data, old.bytes);
		ctrace_ring_budget_give(old.bytes);
	}
	release(mask, cancel);
}

/* ---- the collector ---- */

/* Segment `step` is told of, but not at hand: nothing of it may be read. */
static uint64_t end_of_segment(const struct ctrace_ring *ring, uint64_t published)
{
	uint64_t end = ring->settled < CTRACE_GROWTHS_MAX
			       ? atomic_load_explicit(&ring->shared->grown_from[ring->settled],
						      memory_order_relaxed)
			       : published;

	return end < published ? end : published;
}

const struct ctrace_segment *ctrace_growth_look(const struct ctrace_ring *ring, uint64_t *published)
{
	/* [G] acquire. */
	uint32_t grown = atomic_load_explicit(&ring->shared->grown, memory_order_acquire);

	if (grown == ring->settled) {
		return NULL;
	}
	if (ring->reader != NULL && !ring->reader->need_next(ring->reader, grown)) {
		*published = end_of_segment(ring, *published);
		return NULL;
	}
	return &ring->next;
}

/* The address range of the first memory stays, without memory. */
static void give_back(struct ctrace_ring *ring, uint8_t *data, size_t bytes)
{
	if (data == ring->first.data) {
		ctrace_ring_memory_release(data, bytes);
	} else {
		ctrace_ring_memory_unmap_data(data, bytes);
	}
	ctrace_ring_budget_give(bytes);
}

void ctrace_growth_settle(struct ctrace_ring *ring)
{
	uint8_t *data = ring->data;
	size_t bytes = ring->data_bytes;

	ring->data = ring->next.data;
	ring->data_bytes = ring->next.bytes;
	ring->mask = ring->next.bytes - 1;
	ring->settled++;
	if (ring->reader != NULL) {
		ring->reader->leave_old(ring->reader);
	} else if (ring->number == 0) {
		give_back(ring, data, bytes);
	}
	/* [G] release: the last look at the old memory before it is over. */
	atomic_store_explicit(&ring->shared->settled, ring->settled, memory_order_release);
}

void ctrace_growth_undo(struct ctrace_ring *ring)
{
	if (ring->number != 0) {
		return;
	}
	if (ring->settled != ring->grown) {
		ctrace_growth_settle(ring);
	}
	if (ring->grown == 0) {
		return;
	}
	ctrace_ring_memory_unmap_data(ring->data, ring->data_bytes);
	ctrace_ring_budget_give(ring->data_bytes - ring->first.bytes);
	ring->data = ring->first.data;
	ring->data_bytes = ring->first.bytes;
	ring->mask = ring->first.bytes - 1;
	ring->mine = ring->first;
	ring->grown = ring->settled = 0;
	atomic_store_explicit(&ring->shared->grown, 0, memory_order_relaxed);
	atomic_store_explicit(&ring->shared->settled, 0, memory_order_relaxed);
}
