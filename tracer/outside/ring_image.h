/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_IMAGE_H
#define CTRACE_RING_IMAGE_H

/*
 * The bytes of a ring file as a ring that the collector can drain. They may be
 * anybody's: every number is held to its limit before it is used.
 */

#include "format/status.h"
#include "tracer/src/ring/ring.h"
#include "tracer/src/ring/ring_memory.h"

#define CTRACE_RING_FILE_BYTES_MIN (CTRACE_PAGE_BYTES + (CTRACE_RING_KB_MIN << 10))
#define CTRACE_RING_FILE_BYTES_MAX ((CTRACE_RING_KB_MAX << 10) + (1u << 20))

/*
 * CTRACE_ERR_NOT_FOUND: it is not complete yet. `is_still`: a copy of what a dead process
 * left; what cannot be true of times and counts is then set right in it, and `error` says
 * so while the status stays good. `ring` borrows the bytes.
 */
enum ctrace_status ctrace_ring_image_open(struct ctrace_ring *ring, uint8_t *bytes, size_t size,
					  bool is_still, struct ctrace_error *error);

#endif
