/* SPDX-License-Identifier: MIT */
/* The rare half of a block: its memory, ends that do not match, and kinds with fields of their own.
 */

#include "format/block.h"

#include <stdlib.h>

#define SLACK CTRACE_VARINT_ROOM

enum ctrace_status ctrace_block_init(struct ctrace_block *block, uint32_t stream, uint64_t base)
{
	size_t open_bytes = CTRACE_OPEN_SPANS_MAX * sizeof(*block->open);

	*block = (struct ctrace_block){
		.stream = stream, .base = base, .last = base, .lost_since = UINT64_MAX};
	block->ops = malloc(CTRACE_BLOCK_OPS_BYTES);
	block->times = malloc(CTRACE_BLOCK_TIMES_BYTES);
	block->args = malloc(CTRACE_BLOCK_ARGS_BYTES);
	block->open = malloc(open_bytes);
	block->base_open = malloc(open_bytes);
	if (block->ops == NULL || block->times == NULL || block->args == NULL ||
	    block->open == NULL || block->base_open == NULL) {
		ctrace_block_finish(block);
		return CTRACE_ERR_NO_MEMORY;
	}
	block->ops_at = block->ops;
	block->ops_end = block->ops + CTRACE_BLOCK_OPS_BYTES - 2 * SLACK;
	block->times_at = block->times;
	block->times_end = block->times + CTRACE_BLOCK_TIMES_BYTES - SLACK;
	block->args_at = block->args;
	block->args_end = block->args + CTRACE_BLOCK_ARGS_BYTES - 2 * SLACK;
	return CTRACE_OK;
}

void ctrace_block_finish(struct ctrace_block *block)
{
	if (block == NULL) {
		return;
	}
	free(block->ops);
	free(block->times);
	free(block->args);
	free(block->open);
	free(block->base_open);
	*block = (struct ctrace_block){0};
}

/* How many spans are open once the innermost of this site is closed; all of them if it is not open.
 */
static uint32_t depth_below(const struct ctrace_block *block, uint32_t site)
{
	for (uint32_t depth = block->depth; depth > 0; depth--) {
		if (block->open[depth - 1].site == site) {
			return depth - 1;
		}
	}
	return block->depth;
}

void ctrace_block_end_other(struct ctrace_block *block, uint32_t site)
{
	if (site == CTRACE_NO_SITE) {
		*block->ops_at++ = 0;
		block->depth -= block->depth > 0;
		return;
	}
	*block->ops_at++ = 1;
	block->ops_at = ctrace_put_varint(block->ops_at, site);
	block->depth = depth_below(block, site);
}

void ctrace_block_plain_str(struct ctrace_block *block, enum ctrace_kind kind, uint64_t ticks,
			    const char *bytes, size_t size)
{
	if (size > CTRACE_STRING_BYTES_MAX) {
		size = CTRACE_STRING_BYTES_MAX;
	}
	ctrace_block_plain(block, (unsigned)kind, ticks);
	ctrace_block_arg_u64(block, ctrace_varint_size((uint64_t)size << 1 | 1) + size);
	ctrace_block_arg_bytes(block, bytes, size);
}

void ctrace_block_lost(struct ctrace_block *block, uint64_t ticks, enum ctrace_loss reason,
		       uint64_t count, uint64_t since)
{
	uint64_t age = ticks - since;

	ctrace_block_plain(block, CTRACE_KIND_LOST, ticks);
	ctrace_block_arg_u64(block, 1 + ctrace_varint_size(count) + ctrace_varint_size(age));
	*block->args_at++ = (uint8_t)reason;
	ctrace_block_arg_u64(block, count);
	ctrace_block_arg_u64(block, age);
	block->lost_events++;
	block->lost += count;
	if (since < block->lost_since) {
		block->lost_since = since;
	}
}
