/* SPDX-License-Identifier: MIT */

/* What is rare about rings; see ring.h. Their memory is in ring_memory.c, emitting in emit.c. */

#include "tracer/src/ring/ring.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/ring/ring_budget.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(struct ctrace_control) == CTRACE_RING_PRIVATE_BYTES,
	       "the control block is two pages");
_Static_assert(sizeof(struct ctrace_ring_shared) <= CTRACE_RING_SHARED_BYTES,
	       "the shared header is one page");

/* A stranger who finds the file knows from it what it holds. */
static void label(struct ctrace_ring_head *head, size_t data_bytes)
{
	head->version = CTRACE_IMAGE_VERSION;
	head->shared_bytes = sizeof(struct ctrace_ring_shared);
	head->nested_levels = CTRACE_NESTED_LEVELS;
	head->nested_bytes = CTRACE_NESTED_BYTES;
	head->data_offset = CTRACE_RING_HEAD_BYTES;
	head->policy = CTRACE_RING_DROP_NEW;
	head->data_bytes = data_bytes;
	/* [I] release. */
	atomic_store_explicit(&head->magic, CTRACE_RING_MAGIC, memory_order_release);
}

static uint8_t *map_within_budget(size_t data_bytes, uint32_t *number)
{
	size_t bytes = CTRACE_RING_PRIVATE_BYTES + CTRACE_RING_HEAD_BYTES + data_bytes;
	int saved = errno;
	uint8_t *at;

	if (!ctrace_ring_budget_take(bytes)) {
		return NULL;
	}
	at = ctrace_ring_memory_map(data_bytes, number);
	errno = saved;
	if (at == NULL) {
		ctrace_ring_budget_give(bytes);
	}
	return at;
}

struct ctrace_ring *ctrace_ring_create(size_t data_bytes)
{
	uint32_t number = 0;
	uint8_t *at = map_within_budget(data_bytes, &number);
	struct ctrace_control *control = (struct ctrace_control *)(void *)at;
	struct ctrace_ring *ring;

	if (at == NULL) {
		return NULL;
	}
	ring = &control->own;
	ring->control = control;
	ring->shared = (struct ctrace_ring_shared *)(void *)(at + CTRACE_RING_PRIVATE_BYTES);
	ring->data = at + CTRACE_RING_PRIVATE_BYTES + CTRACE_RING_HEAD_BYTES;
	ring->data_bytes = data_bytes;
	ring->mask = data_bytes - 1;
	ring->first = (struct ctrace_segment){.data = ring->data, .bytes = data_bytes};
	ring->mine = ring->first;
	ring->number = number;
	ring->pid = getpid();
	label(&ring->shared->head, data_bytes);
	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		ring->nested[i] = at + CTRACE_RING_PRIVATE_BYTES + CTRACE_RING_SHARED_BYTES +
				  (size_t)i * CTRACE_NESTED_BYTES;
	}
	return ring;
}

static void arm_level(struct ctrace_control *control, unsigned index,
		      struct ctrace_level_place place)
{
	struct ctrace_level *level = &control->levels[index];
	uint64_t head = atomic_load_explicit(place.published, memory_order_relaxed);

	control->places[index] = place;
	atomic_store_explicit(&level->limit, 0, memory_order_relaxed);
	atomic_store_explicit(&level->end_limit, 0, memory_order_relaxed);
	atomic_store_explicit(&level->head, head, memory_order_relaxed);
	atomic_store_explicit(&level->claim, CTRACE_UNCLAIMED, memory_order_relaxed);
}

void ctrace_ring_rearm(struct ctrace_ring *ring)
{
	struct ctrace_control *control = ring->control;
	struct ctrace_ring_shared *shared = ring->shared;

	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		arm_level(control, 1 + i,
			  (struct ctrace_level_place){.data = ring->nested[i],
						      .mask = CTRACE_NESTED_BYTES - 1,
						      .published = &shared->nested_published[i]});
	}
	arm_level(control, 0,
		  (struct ctrace_level_place){.data = ring->mine.data,
					      .mask = ring->mine.bytes - 1,
					      .published = &shared->published});
	atomic_store_explicit(&control->begins, 0, memory_order_relaxed);
	control->ring = ring;
}

static _Atomic uint64_t *tail_of(struct ctrace_ring *ring, unsigned level)
{
	return level == 0 ? &ring->shared->tail : &ring->shared->nested_tail[level - 1];
}

struct ctrace_room ctrace_ring_refresh(struct ctrace_ring *ring, unsigned level)
{
	struct ctrace_level *at = &ring->control->levels[level];
	/* [T] acquire: what we overwrite has been read. */
	uint64_t tail = atomic_load_explicit(tail_of(ring, level), memory_order_acquire) &
			~CTRACE_TAIL_BITS;
	/* In a new segment nothing is overwritten before it has been written once. */
	uint64_t from = level == 0 && ring->mine.from > tail ? ring->mine.from : tail;
	uint64_t size = ring->control->places[level].mask + 1;
	uint64_t bell = from + size / 4 * 3;
	uint64_t reserve = level == 0 ? CTRACE_END_RESERVE_BYTES : 0;
	struct ctrace_room room = {
		.tail = tail,
		.limit = from + size - reserve,
		.end_limit = from + size,
		.is_bell =
			level == 0 && atomic_load_explicit(&at->head, memory_order_relaxed) >= bell,
	};

	if (atomic_load_explicit(&ctrace_clock_is_counter, memory_order_relaxed)) {
		/* Stopping at three quarters once is how the fast path comes to ring the bell. */
		atomic_store_explicit(&at->limit, level > 0 || room.is_bell ? room.limit : bell,
				      memory_order_relaxed);
		atomic_store_explicit(&at->end_limit, room.end_limit, memory_order_relaxed);
	}
	return room;
}

void ctrace_ring_release_memory(struct ctrace_ring *ring)
{
	/* The space of files stays promised. */
	if (ring->number == 0) {
		ctrace_ring_memory_release(ring->data, ring->data_bytes);
	}
}

void ctrace_ring_fork_child(const struct ctrace_control *control)
{
	const struct ctrace_ring *ring = &control->own;

	if (ring->number == 0) {
		return;
	}
	ctrace_ring_memory_stand_in((uint8_t *)(void *)ring->shared,
				    CTRACE_RING_HEAD_BYTES + ring->first.bytes);
	if (ring->mine.data != ring->first.data) {
		ctrace_ring_memory_stand_in(ring->mine.data, ring->mine.bytes);
	}
}

/* The gap's count belongs to the tail that names it: the same tail before and after. Again only
 * if the owner filled a quarter of the ring meanwhile. */
static uint64_t overwritten(const struct ctrace_ring_shared *shared)
{
	uint64_t before, after = atomic_load_explicit(&shared->tail, memory_order_acquire);
	uint64_t count;

	do {
		before = after;
		/* [D] acquire. */
		count = atomic_load_explicit(&shared->gaps[before & CTRACE_TAIL_SLOT].count,
					     memory_order_acquire);
		after = atomic_load_explicit(&shared->tail, memory_order_acquire);
	} while (before != after);
	return count;
}

uint64_t ctrace_ring_lost(const struct ctrace_ring_shared *shared, enum ctrace_loss reason)
{
	return reason == CTRACE_LOSS_OVERWRITTEN
		       ? overwritten(shared)
		       : atomic_load_explicit(&shared->lost[reason].count, memory_order_acquire);
}

bool ctrace_ring_is_clean(const struct ctrace_ring *ring)
{
	const struct ctrace_ring_shared *shared = ring->shared;
	bool is_clean = atomic_load_explicit(&shared->published, memory_order_relaxed) ==
			ctrace_ring_tail(shared);

	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		is_clean =
			is_clean &&
			atomic_load_explicit(&shared->nested_published[i], memory_order_relaxed) ==
				atomic_load_explicit(&shared->nested_tail[i], memory_order_relaxed);
	}
	for (unsigned i = 0; i < CTRACE_REASONS; i++) {
		is_clean = is_clean && ctrace_ring_lost(shared, (enum ctrace_loss)i) ==
					       atomic_load_explicit(&shared->lost[i].seen,
								    memory_order_relaxed);
	}
	return is_clean;
}

void ctrace_ring_name(const struct ctrace_ring *ring, char name[CTRACE_NAME_BYTES_MAX])
{
	const struct ctrace_ring_shared *shared = ring->shared;
	uint32_t before, after;

	do {
		before = atomic_load_explicit(&shared->name_version, memory_order_acquire);
		for (unsigned i = 0; i < CTRACE_NAME_BYTES_MAX; i++) {
			name[i] = atomic_load_explicit(&shared->name[i], memory_order_acquire);
		}
		after = atomic_load_explicit(&shared->name_version, memory_order_relaxed);
	} while (before != after && (after & 1u) == 0);
	name[CTRACE_NAME_BYTES_MAX - 1] = '\0';
}

void ctrace_ring_set_name(struct ctrace_ring *ring, const char *name)
{
	struct ctrace_ring_shared *shared = ring->shared;
	size_t size = strnlen(name, CTRACE_NAME_BYTES_MAX - 1);

	atomic_fetch_add_explicit(&shared->name_version, 1, memory_order_acq_rel);
	for (size_t i = 0; i < CTRACE_NAME_BYTES_MAX; i++) {
		atomic_store_explicit(&shared->name[i], (char)(i < size ? name[i] : '\0'),
				      memory_order_release);
	}
	atomic_fetch_add_explicit(&shared->name_version, 1, memory_order_release);
}

void ctrace_loss_add(struct ctrace_loss_count *lost, uint64_t count, uint64_t ticks)
{
	uint64_t now = atomic_load_explicit(&lost->count, memory_order_relaxed);

	if (now == atomic_load_explicit(&lost->seen, memory_order_relaxed)) {
		atomic_store_explicit(&lost->first, ticks, memory_order_relaxed);
	}
	atomic_store_explicit(&lost->last, ticks, memory_order_relaxed);
	/* [L] release: the times before the count. A handler may stand between, so add, not store.
	 */
	atomic_fetch_add_explicit(&lost->count, count, memory_order_release);
}
