/* SPDX-License-Identifier: MIT */

/* Reading a ring of the kernel's; see perf_ring.h. */

#include "tracer/sources/perf/perf_ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A record's size is 16 bits. */
#define PIECE_BYTES 65536u

static uint64_t page_bytes(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The largest power of two of whole pages in `kb`, one at least. */
static uint64_t data_bytes(uint64_t kb)
{
	uint64_t size = page_bytes();

	while (size * 2 <= kb * 1024u) {
		size *= 2;
	}
	return size;
}

/* Unlike a failure of another kind, being over a limit may end with less. */
static bool is_over_limit(int error)
{
	return error == EPERM || error == ENOMEM;
}

static int map_ring(struct ctrace_perf_ring *ring, int fd, uint64_t size)
{
	void *page = mmap(NULL, page_bytes() + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED) {
		return -errno;
	}
	ring->page = page;
	ring->size = size;
	ring->data = (const uint8_t *)page + page_bytes();
	return 0;
}

int ctrace_perf_ring_init(struct ctrace_perf_ring *ring, int fd, uint64_t kb)
{
	uint64_t size = data_bytes(kb);
	int result = -ENOMEM;

	*ring = (struct ctrace_perf_ring){.page = NULL};
	ring->piece = malloc(PIECE_BYTES);
	if (ring->piece == NULL) {
		return result;
	}
	result = map_ring(ring, fd, size);
	while (result != 0 && is_over_limit(-result) && size > page_bytes()) {
		size /= 2;
		result = map_ring(ring, fd, size);
	}
	if (result != 0) {
		ctrace_perf_ring_finish(ring);
	}
	return result;
}

void ctrace_perf_ring_finish(struct ctrace_perf_ring *ring)
{
	if (ring->page != NULL) {
		munmap(ring->page, page_bytes() + ring->size);
	}
	free(ring->piece);
	*ring = (struct ctrace_perf_ring){.page = NULL};
}

/* The kernel's page is plain memory to the compiler. */
static _Atomic uint64_t *shared_word(__u64 *word)
{
	return (_Atomic uint64_t *)(void *)word;
}

void ctrace_perf_ring_look(struct ctrace_perf_ring *ring)
{
	/* [P] acquire: the records before `head` are read after it. Met by the barrier in the
	 * kernel's perf_output_put_handle. */
	ring->head =
		atomic_load_explicit(shared_word(&ring->page->data_head), memory_order_acquire);
	if (ring->head - ring->tail > ring->size) {
		ring->broken++;
		ring->tail = ring->head;
	}
}

static void copy_out(const struct ctrace_perf_ring *ring, void *into, size_t size)
{
	uint64_t at = ring->tail & (ring->size - 1);
	size_t first = ring->size - at < size ? (size_t)(ring->size - at) : size;

	memcpy(into, ring->data + at, first);
	memcpy((uint8_t *)into + first, ring->data, size - first);
}

/* Records are whole words, so that each begins at one. */
static bool is_size(uint16_t size)
{
	return size >= sizeof(struct perf_event_header) && size % 8 == 0;
}

const struct perf_event_header *ctrace_perf_ring_peek(struct ctrace_perf_ring *ring)
{
	uint64_t left = ring->head - ring->tail, at = ring->tail & (ring->size - 1);
	struct perf_event_header header;

	if (left == 0) {
		return NULL;
	}
	if (left >= sizeof(header)) {
		copy_out(ring, &header, sizeof(header));
	}
	if (left < sizeof(header) || !is_size(header.size) || header.size > left) {
		ring->broken++;
		ring->tail = ring->head;
		return NULL;
	}
	if (header.size <= ring->size - at) {
		return (const void *)(ring->data + at);
	}
	copy_out(ring, ring->piece, header.size);
	return (const void *)ring->piece;
}

void ctrace_perf_ring_take(struct ctrace_perf_ring *ring)
{
	struct perf_event_header header;

	copy_out(ring, &header, sizeof(header));
	ring->tail += header.size;
}

void ctrace_perf_ring_release(struct ctrace_perf_ring *ring)
{
	/* [Q] release: reading before giving back. Met by the kernel's load of data_tail in
	 * perf_output_begin. */
	atomic_store_explicit(shared_word(&ring->page->data_tail), ring->tail,
			      memory_order_release);
}

unsigned ctrace_perf_ring_percent(const struct ctrace_perf_ring *ring)
{
	return (unsigned)((ring->head - ring->tail) * 100 / ring->size);
}
