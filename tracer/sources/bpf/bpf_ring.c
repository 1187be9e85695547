/* SPDX-License-Identifier: MIT */
/* Reading what programs in the kernel wrote; see bpf_ring.h. */

#include "tracer/sources/bpf/bpf_ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define GIVE_BACK_PARTS 16u
#define LENGTH_FLAGS	(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT)

static uint64_t power_above(uint64_t bytes, uint64_t page)
{
	uint64_t size = page;

	while (size < bytes) {
		size *= 2;
	}
	return size;
}

static void *map_at(const struct ctrace_bpf_ring *ring, size_t size, int protection, off_t offset)
{
	void *at = mmap(NULL, size, protection, MAP_SHARED, ring->map, offset);

	return at != MAP_FAILED ? at : NULL;
}

int ctrace_bpf_ring_init(struct ctrace_bpf_ring *ring, uint64_t kb)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int error;

	*ring = (struct ctrace_bpf_ring){.size = power_above(kb << 10, page)};
	if (ring->size > UINT32_MAX) {
		ring->map = -1;
		return -E2BIG;
	}
	ring->map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, NULL, 0, 0, (uint32_t)ring->size, NULL);
	if (ring->map < 0) {
		return -errno;
	}
	ring->consumer = map_at(ring, page, PROT_READ | PROT_WRITE, 0);
	ring->producer = map_at(ring, page + 2 * ring->size, PROT_READ, (off_t)page);
	if (ring->consumer == NULL || ring->producer == NULL) {
		error = -errno;
		ctrace_bpf_ring_finish(ring);
		return error;
	}
	ring->data = (const uint8_t *)ring->producer + page;
	return 0;
}

void ctrace_bpf_ring_finish(struct ctrace_bpf_ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (ring->size == 0) {
		return;
	}
	if (ring->consumer != NULL) {
		munmap(ring->consumer, page);
	}
	if (ring->producer != NULL) {
		munmap(ring->producer, page + 2 * ring->size);
	}
	if (ring->map >= 0) {
		close(ring->map);
	}
	*ring = (struct ctrace_bpf_ring){.map = -1};
}

/* The kernel looks at this word for each record that it writes: so it changes seldom. */
void ctrace_bpf_ring_give_back(struct ctrace_bpf_ring *ring)
{
	if (ring->given_back != ring->position) {
		ring->given_back = ring->position;
		__atomic_store_n(ring->consumer, ring->position, __ATOMIC_RELEASE); /* C */
	}
}

static void pass_over(struct ctrace_bpf_ring *ring, uint32_t length)
{
	ring->next = (length + BPF_RINGBUF_HDR_SZ + 7) & ~7u;
	ring->position += ring->next;
	ring->read_bytes += ring->next;
	ring->next = 0;
	if (ring->position - ring->given_back >= ring->size / GIVE_BACK_PARTS) {
		ctrace_bpf_ring_give_back(ring);
	}
}

/* Is there a record, whole or not? The kernel's word is read once for all that it says. */
static bool has_more(struct ctrace_bpf_ring *ring)
{
	if (ring->position == ring->written) {
		ring->written = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE); /* P */
	}
	return ring->position < ring->written;
}

const void *ctrace_bpf_ring_peek(struct ctrace_bpf_ring *ring, uint32_t *size)
{
	while (has_more(ring)) {
		const uint8_t *at = ring->data + (ring->position & (ring->size - 1));
		uint32_t length = __atomic_load_n((const uint32_t *)(const void *)at,
						  __ATOMIC_ACQUIRE); /* R */

		if ((length & BPF_RINGBUF_BUSY_BIT) != 0) {
			return NULL;
		}
		if ((length & BPF_RINGBUF_DISCARD_BIT) == 0) {
			ring->next = *size = length & ~LENGTH_FLAGS;
			return at + BPF_RINGBUF_HDR_SZ;
		}
		pass_over(ring, length & ~LENGTH_FLAGS);
	}
	return NULL;
}

void ctrace_bpf_ring_take(struct ctrace_bpf_ring *ring)
{
	pass_over(ring, ring->next);
}
