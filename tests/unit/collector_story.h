/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_COLLECTOR_STORY_H
#define CTRACE_COLLECTOR_STORY_H

/* What a collector tells (SPEC 8.7), in a thread's block; ticks as block.h has them. */

#include "format/kernel_events.h"

static inline void ctrace_tell_fields(struct ctrace_block *block, enum ctrace_kind kind,
				      uint64_t ticks, const uint64_t *fields, unsigned count)
{
	uint8_t *length = ctrace_block_open_fields(block, kind, ticks);

	for (unsigned i = 0; i < count; i++) {
		ctrace_block_arg_u64(block, fields[i]);
	}
	ctrace_block_close_fields(block, length);
}

/* `kind` is below 128: a byte is then stored as a varint is. */
static inline void ctrace_tell_gc_begin(struct ctrace_block *block, uint64_t ticks, uint64_t kind)
{
	ctrace_tell_fields(block, CTRACE_KIND_GC_BEGIN, ticks, &kind, 1);
}

static inline void ctrace_tell_gc_end(struct ctrace_block *block, uint64_t ticks, uint64_t live,
				      uint64_t freed)
{
	ctrace_tell_fields(block, CTRACE_KIND_GC_END, ticks, (const uint64_t[]){live, freed}, 2);
}

static inline void ctrace_tell_gc_heap(struct ctrace_block *block, uint64_t ticks, uint64_t size)
{
	ctrace_tell_fields(block, CTRACE_KIND_GC_HEAP, ticks, &size, 1);
}

static inline void ctrace_tell_gc_thread(struct ctrace_block *block, uint64_t ticks, uint64_t tid,
					 uint64_t is_stopped)
{
	ctrace_tell_fields(block, CTRACE_KIND_GC_THREAD, ticks, (const uint64_t[]){tid, is_stopped},
			   2);
}

#endif
