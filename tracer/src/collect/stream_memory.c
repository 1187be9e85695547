/* SPDX-License-Identifier: MIT */

/* Records of memory to events; their shapes are in memory_shape.h. */

#include "format/alloc_events.h"
#include "tracer/src/collect/stream.h"
#include "tracer/src/ring/ring_record.h"
#include "tracer/src/sites/memory_shape.h"

#include <string.h>

/* One record: its words behind the first. */
struct record {
	struct ctrace_stream *stream;
	const struct ctrace_stretch *stretch;
	uint32_t known; /* what was learned of its site: a stack, or a string */
	uint64_t ticks;
};

static uint64_t word(const struct record *record, unsigned index)
{
	return ctrace_record_word(record->stretch->data, record->stretch->mask,
				  record->stretch->from + 8 + 8 * (uint64_t)index);
}

/* ---- stacks ---- */

static const struct ctrace_origin *origin_of(const struct record *record)
{
	return record->stream->codes->origin;
}

/* A flight's past keeps chunks, and no tables that could be told again. */
static bool has_tables(const struct ctrace_recording *recording)
{
	return recording->writer.settings.keep == NULL;
}

static uint32_t stack_of_caller(const struct record *record, uint64_t caller)
{
	struct ctrace_recording *recording = record->stream->recording;
	const struct ctrace_stack_finder *finder = recording->finder;

	if (!has_tables(recording)) {
		return 0;
	}
	if (finder != NULL) {
		return finder->of_caller(finder->context, origin_of(record), caller);
	}
	return ctrace_plain_stack_of_caller(&recording->plain_stacks, &recording->writer, caller);
}

/* The pieces, one behind the other. Returns their bytes. */
static size_t join_pieces(const struct record *record, uint8_t *to)
{
	unsigned at = CTRACE_STACK_COPY_LEAD;
	size_t used = 0;

	for (unsigned piece = 0; piece < CTRACE_STACK_PIECES; piece++) {
		uint64_t size = word(record, at++);

		size = size < CTRACE_STACK_PIECE_BYTES ? size : CTRACE_STACK_PIECE_BYTES;
		for (uint64_t done = 0; done < size; done += 8) {
			uint64_t value = word(record, at++);
			size_t rest = (size_t)(size - done);

			memcpy(to + used + done, &value, rest < 8 ? rest : 8);
		}
		used += size;
	}
	return used;
}

static uint32_t stack_of_copy(const struct record *record)
{
	const struct ctrace_stack_finder *finder = record->stream->recording->finder;
	uint8_t bytes[CTRACE_STACK_COPY_BYTES];
	struct ctrace_stack_copy copy = {
		.caller = word(record, 3),
		.stack_pointer = word(record, 4),
		.frame_pointer = word(record, 5),
		.bytes = bytes,
	};

	if (finder == NULL || !has_tables(record->stream->recording)) {
		return stack_of_caller(record, copy.caller);
	}
	copy.size = join_pieces(record, bytes);
	return finder->of_copy(finder->context, origin_of(record), &copy);
}

/* ---- events ---- */

static void put_alloc(const struct record *record, enum ctrace_memory_shape shape)
{
	struct ctrace_alloc_event event = {.address = word(record, 0), .size = word(record, 1)};

	if (shape == CTRACE_MEMORY_OWN) {
		event.pool = word(record, 2);
		event.stack = record->known;
	} else if (shape == CTRACE_MEMORY_CALLER) {
		event.stack = stack_of_caller(record, word(record, 2));
	} else {
		event.weight = word(record, 2);
		event.stack = stack_of_copy(record);
	}
	ctrace_block_alloc(&record->stream->block, record->ticks, &event);
}

static void put_realloc(const struct record *record)
{
	const struct ctrace_realloc_event event = {
		.from = word(record, 0),
		.to = word(record, 1),
		.size = word(record, 2),
		.stack = stack_of_caller(record, word(record, 3)),
	};

	ctrace_block_realloc(&record->stream->block, record->ticks, &event);
}

void ctrace_stream_memory(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			  const struct ctrace_entry *entry, uint32_t known, uint64_t ticks)
{
	const struct record record = {
		.stream = stream, .stretch = stretch, .known = known, .ticks = ticks};
	enum ctrace_memory_shape shape =
		ctrace_memory_shape(entry->kind, entry->arg_types, entry->arg_count);

	switch (shape) {
	case CTRACE_MEMORY_FREE:
		ctrace_block_free(&stream->block, ticks, word(&record, 0), 0);
		return;
	case CTRACE_MEMORY_FREE_OWN:
		ctrace_block_free(&stream->block, ticks, word(&record, 0), word(&record, 1));
		return;
	case CTRACE_MEMORY_REALLOC:
		put_realloc(&record);
		return;
	case CTRACE_MEMORY_POOL:
		ctrace_block_pool(&stream->block, ticks, word(&record, 0), word(&record, 1),
				  (int64_t)word(&record, 2), known);
		return;
	case CTRACE_MEMORY_NONE:
		return;
	default:
		put_alloc(&record, shape);
		return;
	}
}

uint32_t ctrace_stream_learn_memory(struct ctrace_recording *recording,
				    const struct ctrace_entry *entry)
{
	const struct ctrace_stack_finder *finder = recording->finder;

	if (!has_tables(recording)) {
		return 0;
	}
	switch (ctrace_memory_shape(entry->kind, entry->arg_types, entry->arg_count)) {
	case CTRACE_MEMORY_POOL:
		return ctrace_writer_string(&recording->writer, entry->name.bytes,
					    entry->name.size);
	case CTRACE_MEMORY_OWN:
		return finder != NULL ? finder->of_site(finder->context, entry)
				      : ctrace_plain_stack_of_site(&recording->plain_stacks,
								   &recording->writer, entry);
	default:
		return 0;
	}
}
