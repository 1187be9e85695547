/* SPDX-License-Identifier: MIT */

/* Records of calls, their texts and locks to events; the forms of locks are in emit/lock.h. */

#include "format/lock_events.h"
#include "tracer/src/collect/stream_args.h"
#include "tracer/src/emit/lock.h"

void ctrace_stream_call(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			const struct ctrace_entry *entry, uint32_t call, uint64_t ticks)
{
	struct ctrace_syscall_enter event = {.call = call};

	for (unsigned i = 0; i < entry->arg_count && i < CTRACE_CALL_ARGS; i++) {
		event.args[i] = ctrace_stretch_word(stretch, stretch->from + 8 + 8 * i);
	}
	ctrace_block_syscall_enter(&stream->block, ticks, &event);
}

/* Its index stands before the text. */
void ctrace_stream_call_text(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			     uint64_t ticks)
{
	struct ctrace_string_copy copy;
	uint64_t at = stretch->from + 16;
	size_t size = ctrace_stretch_string_size(stretch, at);
	const struct ctrace_bytes text = {ctrace_stretch_string(stretch, at + 8, size, &copy),
					  size};

	ctrace_block_syscall_text(&stream->block, ticks, 0,
				  (uint8_t)ctrace_stretch_word(stretch, stretch->from + 8), text);
}

void ctrace_stream_lock(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			const struct ctrace_entry *entry, uint32_t call, uint64_t ticks)
{
	uint64_t what = ctrace_stretch_word(stretch, stretch->from + 16);
	const struct ctrace_lock_wait event = {
		.lock = ctrace_stretch_word(stretch, stretch->from + 8),
		.kind = ctrace_lock_what_kind(what),
		.call = call,
		.holder = ctrace_lock_what_holder(what),
	};

	stream->last_lock = event.lock;
	if (entry->kind == CTRACE_KIND_LOCK_WAIT) {
		ctrace_block_lock_wait(&stream->block, ticks, &event);
		ctrace_stream_wait_begins(stream, event.holder, ticks);
	} else {
		ctrace_block_lock_released(&stream->block, ticks, event.lock, event.kind);
	}
}

void ctrace_stream_lock_end(struct ctrace_stream *stream, uint64_t word, uint32_t call,
			    uint64_t ticks)
{
	const struct ctrace_lock_wait event = {
		.lock = ctrace_lock_over_lock(word),
		.kind = ctrace_lock_over_kind(word),
		.call = call,
	};

	stream->last_lock = 0;
	ctrace_stream_wait_ends(stream);
	ctrace_block_lock_acquired(&stream->block, ticks, &event,
				   -(int64_t)ctrace_lock_over_error(word));
}
