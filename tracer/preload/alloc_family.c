/* SPDX-License-Identifier: MIT */

/*
 * malloc and its relatives, in front of whatever serves them. Each is a comparison and a jump for a
 * block that is not recorded. Operators new and delete stand before them (operators.h).
 *
 * The rare half of each is jumped to, so that its caller is the program, and what it knows of the
 * stack is where the program stands.
 */

#include "tracer/preload/alloc_live.h"
#include "tracer/preload/alloc_real.h"
#include "tracer/preload/alloc_record.h"
#include "tracer/preload/call_table.h"
#include "tracer/preload/caller_frame.h"

#include <errno.h>
#include <string.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)

/* Is this block passed over, as nearly all are? Counts it. */
static inline bool is_passed_over(size_t size)
{
	if (LIKELY(size < ctrace_alloc_self.left)) {
		ctrace_alloc_self.left -= size;
		return true;
	}
	return false;
}

/* ---- getting ---- */

CTRACE_RARE void *chosen_malloc(size_t size)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
	enum ctrace_alloc_choice choice = ctrace_alloc_choose(size);
	void *block = ctrace_allocator.malloc(size);

	ctrace_alloc_got(choice, block, size, &frame);
	return block;
}

CTRACE_WRAPPER CTRACE_JUMPS void *malloc(size_t size)
{
	if (is_passed_over(size)) {
		CTRACE_JUMP_TO ctrace_allocator.malloc(size);
	}
	CTRACE_JUMP_TO chosen_malloc(size);
}

CTRACE_RARE void *chosen_calloc(size_t count, size_t size)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
	enum ctrace_alloc_choice choice = ctrace_alloc_choose(count * size);
	void *block = ctrace_allocator.calloc(count, size);

	/* What overflows is refused, and is then no block. */
	ctrace_alloc_got(choice, block, count * size, &frame);
	return block;
}

CTRACE_WRAPPER CTRACE_JUMPS void *calloc(size_t count, size_t size)
{
	if (is_passed_over(count * size)) {
		CTRACE_JUMP_TO ctrace_allocator.calloc(count, size);
	}
	CTRACE_JUMP_TO chosen_calloc(count, size);
}

CTRACE_RARE void *chosen_memalign(size_t alignment, size_t size)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
	enum ctrace_alloc_choice choice = ctrace_alloc_choose(size);
	void *block = ctrace_allocator.memalign(alignment, size);

	ctrace_alloc_got(choice, block, size, &frame);
	return block;
}

CTRACE_WRAPPER CTRACE_JUMPS void *memalign(size_t alignment, size_t size)
{
	if (is_passed_over(size)) {
		CTRACE_JUMP_TO ctrace_allocator.memalign(alignment, size);
	}
	CTRACE_JUMP_TO chosen_memalign(alignment, size);
}

CTRACE_RARE void *chosen_aligned_alloc(size_t alignment, size_t size)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
	enum ctrace_alloc_choice choice = ctrace_alloc_choose(size);
	void *block = ctrace_allocator.aligned_alloc(alignment, size);

	ctrace_alloc_got(choice, block, size, &frame);
	return block;
}

CTRACE_WRAPPER CTRACE_JUMPS void *aligned_alloc(size_t alignment, size_t size)
{
	if (is_passed_over(size)) {
		CTRACE_JUMP_TO ctrace_allocator.aligned_alloc(alignment, size);
	}
	CTRACE_JUMP_TO chosen_aligned_alloc(alignment, size);
}

CTRACE_RARE int chosen_posix_memalign(void **block, size_t alignment, size_t size)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
	enum ctrace_alloc_choice choice = ctrace_alloc_choose(size);
	int result = ctrace_allocator.posix_memalign(block, alignment, size);

	if (result == 0) {
		ctrace_alloc_got(choice, *block, size, &frame);
	}
	return result;
}

CTRACE_WRAPPER CTRACE_JUMPS int posix_memalign(void **block, size_t alignment, size_t size)
{
	if (is_passed_over(size)) {
		CTRACE_JUMP_TO ctrace_allocator.posix_memalign(block, alignment, size);
	}
	CTRACE_JUMP_TO chosen_posix_memalign(block, alignment, size);
}

CTRACE_RARE void *chosen_valloc(size_t size)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
	enum ctrace_alloc_choice choice = ctrace_alloc_choose(size);
	void *block = ctrace_allocator.valloc(size);

	ctrace_alloc_got(choice, block, size, &frame);
	return block;
}

CTRACE_WRAPPER CTRACE_JUMPS void *valloc(size_t size)
{
	if (is_passed_over(size)) {
		CTRACE_JUMP_TO ctrace_allocator.valloc(size);
	}
	CTRACE_JUMP_TO chosen_valloc(size);
}

CTRACE_RARE void *chosen_pvalloc(size_t size)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
	enum ctrace_alloc_choice choice = ctrace_alloc_choose(size);
	void *block = ctrace_allocator.pvalloc(size);

	ctrace_alloc_got(choice, block, size, &frame);
	return block;
}

CTRACE_WRAPPER CTRACE_JUMPS void *pvalloc(size_t size)
{
	if (is_passed_over(size)) {
		CTRACE_JUMP_TO ctrace_allocator.pvalloc(size);
	}
	CTRACE_JUMP_TO chosen_pvalloc(size);
}

/* ---- giving back ---- */

CTRACE_RARE void chosen_free(void *block)
{
	size_t unused;

	if (ctrace_alloc_is_early(block, &unused)) {
		return;
	}
	ctrace_alloc_gives_back(block);
	ctrace_allocator.free(block);
}

CTRACE_WRAPPER CTRACE_JUMPS void free(void *block)
{
	if (LIKELY(!ctrace_live_may_be(block))) {
		ctrace_allocator.free(block);
		return;
	}
	chosen_free(block);
}

/* ---- both ---- */

/* Out of the small arena, which takes nothing back. */
static void *move_early(const void *block, size_t had, size_t size)
{
	void *moved = ctrace_allocator.malloc(size);

	if (moved != NULL) {
		memcpy(moved, block, had < size ? had : size);
	}
	return moved;
}

/* A size of 0 gives the block back, and most allocators then answer NULL. */
static void tell_resized(enum ctrace_alloc_choice choice, const void *block, const void *moved,
			 size_t size, const struct ctrace_caller_frame *frame)
{
	if (moved == NULL) {
		if (size != 0) {
			ctrace_alloc_kept(block);
		}
		return;
	}
	if (choice == CTRACE_ALLOC_FULL || choice == CTRACE_ALLOC_STACKS) {
		ctrace_alloc_moved(block, moved, size, frame);
	} else {
		ctrace_alloc_got(choice, moved, size, frame);
	}
}

CTRACE_RARE void *resize(void *block, size_t size, const struct ctrace_caller_frame *frame)
{
	enum ctrace_alloc_choice choice;
	bool is_told;
	void *moved;
	size_t had;

	if (ctrace_alloc_is_early(block, &had)) {
		return move_early(block, had, size);
	}
	choice = is_passed_over(size) ? CTRACE_ALLOC_PASS : ctrace_alloc_choose(size);
	is_told = ctrace_alloc_gives_back(block);
	moved = ctrace_allocator.realloc(block, size);
	if (is_told) {
		tell_resized(choice, block, moved, size, frame);
	} else {
		ctrace_alloc_got(choice, moved, size, frame);
	}
	return moved;
}

CTRACE_RARE void *chosen_realloc(void *block, size_t size)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();

	return resize(block, size, &frame);
}

CTRACE_WRAPPER CTRACE_JUMPS void *realloc(void *block, size_t size)
{
	if (LIKELY(!ctrace_live_may_be(block)) && is_passed_over(size)) {
		CTRACE_JUMP_TO ctrace_allocator.realloc(block, size);
	}
	CTRACE_JUMP_TO chosen_realloc(block, size);
}

/* Not that of libc, which may call realloc, whichever that is. */
CTRACE_WRAPPER void *reallocarray(void *block, size_t count, size_t size)
{
	const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	if (LIKELY(!ctrace_live_may_be(block)) && is_passed_over(bytes)) {
		return ctrace_allocator.realloc(block, bytes);
	}
	return resize(block, bytes, &frame);
}
