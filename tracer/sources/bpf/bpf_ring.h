/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BPF_RING_H
#define CTRACE_BPF_RING_H

/*
 * A ring buffer of BPF, of one CPU: programs in the kernel reserve and commit, we read.
 *
 *     consumer ──► records, whole or still being written ──► producer
 *       ours                                                 the kernel's
 *
 *     ctrace_bpf_ring_init(&ring, kb)               makes the map; ring.map is for the programs
 *       while ((record = ctrace_bpf_ring_peek(&ring, &size)) != NULL) {
 *               ctrace_bpf_ring_take(&ring);        passes over it
 *       }
 *       ctrace_bpf_ring_give_back(&ring);             the kernel may write there again
 *     ctrace_bpf_ring_finish(&ring)
 *
 * One thread reads. What the kernel does beside it:
 *
 *     the kernel                                     we
 *     writes a record, releases its length (R)       acquire the length (R), read the record
 *     releases the producer's position (P)           acquire the position (P), look at lengths
 *     acquires the consumer's position (C)           release it (C) once the record is done with
 */

#include <stddef.h>
#include <stdint.h>

struct ctrace_bpf_ring {
	int map;	    /* owned */
	uint64_t *consumer; /* owned: a page */
	uint64_t *producer; /* owned: a page, and the data behind it, twice in a row */
	const uint8_t *data;
	uint64_t size;		      /* bytes, a power of two */
	uint64_t position;	      /* of the consumer */
	uint64_t given_back, written; /* as far as the kernel knows us, and we it */
	uint32_t next;		      /* bytes of the record that was peeked at, all in all */
	uint64_t read_bytes;
};

/* Of `kb` KiB, or the next power of two above. Returns 0 or -errno; `ring` is the caller's storage.
 */
int ctrace_bpf_ring_init(struct ctrace_bpf_ring *ring, uint64_t kb);
/* Takes zeroed ones. */
void ctrace_bpf_ring_finish(struct ctrace_bpf_ring *ring);

/* The oldest record that is whole; NULL: none, or one before it is still being written. Borrows
 * until it is taken. */
const void *ctrace_bpf_ring_peek(struct ctrace_bpf_ring *ring, uint32_t *size);
void ctrace_bpf_ring_take(struct ctrace_bpf_ring *ring);
/* What was taken. A sixteenth of the ring is given back without it. */
void ctrace_bpf_ring_give_back(struct ctrace_bpf_ring *ring);

#endif
