/* SPDX-License-Identifier: MIT */

/* Files of rings that have grown; see ring_segments.h. */

#include "tracer/outside/ring_segments.h"

#include "tracer/src/ring/ring_memory.h"

#include <limits.h>
#include <stdio.h>

static size_t bytes_of(const struct ctrace_ring_segments *segments, uint32_t step)
{
	return segments->first_bytes << step;
}

static bool is_possible_step(const struct ctrace_ring_segments *segments, uint32_t step)
{
	return step <= CTRACE_GROWTHS_MAX && bytes_of(segments, step) <= (size_t)CTRACE_RING_KB_MAX
										 << 10;
}

static void name_of(const struct ctrace_ring_segments *segments, uint32_t step, char name[32])
{
	if (step == 0) {
		snprintf(name, 32, "ring-%u", segments->number);
	} else {
		snprintf(name, 32, "ring-%u-%u", segments->number, step);
	}
}

/* Of all the bytes it must have, or not at all. */
static enum ctrace_status open_segment(const struct ctrace_ring_segments *segments, uint32_t step,
				       struct ctrace_image_file *file, struct ctrace_error *error)
{
	size_t bytes = bytes_of(segments, step);
	char name[32], path[PATH_MAX + 32];
	enum ctrace_status status;

	name_of(segments, step, name);
	snprintf(path, sizeof(path), "%s/%s", segments->folder, name);
	status = ctrace_image_file_open(file, path, !segments->is_still, bytes, bytes, error);
	return status != CTRACE_ERR_NOT_FOUND
		       ? status
		       : ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					  "not there; what the ring held in it is left out");
}

/* ---- the collector asks ---- */

/* What the ring's own file says: growth is one step at a time, so the next one is all there can be.
 */
static enum ctrace_status check_next(const struct ctrace_ring_segments *segments, uint32_t step,
				     uint64_t *from, struct ctrace_error *error)
{
	const struct ctrace_ring *ring = segments->ring;

	if (step != ring->settled + 1 || !is_possible_step(segments, step)) {
		return ctrace_error_set(error, CTRACE_ERR_LIMIT,
					offsetof(struct ctrace_ring_shared, grown), CTRACE_NO_CHUNK,
					"the ring has grown %u times, and was read when it had %u "
					"times; what came after is left out",
					step, ring->settled);
	}
	*from = atomic_load_explicit(&ring->shared->grown_from[step - 1], memory_order_relaxed);
	if ((*from & 7) != 0) {
		return ctrace_error_set(error, CTRACE_ERR_DAMAGED,
					offsetof(struct ctrace_ring_shared, grown_from) +
						(step - 1) * sizeof(*from),
					CTRACE_NO_CHUNK,
					"position %llu cannot be where a segment begins",
					(unsigned long long)*from);
	}
	return CTRACE_OK;
}

/* Once, about `ring-N` or the file of its segment. */
static void tell(struct ctrace_ring_segments *segments, uint32_t step,
		 const struct ctrace_error *error)
{
	char name[32];

	if (!segments->is_told) {
		segments->is_told = true;
		name_of(segments, step, name);
		segments->tell(segments->context, name, error);
	}
}

/* It is tried again in the next pass: a recorder may have been short of descriptors. */
static bool need_next(struct ctrace_ring_reader *reader, uint32_t step)
{
	struct ctrace_ring_segments *segments = (void *)reader;
	struct ctrace_ring *ring = segments->ring;
	struct ctrace_error error = {.status = CTRACE_OK};
	uint64_t from = 0;

	if (segments->next.bytes != NULL) {
		return true;
	}
	if (check_next(segments, step, &from, &error) != CTRACE_OK) {
		tell(segments, 0, &error);
		return false;
	}
	if (open_segment(segments, step, &segments->next, &error) != CTRACE_OK) {
		tell(segments, step, &error);
		return false;
	}
	ring->next = (struct ctrace_segment){
		.data = segments->next.bytes,
		.bytes = segments->next.size,
		.from = from,
	};
	return true;
}

static void leave_old(struct ctrace_ring_reader *reader)
{
	struct ctrace_ring_segments *segments = (void *)reader;

	ctrace_image_file_close(&segments->now);
	segments->now = segments->next;
	segments->next = (struct ctrace_image_file){.bytes = NULL};
}

/* ---- begin and end ---- */

/* The ring's own data are at hand already. */
static enum ctrace_status begin_in(struct ctrace_ring_segments *segments, uint32_t step,
				   struct ctrace_error *error)
{
	struct ctrace_ring *ring = segments->ring;
	enum ctrace_status status;

	if (!is_possible_step(segments, step)) {
		return ctrace_error_set(
			error, CTRACE_ERR_LIMIT, offsetof(struct ctrace_ring_shared, settled),
			CTRACE_NO_CHUNK, "the ring has grown %u times, over the limit of %u", step,
			CTRACE_GROWTHS_MAX);
	}
	status = open_segment(segments, step, &segments->now, error);
	if (status == CTRACE_OK) {
		ring->data = segments->now.bytes;
		ring->data_bytes = segments->now.size;
		ring->mask = segments->now.size - 1;
		ring->settled = step;
	}
	return status;
}

enum ctrace_status ctrace_ring_segments_begin(struct ctrace_ring_segments *segments,
					      struct ctrace_error *error)
{
	struct ctrace_ring *ring = segments->ring;
	/* [G] acquire: its collector may have died; what it settled in is complete. */
	uint32_t settled = atomic_load_explicit(&ring->shared->settled, memory_order_acquire);

	segments->reader = (struct ctrace_ring_reader){need_next, leave_old};
	segments->first_bytes = ring->data_bytes;
	ring->reader = &segments->reader;
	return settled > 0 ? begin_in(segments, settled, error) : CTRACE_OK;
}

void ctrace_ring_segments_finish(struct ctrace_ring_segments *segments)
{
	ctrace_image_file_close(&segments->now);
	ctrace_image_file_close(&segments->next);
}

struct ctrace_ring_byte ctrace_ring_segments_byte(const struct ctrace_ring_segments *segments,
						  uint64_t position)
{
	const struct ctrace_ring_shared *shared = segments->ring->shared;
	uint32_t grown = atomic_load_explicit(&shared->grown, memory_order_relaxed), step = 0;
	struct ctrace_ring_byte byte;

	while (step < grown && is_possible_step(segments, step + 1) &&
	       atomic_load_explicit(&shared->grown_from[step], memory_order_relaxed) <= position) {
		step++;
	}
	byte.segment_bytes = bytes_of(segments, step);
	byte.offset =
		(step == 0 ? CTRACE_RING_HEAD_BYTES : 0) + (position & (byte.segment_bytes - 1));
	name_of(segments, step, byte.name);
	return byte;
}
