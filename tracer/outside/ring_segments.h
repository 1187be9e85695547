/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_SEGMENTS_H
#define CTRACE_RING_SEGMENTS_H

/*
 * Where a ring of another process goes on once it has grown: its files `ring-N-1`,
 * `ring-N-2`, … (ring_growth.h). What the shared page says of them is not trusted.
 *
 *     begin     of a ring that was just opened: the segment that its tail is in
 *     (reader)  the collector asks for the next one, and leaves the old one
 *     finish
 */

#include "tracer/outside/image_file.h"
#include "tracer/src/ring/ring.h"

struct ctrace_ring_segments {
	struct ctrace_ring_reader reader; /* first: what the collector calls */
	struct ctrace_ring *ring;	  /* borrowed */
	struct ctrace_image_file now, next;
	size_t first_bytes;
	uint32_t number;    /* ring-NUMBER */
	const char *folder; /* borrowed */
	bool is_still;	    /* files are read as copies */
	/* A line about one of the files, named without its folder. */
	void (*tell)(void *context, const char *name, const struct ctrace_error *error);
	void *context;
	bool is_told; /* that the next one cannot be had */
};

/* Fill `ring`, `number`, `folder`, `is_still`, `tell` and `context` first. `error` is about the
 * ring's own file. */
enum ctrace_status ctrace_ring_segments_begin(struct ctrace_ring_segments *segments,
					      struct ctrace_error *error);

/* Takes zeroed ones. */
void ctrace_ring_segments_finish(struct ctrace_ring_segments *segments);

/* Where a position stands: in which file of the folder, at which byte of it. */
struct ctrace_ring_byte {
	char name[32];
	uint64_t offset;
	size_t segment_bytes;
};
struct ctrace_ring_byte ctrace_ring_segments_byte(const struct ctrace_ring_segments *segments,
						  uint64_t position);

#endif
