/* SPDX-License-Identifier: MIT */

/* Rings that grow; see ring_growth.h. */

#include "tracer/src/ring/ring_growth.h"

#include "tracer/src/ring/ring_budget.h"
#include "tracer/src/ring/ring_memory.h"
#include "tracer/src/sites/quiet.h"

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic size_t max_bytes = (size_t)CTRACE_RING_MAX_KB_DEFAULT << 10;

void ctrace_growth_set_max(size_t bytes)
{
	atomic_store_explicit(&max_bytes, bytes, memory_order_relaxed);
}

const struct ctrace_segment *ctrace_growth_pending(const struct ctrace_ring *ring)
{
	/* [G] acquire. */
	return atomic_load_explicit(&ring->is_growing, memory_order_acquire) ? &ring->next : NULL;
}

static void go_on_in(struct ctrace_ring *ring, uint8_t *data, size_t bytes)
{
	struct ctrace_level *level = &ring->control->levels[0];

	ring->next = (struct ctrace_segment){
		.data = data,
		.bytes = bytes,
		.from = atomic_load_explicit(&level->head, memory_order_relaxed),
	};
	/* [G] release. */
	atomic_store_explicit(&ring->is_growing, true, memory_order_release);
	level->data = data;
	level->mask = bytes - 1;
	ring->grown_from = ring->next.from;
}

static bool grow_to(struct ctrace_ring *ring, size_t bytes)
{
	uint8_t *data;

	if (!ctrace_ring_budget_take(bytes)) {
		return false;
	}
	data = ctrace_ring_memory_map_data(bytes);
	if (data == NULL) {
		ctrace_ring_budget_give(bytes);
		return false;
	}
	go_on_in(ring, data, bytes);
	return true;
}

/*
 * A handler that jumped away from this would leave half a segment behind, and one that forked a
 * child that has none of it: none may come.
 */
bool ctrace_growth_try(struct ctrace_ring *ring)
{
	size_t bytes = 2 * (size_t)(ring->control->levels[0].mask + 1);
	uint64_t mask;
	bool has_grown;

	if (ctrace_growth_pending(ring) != NULL || ctrace_ring_memory_is_files() ||
	    bytes > atomic_load_explicit(&max_bytes, memory_order_relaxed)) {
		return false;
	}
	mask = ctrace_quiet_hold();
	has_grown = grow_to(ring, bytes);
	ctrace_quiet_release(mask);
	return has_grown;
}

/* The address range of the first memory stays, without memory. */
static void give_back(struct ctrace_ring *ring, uint8_t *data, size_t bytes)
{
	if (data == ring->first.data) {
		ctrace_ring_memory_release(data, bytes);
	} else {
		ctrace_ring_memory_unmap_data(data, bytes);
	}
}

void ctrace_growth_settle(struct ctrace_ring *ring)
{
	uint8_t *data = ring->data;
	size_t bytes = ring->data_bytes;

	ring->data = ring->next.data;
	ring->data_bytes = ring->next.bytes;
	ring->mask = ring->next.bytes - 1;
	give_back(ring, data, bytes);
	ctrace_ring_budget_give(bytes);
	/* [G] release: the last look at the old memory before it is over. */
	atomic_store_explicit(&ring->is_growing, false, memory_order_release);
}

void ctrace_growth_undo(struct ctrace_ring *ring)
{
	if (ctrace_growth_pending(ring) != NULL) {
		ctrace_growth_settle(ring);
	}
	if (ring->data == ring->first.data) {
		return;
	}
	give_back(ring, ring->data, ring->data_bytes);
	ctrace_ring_budget_give(ring->data_bytes - ring->first.bytes);
	ring->data = ring->first.data;
	ring->data_bytes = ring->first.bytes;
	ring->mask = ring->first.bytes - 1;
	ring->grown_from = 0;
}
