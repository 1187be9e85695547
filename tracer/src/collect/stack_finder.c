/* SPDX-License-Identifier: MIT */

/* Stacks of one frame, without files; see stack_finder.h. */

#include "tracer/src/collect/stack_finder.h"

#include "format/limits.h"

static uint32_t text_id(struct ctrace_writer *writer, struct ctrace_text text)
{
	return ctrace_writer_string(writer, text.bytes, text.size);
}

struct ctrace_frame_row ctrace_frame_of_site(struct ctrace_writer *writer,
					     const struct ctrace_entry *entry)
{
	return (struct ctrace_frame_row){
		.function = text_id(writer, entry->function),
		.file = text_id(writer, entry->file),
		.line = entry->line,
	};
}

/* A stack of this one frame. */
static uint32_t add(struct ctrace_plain_stacks *stacks, struct ctrace_writer *writer,
		    struct ctrace_frame_row row)
{
	if (stacks->count >= CTRACE_FRAME_MAX) {
		return 0;
	}
	row.frame = ++stacks->count;
	ctrace_writer_frame(writer, &row);
	ctrace_writer_stack(writer,
			    &(struct ctrace_stack_row){.stack = row.frame, .frame = row.frame});
	return row.frame;
}

uint32_t ctrace_plain_stack_of_site(struct ctrace_plain_stacks *stacks,
				    struct ctrace_writer *writer, const struct ctrace_entry *entry)
{
	return add(stacks, writer, ctrace_frame_of_site(writer, entry));
}

uint32_t ctrace_plain_stack_of_caller(struct ctrace_plain_stacks *stacks,
				      struct ctrace_writer *writer, uint64_t caller)
{
	uint32_t known = ctrace_map_get(&stacks->by_address, caller), stack;

	if (known != CTRACE_MAP_NONE || caller == 0) {
		return caller == 0 ? 0 : known;
	}
	stack = add(stacks, writer, (struct ctrace_frame_row){.address = caller - 1});
	if (stack != 0) {
		ctrace_map_put(&stacks->by_address, caller, stack);
	}
	return stack;
}

void ctrace_plain_stacks_finish(struct ctrace_plain_stacks *stacks)
{
	ctrace_map_finish(&stacks->by_address);
	*stacks = (struct ctrace_plain_stacks){.count = 0};
}
