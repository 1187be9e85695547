/* SPDX-License-Identifier: MIT */
/* Events of a kernel that carry a text. */

#include "format/kernel_events.h"

static struct ctrace_bytes cut(struct ctrace_bytes text)
{
	if (text.size > CTRACE_STRING_BYTES_MAX) {
		text.size = CTRACE_STRING_BYTES_MAX;
	}
	return text;
}

static unsigned text_size(struct ctrace_bytes text)
{
	return ctrace_varint_size((uint64_t)text.size << 1 | 1) + text.size;
}

void ctrace_block_exec(struct ctrace_block *block, uint64_t ticks, uint64_t tid,
		       struct ctrace_bytes name)
{
	name = cut(name);
	ctrace_block_plain(block, CTRACE_KIND_EXEC, ticks);
	ctrace_block_arg_u64(block, ctrace_varint_size(tid) + text_size(name));
	ctrace_block_arg_u64(block, tid);
	ctrace_block_arg_bytes(block, name.bytes, name.size);
}

void ctrace_block_syscall_text(struct ctrace_block *block, uint64_t ticks, uint64_t tid,
			       unsigned index, struct ctrace_bytes text)
{
	text = cut(text);
	ctrace_block_plain(block, CTRACE_KIND_SYSCALL_TEXT, ticks);
	ctrace_block_arg_u64(block, ctrace_varint_size(tid) + 1 + text_size(text));
	ctrace_block_arg_u64(block, tid);
	*block->args_at++ = (uint8_t)index;
	ctrace_block_arg_bytes(block, text.bytes, text.size);
}
