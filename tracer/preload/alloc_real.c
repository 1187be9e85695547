/* SPDX-License-Identifier: MIT */

/* Finding the allocator behind ours; see alloc_real.h. */

#include "tracer/preload/alloc_real.h"

#include "tracer/preload/alloc_live.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/* dlsym takes a few hundred bytes, if any. */
#define EARLY_BYTES (32u << 10)
#define EARLY_HEAD  16u /* keeps blocks aligned; holds the size */

static _Alignas(16) unsigned char early[EARLY_BYTES];
static _Atomic size_t early_used;
/* Does this thread look them up? Then it allocates from the arena. */
static __thread bool is_looking __attribute__((tls_model("initial-exec")));

bool ctrace_alloc_is_early(const void *block, size_t *size)
{
	uintptr_t at = (uintptr_t)block - (uintptr_t)early;

	if (at >= EARLY_BYTES) {
		return false;
	}
	memcpy(size, (const unsigned char *)block - EARLY_HEAD, sizeof(*size));
	return true;
}

static void *take_early(size_t size)
{
	size_t bytes = EARLY_HEAD + ((size + 15) & ~(size_t)15);
	size_t at;

	if (size > EARLY_BYTES / 2) {
		errno = ENOMEM;
		return NULL;
	}
	at = atomic_fetch_add_explicit(&early_used, bytes, memory_order_relaxed);
	if (at + bytes > EARLY_BYTES) {
		errno = ENOMEM;
		return NULL;
	}
	memcpy(early + at, &size, sizeof(size));
	/* So that a free of it is looked at. */
	ctrace_live_mark(early + at + EARLY_HEAD);
	return early + at + EARLY_HEAD;
}

static void look_up(void **pointer, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found != NULL) {
		__atomic_store_n(pointer, found, __ATOMIC_RELAXED); /* [A] */
	}
}

#define LOOK_UP(name) look_up((void **)(void *)&ctrace_allocator.name, #name)

/* False: it is being done further up, on this thread. */
static bool look_all_up(void)
{
	int saved = errno;

	if (is_looking) {
		return false;
	}
	is_looking = true;
	LOOK_UP(malloc);
	LOOK_UP(calloc);
	LOOK_UP(realloc);
	LOOK_UP(free);
	LOOK_UP(memalign);
	LOOK_UP(aligned_alloc);
	LOOK_UP(posix_memalign);
	LOOK_UP(valloc);
	LOOK_UP(pvalloc);
	is_looking = false;
	errno = saved;
	return true;
}

/* Has this libc none of that name, then the first function is still in its place. */
#define IS_FOUND(name) (look_all_up() && ctrace_allocator.name != first_##name)

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

static void *first_malloc(size_t size)
{
	return IS_FOUND(malloc) ? ctrace_allocator.malloc(size) : take_early(size);
}

/* The arena is zero, and nothing of it is used again. */
static void *first_calloc(size_t count, size_t size)
{
	size_t bytes;

	if (IS_FOUND(calloc)) {
		return ctrace_allocator.calloc(count, size);
	}
	return __builtin_mul_overflow(count, size, &bytes) ? no_memory() : take_early(bytes);
}

/* A block of the arena has been seen to before. */
static void *first_realloc(void *block, size_t size)
{
	if (IS_FOUND(realloc)) {
		return ctrace_allocator.realloc(block, size);
	}
	return block == NULL ? take_early(size) : no_memory();
}

static void first_free(void *block)
{
	if (IS_FOUND(free)) {
		ctrace_allocator.free(block);
	}
}

static void *first_memalign(size_t alignment, size_t size)
{
	return IS_FOUND(memalign) ? ctrace_allocator.memalign(alignment, size) : no_memory();
}

static void *first_aligned_alloc(size_t alignment, size_t size)
{
	return IS_FOUND(aligned_alloc) ? ctrace_allocator.aligned_alloc(alignment, size)
				       : no_memory();
}

static int first_posix_memalign(void **block, size_t alignment, size_t size)
{
	return IS_FOUND(posix_memalign) ? ctrace_allocator.posix_memalign(block, alignment, size)
					: ENOMEM;
}

static void *first_valloc(size_t size)
{
	return IS_FOUND(valloc) ? ctrace_allocator.valloc(size) : no_memory();
}

static void *first_pvalloc(size_t size)
{
	return IS_FOUND(pvalloc) ? ctrace_allocator.pvalloc(size) : no_memory();
}

struct ctrace_allocator ctrace_allocator = {
	.malloc = first_malloc,
	.calloc = first_calloc,
	.realloc = first_realloc,
	.free = first_free,
	.memalign = first_memalign,
	.aligned_alloc = first_aligned_alloc,
	.posix_memalign = first_posix_memalign,
	.valloc = first_valloc,
	.pvalloc = first_pvalloc,
};
