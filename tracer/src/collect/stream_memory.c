/* SPDX-License-Identifier: MIT */

/* Records of memory to events; their shapes are in memory_shape.h. */

#include "format/alloc_events.h"
#include "tracer/src/collect/stream.h"
#include "tracer/src/ring/ring_record.h"
#include "tracer/src/sites/memory_shape.h"

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

/* ---- events ---- */

static void put_alloc(const struct record *record, enum ctrace_memory_shape shape)
{
	struct ctrace_alloc_event event = {.address = word(record, 0), .size = word(record, 1)};

	if (shape == CTRACE_MEMORY_OWN) {
		event.pool = word(record, 2);
		event.stack = record->known;
	} else if (shape == CTRACE_MEMORY_CALLER) {
		event.stack = ctrace_stream_stack_of_caller(record->stream, word(record, 2));
	} else if (shape == CTRACE_MEMORY_KNOWN || shape == CTRACE_MEMORY_TOLD) {
		event.stack = ctrace_stream_stack_of_number(record->stream, record->stretch, 2,
							    shape == CTRACE_MEMORY_TOLD);
	} else {
		event.weight = word(record, 2);
		event.stack = ctrace_stream_stack_of_number(record->stream, record->stretch,
							    CTRACE_MEMORY_STACK_LEAD, true);
	}
	ctrace_block_alloc(&record->stream->block, record->ticks, &event);
}

static void put_realloc(const struct record *record, enum ctrace_memory_shape shape)
{
	struct ctrace_realloc_event event = {
		.from = word(record, 0), .to = word(record, 1), .size = word(record, 2)};

	if (shape == CTRACE_MEMORY_REALLOC) {
		event.stack = ctrace_stream_stack_of_caller(record->stream, word(record, 3));
	} else {
		event.stack = ctrace_stream_stack_of_number(record->stream, record->stretch, 3,
							    shape == CTRACE_MEMORY_REALLOC_TOLD);
	}
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
	case CTRACE_MEMORY_REALLOC_KNOWN:
	case CTRACE_MEMORY_REALLOC_TOLD:
		put_realloc(&record, shape);
		return;
	case CTRACE_MEMORY_POOL:
		ctrace_block_pool(&stream->block, ticks, word(&record, 0), word(&record, 1),
				  (int64_t)word(&record, 2), known);
		return;
	case CTRACE_MEMORY_NONE:
	case CTRACE_MEMORY_LOCK_STACK:
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

	if (!ctrace_recording_has_tables(recording)) {
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
