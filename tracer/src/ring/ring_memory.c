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

/* Memory that is not there kills with a signal only where the system is out of memory as a whole.
 */
static int make_memfd(size_t bytes)
{
	int fd = ctrace_ring_memory_is_allowed(bytes) ? memfd_create("ctrace-ring", MFD_CLOEXEC)
						      : -1;

	if (fd >= 0 && ftruncate(fd, (off_t)bytes) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int make_first_file(size_t bytes, uint32_t *number)
{
	const struct ctrace_ring_files *files =
		atomic_load_explicit(&files_now, memory_order_relaxed);

	*number = 0;
	return files != NULL ? files->make(bytes, number, 0) : make_memfd(bytes);
}

/* A ring in a file goes on in a file, or not at all. */
static int make_next_file(size_t bytes, uint32_t number, unsigned step)
{
	const struct ctrace_ring_files *files =
		atomic_load_explicit(&files_now, memory_order_relaxed);

	if (number == 0) {
		return make_memfd(bytes);
	}
	return files != NULL ? files->make(bytes, &number, step) : -1;
}

void ctrace_ring_memory_remove_file(uint32_t number, unsigned step)
{
	const struct ctrace_ring_files *files =
		atomic_load_explicit(&files_now, memory_order_relaxed);

	if (files != NULL) {
		files->remove(number, step);
	}
}

/* Header, nested rings, data, and the data again behind them. */
static bool map_file(uint8_t *at, size_t data_bytes, uint32_t *number)
{
	const int protection = PROT_READ | PROT_WRITE;
	const int flags = MAP_SHARED | MAP_FIXED;
	size_t once = CTRACE_RING_HEAD_BYTES + data_bytes;
	int fd = make_first_file(once, number);
	bool is_mapped;

	if (fd < 0) {
		return false;
	}
	is_mapped = mmap(at, once, protection, flags, fd, 0) != MAP_FAILED &&
		    mmap(at + once, data_bytes, protection, flags, fd, CTRACE_RING_HEAD_BYTES) !=
			    MAP_FAILED &&
		    /* A forked child that touches it dies, and its parent's trace lives. */
		    madvise(at, once + data_bytes, MADV_DONTFORK) == 0;
	close(fd);
	return is_mapped;
}

uint8_t *ctrace_ring_memory_map(size_t data_bytes, uint32_t *number)
{
	size_t bytes = CTRACE_RING_PRIVATE_BYTES + CTRACE_RING_HEAD_BYTES + 2 * data_bytes;
	uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED) {
		return NULL;
	}
	if (madvise(at + CTRACE_PAGE_BYTES, CTRACE_PAGE_BYTES, MADV_WIPEONFORK) != 0 ||
	    !map_file(at + CTRACE_RING_PRIVATE_BYTES, data_bytes, number)) {
		munmap(at, bytes);
		return NULL;
	}
	return at;
}

void ctrace_ring_memory_release(uint8_t *data, size_t data_bytes)
{
	madvise(data, data_bytes, MADV_REMOVE);
}

/* The same data at `at` and behind it. */
static bool map_twice(uint8_t *at, size_t data_bytes, int fd)
{
	const int protection = PROT_READ | PROT_WRITE;
	const int flags = MAP_SHARED | MAP_FIXED;

	return mmap(at, data_bytes, protection, flags, fd, 0) != MAP_FAILED &&
	       mmap(at + data_bytes, data_bytes, protection, flags, fd, 0) != MAP_FAILED &&
	       madvise(at, 2 * data_bytes, MADV_DONTFORK) == 0;
}

static uint8_t *map_data(size_t data_bytes, int fd)
{
	uint8_t *at = mmap(NULL, 2 * data_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED) {
		return NULL;
	}
	if (!map_twice(at, data_bytes, fd)) {
		munmap(at, 2 * data_bytes);
		return NULL;
	}
	return at;
}

uint8_t *ctrace_ring_memory_map_data(size_t data_bytes, uint32_t number, unsigned step)
{
	int fd = make_next_file(data_bytes, number, step);
	uint8_t *at;

	if (fd < 0) {
		return NULL;
	}
	at = map_data(data_bytes, fd);
	close(fd);
	if (at == NULL && number != 0) {
		ctrace_ring_memory_remove_file(number, step);
	}
	return at;
}

void ctrace_ring_memory_unmap_data(uint8_t *data, size_t data_bytes)
{
	munmap(data, 2 * data_bytes);
}

/* Private zero pages, where nothing else is. */
static bool stand_in(uint8_t *from, size_t bytes)
{
	void *at = mmap(from, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (at != (void *)from && at != MAP_FAILED) {
		munmap(at, bytes); /* a kernel before 4.17, and the place is taken */
	}
	return at == (void *)from;
}

bool ctrace_ring_memory_stand_in(uint8_t *shared, size_t data_bytes)
{
	return stand_in(shared, CTRACE_RING_HEAD_BYTES + 2 * data_bytes);
}

bool ctrace_ring_memory_stand_in_data(uint8_t *data, size_t data_bytes)
{
	return stand_in(data, 2 * data_bytes);
}
