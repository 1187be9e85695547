/* SPDX-License-Identifier: MIT */

/* Checking ring files; see ring_image.h. */

#include "tracer/outside/ring_image.h"

#include "format/limits.h"
#include "tracer/src/collect/stream.h"

#include <stddef.h>

/* More events than a thread can lose in a century. */
#define LOST_MAX (UINT64_C(1) << 60)

#define SHARED_OFFSET(field) offsetof(struct ctrace_ring_shared, field)

static enum ctrace_status wrong(struct ctrace_error *error, size_t offset, const char *what,
				uint64_t is, uint64_t should)
{
	return ctrace_error_set(error, CTRACE_ERR_DAMAGED, offset, CTRACE_NO_CHUNK,
				"%s is %llu, must be %llu", what, (unsigned long long)is,
				(unsigned long long)should);
}

/* What this build reads is what it writes. */
static enum ctrace_status check_layout(const struct ctrace_ring_head *head,
				       struct ctrace_error *error)
{
	if (head->version != CTRACE_IMAGE_VERSION) {
		return wrong(error, SHARED_OFFSET(head.version), "the layout's version",
			     head->version, CTRACE_IMAGE_VERSION);
	}
	if (head->shared_bytes != sizeof(struct ctrace_ring_shared)) {
		return wrong(error, SHARED_OFFSET(head.shared_bytes), "the shared page's size",
			     head->shared_bytes, sizeof(struct ctrace_ring_shared));
	}
	if (head->nested_levels != CTRACE_NESTED_LEVELS) {
		return wrong(error, SHARED_OFFSET(head.nested_levels), "the number of nested rings",
			     head->nested_levels, CTRACE_NESTED_LEVELS);
	}
	if (head->nested_bytes != CTRACE_NESTED_BYTES) {
		return wrong(error, SHARED_OFFSET(head.nested_bytes), "a nested ring's size",
			     head->nested_bytes, CTRACE_NESTED_BYTES);
	}
	if (head->data_offset != CTRACE_RING_HEAD_BYTES) {
		return wrong(error, SHARED_OFFSET(head.data_offset), "where the data begin",
			     head->data_offset, CTRACE_RING_HEAD_BYTES);
	}
	if (head->policy != CTRACE_RING_DROP_NEW) {
		return wrong(error, SHARED_OFFSET(head.policy), "the policy when full",
			     head->policy, CTRACE_RING_DROP_NEW);
	}
	return CTRACE_OK;
}

static enum ctrace_status check_size(const struct ctrace_ring_head *head, size_t size,
				     struct ctrace_error *error)
{
	uint64_t data = head->data_bytes;

	if (data < CTRACE_RING_KB_MIN << 10 || data > CTRACE_RING_KB_MAX << 10 ||
	    (data & (data - 1)) != 0) {
		return ctrace_error_set(error, CTRACE_ERR_LIMIT, SHARED_OFFSET(head.data_bytes),
					CTRACE_NO_CHUNK,
					"%llu bytes of data, must be a power of two from %u to %u",
					(unsigned long long)data, CTRACE_RING_KB_MIN << 10,
					CTRACE_RING_KB_MAX << 10);
	}
	return size == CTRACE_RING_HEAD_BYTES + data
		       ? CTRACE_OK
		       : wrong(error, size, "the file's size", size, CTRACE_RING_HEAD_BYTES + data);
}

/* A reader adds spans of time to these. */
static void limit_time(_Atomic uint64_t *ticks, size_t offset, struct ctrace_error *error)
{
	uint64_t now = atomic_load_explicit(ticks, memory_order_relaxed);

	if (now > CTRACE_STILL_TICKS_MAX) {
		ctrace_error_set(error, CTRACE_ERR_LIMIT, offset, CTRACE_NO_CHUNK,
				 "a time of %llu ticks, over the limit of %llu",
				 (unsigned long long)now,
				 (unsigned long long)CTRACE_STILL_TICKS_MAX);
		atomic_store_explicit(ticks, 0, memory_order_relaxed);
	}
}

/* Reasons that no recorder has: readers make them. */
static uint64_t lost_max(unsigned reason)
{
	return reason == 0 || reason == CTRACE_LOSS_CHUNK_MISSING ? 0 : LOST_MAX;
}

static void limit_loss(struct ctrace_loss_count *lost, uint64_t most, size_t offset,
		       struct ctrace_error *error)
{
	uint64_t seen = atomic_load_explicit(&lost->seen, memory_order_relaxed);
	uint64_t count = atomic_load_explicit(&lost->count, memory_order_relaxed);

	limit_time(&lost->first, offset + offsetof(struct ctrace_loss_count, first), error);
	limit_time(&lost->last, offset + offsetof(struct ctrace_loss_count, last), error);
	if (count < seen || count > most) {
		ctrace_error_set(error, CTRACE_ERR_LIMIT, offset, CTRACE_NO_CHUNK,
				 "%llu events lost of which %llu are told; the limit is %llu",
				 (unsigned long long)count, (unsigned long long)seen,
				 (unsigned long long)most);
		atomic_store_explicit(&lost->count, 0, memory_order_relaxed);
		atomic_store_explicit(&lost->seen, 0, memory_order_relaxed);
	}
}

/* The one that the tail names; the other was never told. */
static void limit_gap(struct ctrace_ring_shared *shared, struct ctrace_error *error)
{
	uint64_t slot =
		atomic_load_explicit(&shared->tail, memory_order_relaxed) & CTRACE_TAIL_SLOT;
	struct ctrace_gap *gap = &shared->gaps[slot];
	size_t offset = SHARED_OFFSET(gaps) + slot * sizeof(*gap);
	uint64_t seen = atomic_load_explicit(&shared->lost[CTRACE_LOSS_OVERWRITTEN].seen,
					     memory_order_relaxed);
	uint64_t count = atomic_load_explicit(&gap->count, memory_order_relaxed);

	limit_time(&gap->first, offset + offsetof(struct ctrace_gap, first), error);
	limit_time(&gap->last, offset + offsetof(struct ctrace_gap, last), error);
	if (count < seen || count > LOST_MAX) {
		ctrace_error_set(
			error, CTRACE_ERR_LIMIT, offset, CTRACE_NO_CHUNK,
			"%llu events overwritten of which %llu are told; the limit is %llu",
			(unsigned long long)count, (unsigned long long)seen,
			(unsigned long long)LOST_MAX);
		atomic_store_explicit(&gap->count, 0, memory_order_relaxed);
		atomic_store_explicit(&shared->lost[CTRACE_LOSS_OVERWRITTEN].seen, 0,
				      memory_order_relaxed);
	}
}

static void set_right(struct ctrace_ring_shared *shared, struct ctrace_error *error)
{
	limit_time(&shared->start, SHARED_OFFSET(start), error);
	limit_time(&shared->looked, SHARED_OFFSET(looked), error);
	limit_gap(shared, error);
	for (unsigned i = 0; i < CTRACE_LOSS_OVERWRITTEN; i++) {
		limit_loss(&shared->lost[i], lost_max(i),
			   SHARED_OFFSET(lost) + i * sizeof(shared->lost[0]), error);
	}
}

enum ctrace_status ctrace_ring_image_open(struct ctrace_ring *ring, uint8_t *bytes, size_t size,
					  bool is_still, struct ctrace_error *error)
{
	struct ctrace_ring_shared *shared = (void *)bytes;
	enum ctrace_status status;

	/* [I] acquire. */
	if (atomic_load_explicit(&shared->head.magic, memory_order_acquire) != CTRACE_RING_MAGIC) {
		return CTRACE_ERR_NOT_FOUND;
	}
	status = check_layout(&shared->head, error);
	status = status == CTRACE_OK ? check_size(&shared->head, size, error) : status;
	if (status != CTRACE_OK) {
		return status;
	}
	*ring = (struct ctrace_ring){
		.shared = shared,
		.data = bytes + CTRACE_RING_HEAD_BYTES,
		.data_bytes = size - CTRACE_RING_HEAD_BYTES,
		.mask = size - CTRACE_RING_HEAD_BYTES - 1,
		.is_still = is_still,
	};
	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		ring->nested[i] =
			bytes + CTRACE_RING_SHARED_BYTES + (size_t)i * CTRACE_NESTED_BYTES;
	}
	if (is_still) {
		set_right(shared, error);
	}
	return CTRACE_OK;
}
