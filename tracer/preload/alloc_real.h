/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_ALLOC_REAL_H
#define CTRACE_PRELOAD_ALLOC_REAL_H

/*
 * The allocator behind ours: libc's, or that of a library that stands between (jemalloc, tcmalloc,
 * mimalloc). Each pointer leads at first to a function that looks them all up and then calls the
 * real one; what the lookup itself allocates comes from a small arena, which is never given back.
 *
 *     [A] ctrace_allocator: stored by any thread that looks up, all of them the same; relaxed,
 *         since who still finds the first pointer looks up again.
 *
 * Thread: any.  Signal handler: as the allocator.  errno: as the allocator.
 */

#include <stdbool.h>
#include <stddef.h>

struct ctrace_allocator {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *block, size_t size);
	void (*free)(void *block);
	void *(*memalign)(size_t alignment, size_t size);
	void *(*aligned_alloc)(size_t alignment, size_t size);
	int (*posix_memalign)(void **block, size_t alignment, size_t size);
	void *(*valloc)(size_t size);
	void *(*pvalloc)(size_t size);
};

#pragma GCC visibility push(hidden)
extern struct ctrace_allocator ctrace_allocator;

/* Is this block of the small arena? Its size then stands at *size. */
bool ctrace_alloc_is_early(const void *block, size_t *size);
#pragma GCC visibility pop

#endif
