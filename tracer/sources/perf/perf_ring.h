/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_RING_H
#define CTRACE_PERF_RING_H

/*
 * The memory through which the kernel hands over perf records: a ring that it
 * writes and we read.
 *
 *     tail ──► records that were not taken ──► head
 *       ours, given back with _release           the kernel's, seen with _look
 *
 *     ctrace_perf_ring_init(&ring, fd, kb)
 *       ctrace_perf_ring_look(&ring)                   what is there now
 *         record = ctrace_perf_ring_peek(&ring)        the oldest of it, in one piece
 *         ctrace_perf_ring_take(&ring)                 passes over it
 *       ctrace_perf_ring_release(&ring)                the kernel may write there again
 *     ctrace_perf_ring_finish(&ring)
 *
 * One thread. The kernel writes whole records; one whose size makes no sense is an
 * error of ours or its, and everything up to the head is passed over and told.
 */

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_perf_ring {
	struct perf_event_mmap_page *page; /* owned: it and `size` bytes behind it */
	const uint8_t *data;
	uint64_t size; /* of the data: a power of two */
	uint64_t head, tail;
	uint8_t *piece;	 /* owned: a record that goes round the end, put together */
	uint64_t broken; /* records whose size made no sense */
};

/*
 * Map the ring of an event: of `kb` KiB, or the largest power of two below that this user may
 * lock. Returns 0 or -errno; `ring` is the caller's storage.
 *
 * Blocks: no.  Allocates: yes.
 */
int ctrace_perf_ring_init(struct ctrace_perf_ring *ring, int fd, uint64_t kb);
/* Takes zeroed ones. */
void ctrace_perf_ring_finish(struct ctrace_perf_ring *ring);

/* See how far the kernel has written. */
void ctrace_perf_ring_look(struct ctrace_perf_ring *ring);

/* The oldest record that was seen and not taken; NULL: none. Borrows until the next call. */
const struct perf_event_header *ctrace_perf_ring_peek(struct ctrace_perf_ring *ring);

/* Pass over it. */
void ctrace_perf_ring_take(struct ctrace_perf_ring *ring);

/* What was taken is the kernel's again. */
void ctrace_perf_ring_release(struct ctrace_perf_ring *ring);

/* How full it was when it was looked at. */
unsigned ctrace_perf_ring_percent(const struct ctrace_perf_ring *ring);

#endif
