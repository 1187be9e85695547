/* SPDX-License-Identifier: MIT */

/* Mapping rings; see ring_memory.h. */

#include "tracer/src/ring/ring_memory.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static const struct ctrace_ring_files *_Atomic files_now;

void ctrace_ring_memory_set_files(const struct ctrace_ring_files *files)
{
	atomic_store_explicit(&files_now, files, memory_order_relaxed);
}

bool ctrace_ring_memory_is_allowed(size_t bytes)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) != 0 || bytes <= limit.rlim_cur;
}

static const struct ctrace_ring_files *ring_files(void)
{
	return atomic_load_explicit(&files_now, memory_order_relaxed);
}

void ctrace_ring_memory_remove_file(uint32_t number, unsigned step)
{
	const struct ctrace_ring_files *files = ring_files();

	if (files != NULL) {
		files->remove(number, step);
	}
}

static uint8_t *map_anonymous(size_t bytes)
{
	uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at != MAP_FAILED ? at : NULL;
}

/* A forked child finds zero pages. No huge ones: most of a ring is never touched. */
static bool have_wiped(uint8_t *at, size_t bytes)
{
#ifdef MADV_NOHUGEPAGE
	madvise(at, bytes, MADV_NOHUGEPAGE); /* a kernel without them refuses */
#endif
	return madvise(at, bytes, MADV_WIPEONFORK) == 0;
}

/* In place of what is there. A forked child that touches it dies, and its parent's trace lives. */
static bool put_file(uint8_t *at, size_t bytes, int fd)
{
	return mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) !=
		       MAP_FAILED &&
	       madvise(at, bytes, MADV_DONTFORK) == 0;
}

/* Header, nested rings, data. */
static bool put_first_file(uint8_t *at, size_t bytes, const struct ctrace_ring_files *files,
			   uint32_t *number)
{
	int fd = files->make(bytes, number, 0);
	bool is_there = fd >= 0 && put_file(at, bytes, fd);

	if (fd >= 0) {
		close(fd);
	}
	return is_there;
}

uint8_t *ctrace_ring_memory_map(size_t data_bytes, uint32_t *number)
{
	const size_t shared_bytes = CTRACE_RING_HEAD_BYTES + data_bytes;
	const struct ctrace_ring_files *files = ring_files();
	uint8_t *at = map_anonymous(CTRACE_RING_PRIVATE_BYTES + shared_bytes);
	bool is_there;

	*number = 0;
	if (at == NULL) {
		return NULL;
	}
	is_there = have_wiped(at + CTRACE_PAGE_BYTES, CTRACE_PAGE_BYTES + shared_bytes) &&
		   (files == NULL ||
		    put_first_file(at + CTRACE_RING_PRIVATE_BYTES, shared_bytes, files, number));
	if (!is_there) {
		munmap(at, CTRACE_RING_PRIVATE_BYTES + shared_bytes);
	}
	return is_there ? at : NULL;
}

void ctrace_ring_memory_release(uint8_t *data, size_t data_bytes)
{
	madvise(data, data_bytes, MADV_DONTNEED);
}

/* A ring in a file goes on in a file, or not at all. */
static bool put_next_file(uint8_t *at, size_t bytes, uint32_t number, unsigned step)
{
	const struct ctrace_ring_files *files = ring_files();
	int fd = files != NULL ? files->make(bytes, &number, step) : -1;
	bool is_there;

	if (fd < 0) {
		return false;
	}
	is_there = put_file(at, bytes, fd);
	close(fd);
	if (!is_there) {
		files->remove(number, step);
	}
	return is_there;
}

uint8_t *ctrace_ring_memory_map_data(size_t data_bytes, uint32_t number, unsigned step)
{
	uint8_t *at = map_anonymous(data_bytes);

	if (at == NULL) {
		return NULL;
	}
	if (number == 0 ? !have_wiped(at, data_bytes)
			: !put_next_file(at, data_bytes, number, step)) {
		munmap(at, data_bytes);
		return NULL;
	}
	return at;
}

void ctrace_ring_memory_unmap_data(uint8_t *data, size_t data_bytes)
{
	munmap(data, data_bytes);
}

void ctrace_ring_memory_stand_in(uint8_t *from, size_t bytes)
{
	void *at = mmap(from, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (at != (void *)from && at != MAP_FAILED) {
		munmap(at, bytes); /* a kernel before 4.17, and the place is taken */
	}
}
